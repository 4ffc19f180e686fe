// Calls under way in this process, by run of their workflow: a cancel that starts here need not wait for Temporal's heartbeats.

export class InFlightCalls {
  readonly #calls = new Map<string, { readonly controller: AbortController; users: number }>();

  /** The signal of a call that begins; each needs one `leave` when it ends. */
  signalFor(runId: string): AbortSignal {
    const call = this.#calls.get(runId) ?? { controller: new AbortController(), users: 0 };
    call.users++;
    this.#calls.set(runId, call);
    return call.controller.signal;
  }

  leave(runId: string, signal: AbortSignal): void {
    const call = this.#calls.get(runId);
    // After an abort another generation of calls may have begun of the same run.
    if (call?.controller.signal !== signal) return;
    call.users--;
    if (call.users === 0) this.#calls.delete(runId);
  }

  /** Ends the calls of a run that are under way now; those of a replay are another run's. */
  abort(runId: string): void {
    this.#calls.get(runId)?.controller.abort();
    this.#calls.delete(runId);
  }
}
