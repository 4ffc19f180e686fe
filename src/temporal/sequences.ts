// Hands out the numbers of equal requests, so that each takes the next free one and leaves none out. What this process
// remembers is a guess, which costs nothing while it is right; whether a number is free Temporal alone decides.

/** Kinds of equal requests that are remembered: a few megabytes at most. */
const MAX_KNOWN = 10_000;

/** Whether a number is taken. */
type IsTaken = (sequence: number) => Promise<boolean>;

export class Sequences {
  readonly #maxKnown: number;
  /** The next number, by what the equal requests have in common; the most recently used last. */
  readonly #next = new Map<string, number>();
  readonly #searches = new Map<string, Promise<number>>();

  constructor(maxKnown = MAX_KNOWN) {
    this.#maxKnown = maxKnown;
  }

  take(kind: string): number {
    const sequence = this.#next.get(kind) ?? 0;
    this.#remember(kind, sequence + 1);
    return sequence;
  }

  /** A number that was taken here was not used, as far as anybody knows: it is the next one again. */
  giveBack(kind: string, sequence: number): void {
    this.#remember(kind, Math.min(sequence, this.#next.get(kind) ?? sequence));
  }

  /** Another process has been ahead: looks how far, once for all who ask at the same time, and takes the next number. */
  async takeAfter(kind: string, taken: number, isTaken: IsTaken): Promise<number> {
    let search = this.#searches.get(kind);
    if (!search) {
      search = firstFree(isTaken, taken + 1).finally(() => this.#searches.delete(kind));
      this.#searches.set(kind, search);
    }
    const free = await search;
    this.#remember(kind, Math.max(free, this.#next.get(kind) ?? 0));
    return this.take(kind);
  }

  #remember(kind: string, next: number): void {
    this.#next.delete(kind);
    this.#next.set(kind, next);
    const oldest = this.#next.size > this.#maxKnown ? this.#next.keys().next() : null;
    if (oldest && !oldest.done) this.#next.delete(oldest.value);
  }
}

/** The first number from `from` on that is free, where all before it are taken; asks a logarithm of their count. */
export async function firstFree(isTaken: IsTaken, from = 0): Promise<number> {
  let low = from;
  let step = 1;
  while (await isTaken(low + step - 1)) {
    low += step;
    step *= 2;
  }
  let high = low + step - 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await isTaken(middle)) low = middle + 1;
    else high = middle;
  }
  return high;
}
