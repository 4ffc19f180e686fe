// Calls under way in this process, by workflow: a cancel that starts here need not wait for Temporal's heartbeats.

export class InFlightCalls {
  readonly #calls = new Map<string, { readonly controller: AbortController; users: number }>();

  /** The signal of a call that begins; each needs one `leave` when it ends. */
  signalFor(workflowId: string): AbortSignal {
    const call = this.#calls.get(workflowId) ?? { controller: new AbortController(), users: 0 };
    call.users++;
    this.#calls.set(workflowId, call);
    return call.controller.signal;
  }

  leave(workflowId: string, signal: AbortSignal): void {
    const call = this.#calls.get(workflowId);
    // After an abort another generation of calls may have begun under the same id.
    if (call?.controller.signal !== signal) return;
    call.users--;
    if (call.users === 0) this.#calls.delete(workflowId);
  }

  /** Ends the calls of a workflow that are under way now; later ones, after a replay, are not touched. */
  abort(workflowId: string): void {
    this.#calls.get(workflowId)?.controller.abort();
    this.#calls.delete(workflowId);
  }
}
