// Lets so many starts reach Temporal at once as it can answer in time; the others queue here, where nothing has been
// sent yet and nothing is in doubt. Knows nothing of what is started.

import { isUnreachable } from './deadline.ts';

/** Thrown to those who were still in the queue when Temporal went away: their start was never sent. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
}

interface Waiting {
  readonly go: () => void;
  readonly turnAway: (reason: NotSent) => void;
}

export class StartGate {
  readonly #maxInFlight: number;
  readonly #queue: Waiting[] = [];
  #inFlight = 0;

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight;
  }

  async run<T>(start: () => Promise<T>): Promise<T> {
    if (this.#inFlight >= this.#maxInFlight) {
      await new Promise<void>((go, turnAway) => {
        this.#queue.push({ go, turnAway });
      });
    } else this.#inFlight += 1;
    try {
      return await start();
    } catch (error) {
      if (isUnreachable(error)) this.#turnAllAway();
      throw error;
    } finally {
      this.#leave();
    }
  }

  /** The place goes to the next in line. */
  #leave(): void {
    const next = this.#queue.shift();
    if (next) next.go();
    else this.#inFlight -= 1;
  }

  #turnAllAway(): void {
    for (const { turnAway } of this.#queue.splice(0))
      turnAway(new NotSent('Temporal went away before the start was sent.'));
  }
}
