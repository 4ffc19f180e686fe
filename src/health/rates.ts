// What time alone gives back to a provider's calls: this worker's part of the limits of a minute, what the provider
// says is left, and its pauses. The clock is the caller's.

import { LONGEST_PAUSE_MS, leftAfter, leftAtMs, leftWithout } from '../domain/budget.ts';
import type { ProviderLimits, RateHeaders, RateLeft } from '../domain/budget.ts';
import { corrected, counted, type MinuteCount, roomAtMs } from '../domain/minute-count.ts';

export class Rates {
  #part: ProviderLimits;
  #requests: MinuteCount = [];
  #tokens: MinuteCount = [];
  #requestsLeft: RateLeft | null = null;
  #tokensLeft: RateLeft | null = null;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  /** `part`: of the limits, this worker's; not 0. */
  constructor(part: ProviderLimits) {
    this.#part = part;
  }

  /** Whoever had before what this worker gains may have used it up: the gain counts as used for a minute. */
  setPart(part: ProviderLimits, atMs: number): void {
    const requestsGain = (part.requestsPerMinute ?? 0) - (this.#part.requestsPerMinute ?? 0);
    const tokensGain = (part.tokensPerMinute ?? 0) - (this.#part.tokensPerMinute ?? 0);
    if (requestsGain > 0) this.#requests = counted(this.#requests, { atMs, amount: requestsGain });
    if (tokensGain > 0) this.#tokens = counted(this.#tokens, { atMs, amount: tokensGain });
    this.#part = part;
  }

  /** What a call of so many tokens waits for: never for more than the whole part, or it would wait for ever. */
  toFit(tokens: number): number {
    return Math.min(tokens, this.#part.tokensPerMinute ?? tokens);
  }

  /** When the last of so much may begin. */
  freeAtMs(wanted: { readonly calls: number; readonly tokens: number }, nowMs: number): number {
    const { calls, tokens } = wanted;
    const { requestsPerMinute, tokensPerMinute } = this.#part;
    let atMs = Math.max(nowMs, this.#pausedUntilMs);
    atMs = Math.max(atMs, leftAtMs(this.#requestsLeft, calls, nowMs), leftAtMs(this.#tokensLeft, tokens, nowMs));
    if (requestsPerMinute !== undefined) {
      atMs = Math.max(atMs, roomAtMs(this.#requests, { amount: calls, limit: requestsPerMinute, nowMs }));
    }
    if (tokensPerMinute !== undefined) {
      atMs = Math.max(atMs, roomAtMs(this.#tokens, { amount: tokens, limit: tokensPerMinute, nowMs }));
    }
    return atMs;
  }

  began({ tokens, atMs }: { readonly tokens: number; readonly atMs: number }): void {
    const { requestsPerMinute, tokensPerMinute } = this.#part;
    if (requestsPerMinute !== undefined) this.#requests = counted(this.#requests, { atMs, amount: 1 });
    if (tokensPerMinute !== undefined) this.#tokens = counted(this.#tokens, { atMs, amount: tokens });
    this.#requestsLeft = leftWithout(this.#requestsLeft, 1);
    this.#tokensLeft = leftWithout(this.#tokensLeft, tokens);
  }

  /** Counts a call by the tokens it has used, in place of the estimate. */
  used(call: { readonly beganAtMs: number; readonly estimated: number; readonly tokens: number }): void {
    this.#tokens = corrected(this.#tokens, { atMs: call.beganAtMs, amount: call.tokens - call.estimated });
  }

  /** What the provider said before it was out has no meaning after it. */
  forgetSaid(): void {
    this.#requestsLeft = null;
    this.#tokensLeft = null;
    this.#pausedUntilMs = Number.NEGATIVE_INFINITY;
  }

  pause(nowMs: number, forMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, nowMs + Math.min(forMs, LONGEST_PAUSE_MS));
  }

  learn(rate: RateHeaders, saidAtMs: number): void {
    const { remainingRequests, resetRequestsMs, remainingTokens, resetTokensMs } = rate;
    const requests = { remaining: remainingRequests, resetMs: resetRequestsMs, saidAtMs };
    const tokens = { remaining: remainingTokens, resetMs: resetTokensMs, saidAtMs };
    this.#requestsLeft = leftAfter(this.#requestsLeft, requests);
    this.#tokensLeft = leftAfter(this.#tokensLeft, tokens);
  }

  /** Something the provider said still holds. */
  holdsWord(nowMs: number): boolean {
    const untilMs = [this.#pausedUntilMs, this.#requestsLeft?.untilMs ?? 0, this.#tokensLeft?.untilMs ?? 0];
    return Math.max(...untilMs) > nowMs;
  }
}
