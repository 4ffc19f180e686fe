// What a person should know of, once and not a thousand times: for the log, the metrics and the webhook.

import type { Alert } from '../domain/health.ts';

export class Alerts {
  readonly #repeatAfterMs: number;
  readonly #now: () => number;
  readonly #onAlert: (alert: Alert) => void;
  /** By type and subject. */
  readonly #raisedAtMs = new Map<string, number>();

  constructor(options: {
    readonly repeatAfterMs: number;
    /** @default Date.now */
    readonly now?: () => number;
    readonly onAlert: (alert: Alert) => void;
  }) {
    const { repeatAfterMs, now = Date.now, onAlert } = options;
    this.#repeatAfterMs = repeatAfterMs;
    this.#now = now;
    this.#onAlert = onAlert;
  }

  raise(type: Alert['type'], subject: string, message: string): void {
    const atMs = this.#now();
    const key = `${type} ${subject}`;
    const lastMs = this.#raisedAtMs.get(key);
    if (lastMs !== undefined && atMs - lastMs < this.#repeatAfterMs) return;
    if (this.#raisedAtMs.size >= MAX_REMEMBERED) this.#forgetOld(atMs);
    this.#raisedAtMs.set(key, atMs);
    this.#onAlert({ type, subject, message, atMs, repeatAfterMs: this.#repeatAfterMs });
  }

  #forgetOld(nowMs: number): void {
    for (const [key, atMs] of this.#raisedAtMs) {
      if (nowMs - atMs >= this.#repeatAfterMs) this.#raisedAtMs.delete(key);
    }
    // Clients may call models by any name: the oldest go first.
    for (const key of this.#raisedAtMs.keys()) {
      if (this.#raisedAtMs.size < MAX_REMEMBERED) return;
      this.#raisedAtMs.delete(key);
    }
  }
}

const MAX_REMEMBERED = 1_000;
