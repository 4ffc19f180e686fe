// The clocks of one attempt: first token, silence between tokens, the whole attempt, and a cancel from outside.

export type StopReason = 'timeout' | 'first-token-timeout' | 'stalled' | 'cancelled';

/** One timer for all three limits: it looks when one may have passed, so a token costs no more than a time stamp. */
export class AttemptWatch {
  firstTokenMs: number | null = null;
  /** Why the attempt was stopped, when it was. */
  stopReason: StopReason | null = null;
  readonly #limits: AttemptLimits;
  readonly #stop = new AbortController();
  readonly #cancelSignals: readonly AbortSignal[];
  readonly #startedAt = performance.now();
  #lastTokenAt = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(limits: AttemptLimits, cancelSignals: readonly AbortSignal[]) {
    this.#limits = limits;
    this.#cancelSignals = cancelSignals;
    for (const signal of cancelSignals) signal.addEventListener('abort', this.#onCancel);
    if (cancelSignals.some((signal) => signal.aborted)) this.#onCancel();
    else this.#look();
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get durationMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  readonly token = (): void => {
    this.#lastTokenAt = performance.now();
    if (this.firstTokenMs !== null) return;
    this.firstTokenMs = Math.round(this.#lastTokenAt - this.#startedAt);
    // The timer stands at the first-token limit, which may be far later than a stall from now.
    this.#look();
  };

  end(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    for (const signal of this.#cancelSignals) signal.removeEventListener('abort', this.#onCancel);
  }

  readonly #onCancel = (): void => this.#stopBecause('cancelled');

  #look(): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.stopReason) return;
    const { attemptTimeoutMs, firstTokenTimeoutMs, stallTimeoutMs } = this.#limits;
    const now = performance.now();
    const endsAt = this.#startedAt + attemptTimeoutMs;
    const silentAt =
      this.firstTokenMs === null ? this.#startedAt + firstTokenTimeoutMs : this.#lastTokenAt + stallTimeoutMs;
    if (now >= endsAt) this.#stopBecause('timeout');
    else if (now >= silentAt) this.#stopBecause(this.firstTokenMs === null ? 'first-token-timeout' : 'stalled');
    else this.#timer = setTimeout(() => this.#look(), Math.max(1, Math.ceil(Math.min(endsAt, silentAt) - now)));
  }

  #stopBecause(reason: StopReason): void {
    if (this.stopReason) return;
    this.stopReason = reason;
    this.end();
    this.#stop.abort(new Error(`The attempt was stopped: ${reason}.`));
  }
}

export interface AttemptLimits {
  readonly attemptTimeoutMs: number;
  readonly firstTokenTimeoutMs: number;
  readonly stallTimeoutMs: number;
}
