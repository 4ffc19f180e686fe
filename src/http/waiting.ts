// The clients that wait on a line: each has a place, which ends when the client goes away or the service shuts down.
// Knows nothing of inferences.

import type { ServerResponse } from 'node:http';

export interface Place {
  /** Aborts when there is no reason to wait any longer. */
  readonly signal: AbortSignal;
  /** The client went away before it was answered. */
  readonly isAbandoned: boolean;
  leave(): void;
}

export class Waiting {
  readonly #places = new Set<AbortController>();
  #isShuttingDown = false;

  get isShuttingDown(): boolean {
    return this.#isShuttingDown;
  }

  /** From now on nobody waits: all who do are let go, and whoever disconnects then cancels nothing. */
  beginShutdown(): void {
    this.#isShuttingDown = true;
    for (const place of this.#places) place.abort();
  }

  enter(response: ServerResponse): Place {
    const abort = new AbortController();
    let isAbandoned = false;
    // `close` also follows an answer that was sent; `leave` comes before that.
    const onClose = () => {
      isAbandoned = true;
      abort.abort();
    };
    if (response.destroyed) onClose();
    else response.once('close', onClose);
    this.#places.add(abort);
    if (this.#isShuttingDown) abort.abort();
    return {
      signal: abort.signal,
      get isAbandoned() {
        return isAbandoned;
      },
      leave: () => {
        response.removeListener('close', onClose);
        this.#places.delete(abort);
      },
    };
  }
}
