// Hands out the numbers of equal requests, so that each takes the next free one and leaves none out. What this process
// remembers is a guess, which costs nothing while it is right; whether a number is free Temporal alone decides.

/** Kinds of equal requests that are remembered: a few megabytes at most. */
const MAX_KNOWN = 10_000;

/** Whether a number is taken. */
type IsTaken = (sequence: number) => Promise<boolean>;

interface Known {
  next: number;
  /** Numbers below it that were given back. */
  readonly unused: number[];
}

export class Sequences {
  readonly #maxKnown: number;
  /** By what the equal requests have in common; the most recently used last. */
  readonly #known = new Map<string, Known>();
  readonly #searches = new Map<string, Promise<number>>();

  constructor(maxKnown = MAX_KNOWN) {
    this.#maxKnown = maxKnown;
  }

  take(kind: string): number {
    const known = this.#recall(kind);
    return known.unused.shift() ?? known.next++;
  }

  /** A number that was taken here was not used, as far as anybody knows: it goes to the next request, to leave no hole. */
  giveBack(kind: string, sequence: number): void {
    const { unused } = this.#recall(kind);
    unused.push(sequence);
    unused.sort((a, b) => a - b);
  }

  /** Another process has been ahead: looks how far, once for all who ask at the same time, and takes the next number. */
  async takeAfter(kind: string, taken: number, isTaken: IsTaken): Promise<number> {
    let search = this.#searches.get(kind);
    if (!search) {
      search = firstFree(isTaken, taken + 1).finally(() => this.#searches.delete(kind));
      this.#searches.set(kind, search);
    }
    const free = await search;
    const known = this.#recall(kind);
    known.next = Math.max(free, known.next);
    return this.take(kind);
  }

  #recall(kind: string): Known {
    const known = this.#known.get(kind) ?? { next: 0, unused: [] };
    this.#known.delete(kind);
    this.#known.set(kind, known);
    const oldest = this.#known.size > this.#maxKnown ? this.#known.keys().next() : null;
    if (oldest && !oldest.done) this.#known.delete(oldest.value);
    return known;
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
