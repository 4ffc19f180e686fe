// One provider's budget in this worker: the line of waiting calls and the calls in flight. How much is allowed is
// computed in src/domain; a timer is there only while somebody waits.

import { type Allowance, NOT_DEGRADED, reduceAllowance } from '../domain/allowance.ts';
import type { Told } from '../domain/breaker.ts';
import { type BudgetView, type ProviderLimits, type RateHeaders, type Share, shareOf } from '../domain/budget.ts';
import { Rates } from './rates.ts';

export interface WaitingCall {
  /** As estimated, input and output. One larger than this worker's share of the limit goes when no other counts. */
  readonly tokens: number;
  readonly waitLimitMs: number;
  readonly signals?: readonly AbortSignal[];
}

export type Entry =
  | { readonly type: 'entered'; readonly turn: Turn }
  | { readonly type: 'full'; readonly retryAfterMs: number }
  | { readonly type: 'aborted' };

/** A place in flight. */
export interface Turn {
  readonly waitedMs: number;
  /** Frees the place; only the first time. */
  leave(end: TurnEnd): void;
}

export interface TurnEnd {
  readonly told: Told;
  /** What the call has cost in all, in place of the estimate; null: not known, the estimate stays. */
  readonly usedTokens: number | null;
  /** Of a `crowded` provider: no call begins for so long. */
  readonly retryAfterMs?: number;
  readonly rate?: RateHeaders | null;
  /** How long ago `rate` was said: it comes before the answer. @default 0 */
  readonly rateAgeMs?: number;
}

interface Waiter {
  readonly tokens: number;
  readonly sinceMs: number;
  readonly deadlineMs: number;
  readonly settle: (entry: Entry) => void;
}

export class ProviderBudget {
  readonly #limits: ProviderLimits;
  readonly #hasLimits: boolean;
  readonly #now: () => number;
  readonly #onForgettable: () => void;
  readonly #rates: Rates;
  readonly #waiting = new Set<Waiter>();
  /** This worker's of the limits; all are 0 while it is held back. */
  #part: ProviderLimits;
  #inFlight = 0;
  #allowance: Allowance = NOT_DEGRADED;
  /** Of recent calls; 0 before the first. */
  #usualMs = 0;
  #usualTokens = 0;
  #wakeTimer: NodeJS.Timeout | undefined;

  constructor(options: {
    readonly limits: ProviderLimits;
    readonly now: () => number;
    /** Nobody is in it, and nothing is known that the next call would need. */
    readonly onForgettable: () => void;
  }) {
    const { limits } = options;
    this.#limits = limits;
    this.#hasLimits = Object.keys(limits).length > 0;
    this.#part = limits;
    this.#rates = new Rates(limits);
    this.#now = options.now;
    this.#onForgettable = options.onForgettable;
  }

  enter(call: WaitingCall): Promise<Entry> {
    const { tokens, waitLimitMs } = call;
    if (this.#isHeldBack) return Promise.resolve(full(0));
    const nowMs = this.#now();
    if (this.#waiting.size === 0 && this.#hasPlace && this.#freeAtMs(tokens, nowMs) <= nowMs) {
      return Promise.resolve(this.#entered({ tokens, sinceMs: nowMs }, nowMs));
    }
    const waitMs = this.#estimateMs(tokens, nowMs);
    if (waitLimitMs <= 0 || waitMs > waitLimitMs) return Promise.resolve(full(waitMs));
    return this.#wait(call, nowMs);
  }

  setShare(share: Share | null): void {
    this.#part = shareOf(this.#limits, share);
    // Held back it loses nothing for good: it may be given back what it had.
    if (share) this.#rates.setPart(this.#part, this.#now());
    this.#serve();
  }

  slowStart(): void {
    const event = { type: 'returned', atMs: this.#now(), inFlight: this.#inFlight } as const;
    this.#allowance = reduceAllowance(this.#allowance, event);
    this.#rates.forgetSaid();
  }

  waitMs(): number {
    return this.#isHeldBack ? RETRY_MS : this.#estimateMs(this.#usualTokens, this.#now());
  }

  view(): BudgetView | null {
    const waitMs = this.waitMs();
    const allowance = Number.isFinite(this.#places) ? this.#places : null;
    if (!this.#hasLimits && allowance === null && this.#waiting.size === 0 && waitMs === 0) return null;
    return { inFlight: this.#inFlight, depth: this.#waiting.size, waitMs, allowance };
  }

  #wait(call: WaitingCall, nowMs: number): Promise<Entry> {
    const { tokens, waitLimitMs, signals = [] } = call;
    return new Promise((resolve) => {
      const settle = (entry: Entry): void => {
        this.#waiting.delete(waiter);
        clearTimeout(limitTimer);
        for (const signal of signals) signal.removeEventListener('abort', abort);
        resolve(entry);
      };
      const waiter: Waiter = { tokens, sinceMs: nowMs, deadlineMs: nowMs + waitLimitMs, settle };
      // Whoever leaves the line may have been what held up those behind.
      const abort = (): void => {
        settle({ type: 'aborted' });
        this.#serve();
      };
      const giveUp = (): void => {
        this.#serve();
        if (!this.#waiting.has(waiter)) return;
        settle(full(this.#estimateMs(tokens, this.#now())));
        this.#serve();
      };
      const limitTimer = timer(giveUp, waitLimitMs);
      for (const signal of signals) signal.addEventListener('abort', abort, { once: true });
      this.#waiting.add(waiter);
      this.#serve();
    });
  }

  /** Lets in all whose turn it is, sends away who would wait in vain, and wakes up for the next. */
  #serve(): void {
    clearTimeout(this.#wakeTimer);
    this.#wakeTimer = undefined;
    const nowMs = this.#now();
    // Of the first who has to wait: nobody behind goes earlier.
    let nextAtMs: number | null = null;
    for (const waiter of this.#waiting) {
      if (this.#isHeldBack) {
        waiter.settle(full(0));
        continue;
      }
      const freeAtMs: number = nextAtMs ?? this.#freeAtMs(waiter.tokens, nowMs);
      if (waiter.deadlineMs < freeAtMs) waiter.settle(full(freeAtMs - nowMs));
      else if (freeAtMs > nowMs) nextAtMs = freeAtMs;
      else if (this.#hasPlace) waiter.settle(this.#entered(waiter, nowMs));
      else return;
    }
    if (nextAtMs !== null) this.#wakeTimer = timer(() => this.#serve(), nextAtMs - nowMs);
  }

  #entered(call: Pick<Waiter, 'tokens' | 'sinceMs'>, nowMs: number): Entry {
    const { tokens, sinceMs } = call;
    this.#inFlight += 1;
    this.#usualTokens = blended(this.#usualTokens, tokens);
    this.#rates.began({ tokens, atMs: nowMs });
    let hasLeft = false;
    const leave = (end: TurnEnd): void => {
      if (hasLeft) return;
      hasLeft = true;
      this.#leave({ tokens, beganAtMs: nowMs }, end);
    };
    return { type: 'entered', turn: { waitedMs: nowMs - sinceMs, leave } };
  }

  #leave(call: { readonly tokens: number; readonly beganAtMs: number }, end: TurnEnd): void {
    const { told, usedTokens, retryAfterMs = 0, rate = null, rateAgeMs = 0 } = end;
    const { beganAtMs, tokens: estimated } = call;
    const nowMs = this.#now();
    this.#allowance = reduceAllowance(this.#allowance, {
      type: 'ended',
      told,
      beganAtMs,
      atMs: nowMs,
      inFlight: this.#inFlight,
      waiting: this.#waiting.size,
      ceiling: this.#isHeldBack ? null : (this.#part.maxConcurrent ?? null),
    });
    this.#inFlight -= 1;
    this.#usualMs = blended(this.#usualMs, nowMs - beganAtMs);
    if (usedTokens !== null) this.#rates.used({ beganAtMs, estimated, tokens: usedTokens });
    if (told === 'crowded') this.#rates.pause(nowMs, retryAfterMs);
    if (rate) this.#rates.learn(rate, nowMs - rateAgeMs);
    this.#serve();
    if (this.#isForgettable(nowMs)) this.#onForgettable();
  }

  /** When one more call may begin, if there is a place. */
  #freeAtMs(tokens: number, nowMs: number): number {
    return this.#rates.freeAtMs({ calls: 1, tokens: this.#rates.toFit(tokens) }, nowMs);
  }

  /** How long a call would wait behind all who wait. Of places nothing is known before a first call has ended. */
  #estimateMs(tokens: number, nowMs: number): number {
    const calls = this.#waiting.size + 1;
    let allTokens = this.#rates.toFit(tokens);
    for (const waiter of this.#waiting) allTokens += this.#rates.toFit(waiter.tokens);
    const freeMs = this.#rates.freeAtMs({ calls, tokens: allTokens }, nowMs) - nowMs;
    const lacking = calls + this.#inFlight - this.#places;
    const placeMs = lacking > 0 ? (lacking * this.#usualMs) / this.#places : 0;
    return Math.ceil(Math.max(freeMs, placeMs));
  }

  get #hasPlace(): boolean {
    return this.#inFlight < this.#places;
  }

  /** Calls that may be in flight; infinite when nothing limits them. */
  get #places(): number {
    const limit = this.#part.maxConcurrent ?? Number.POSITIVE_INFINITY;
    return Math.min(limit, this.#allowance.calls ?? Number.POSITIVE_INFINITY);
  }

  /** There is nothing to wait for: this worker has no part of some limit. */
  get #isHeldBack(): boolean {
    return this.#hasLimits && Object.values(this.#part).includes(0);
  }

  #isForgettable(nowMs: number): boolean {
    if (this.#hasLimits || this.#inFlight > 0 || this.#waiting.size > 0) return false;
    return this.#allowance.calls === null && !this.#rates.holdsWord(nowMs);
  }
}

/** Of a wait that nobody can tell: soon again, and perhaps at another worker. */
const RETRY_MS = 1_000;

function full(waitMs: number): Entry {
  return { type: 'full', retryAfterMs: waitMs > 0 ? Math.ceil(waitMs) : RETRY_MS };
}

/** A mean that follows the last ten or so. */
function blended(mean: number, value: number): number {
  return mean === 0 ? value : mean + (value - mean) / 10;
}

/** One that keeps no process alive. */
function timer(run: () => void, delayMs: number): NodeJS.Timeout {
  return setTimeout(run, Math.min(Math.max(1, Math.ceil(delayMs)), LONGEST_TIMER_MS)).unref();
}

/** Node fires longer ones at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
