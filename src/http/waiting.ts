// The clients that wait on a line: each has a place, which ends when the client goes away or the service shuts down.
// Of inferences it knows only who waits for which.

import type { ServerResponse } from 'node:http';

export interface Place {
  /** Aborts when there is no reason to wait any longer. */
  readonly signal: AbortSignal;
  /** The client went away before it was answered. */
  readonly isAbandoned: boolean;
  /** From now on the client waits for this inference. */
  waitFor(id: string): void;
  /** Whatever is waited for, the client has been told all that it will be. */
  endWait(): void;
  leave(): void;
}

export class Waiting {
  readonly #places = new Set<AbortController>();
  /** How many clients wait for an inference, by its id. */
  readonly #awaited = new Map<string, number>();
  #isShuttingDown = false;

  get isShuttingDown(): boolean {
    return this.#isShuttingDown;
  }

  /** From now on nobody waits: all who do are let go, and whoever disconnects then cancels nothing. */
  beginShutdown(): void {
    this.#isShuttingDown = true;
    for (const place of this.#places) place.abort();
  }

  /** Whether a client that is still there waits for this inference. */
  isAwaited(id: string): boolean {
    return this.#awaited.has(id);
  }

  enter(response: ServerResponse): Place {
    const abort = new AbortController();
    let isAbandoned = false;
    let awaited: string | null = null;
    const giveUp = () => {
      if (awaited !== null) this.#count(awaited, -1);
      awaited = null;
    };
    // `close` also follows an answer that was sent; `leave` comes before that.
    const onClose = () => {
      isAbandoned = true;
      giveUp();
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
      waitFor: (id) => {
        if (isAbandoned) return;
        giveUp();
        awaited = id;
        this.#count(id, 1);
      },
      endWait: () => abort.abort(),
      leave: () => {
        response.removeListener('close', onClose);
        giveUp();
        this.#places.delete(abort);
      },
    };
  }

  #count(id: string, change: 1 | -1): void {
    const count = (this.#awaited.get(id) ?? 0) + change;
    if (count > 0) this.#awaited.set(id, count);
    else this.#awaited.delete(id);
  }
}
