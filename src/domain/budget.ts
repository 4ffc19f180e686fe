// The rate budget of a provider: its limits, one worker's share of them, and what the provider itself says is left.
// Plain data; `src/health/budgets.ts` keeps it. The counting is in `minute-count.ts`, the throttling in `allowance.ts`.

/** As configured, for the whole service; one left out is no limit. */
export interface ProviderLimits {
  /** Calls in flight at once. */
  readonly maxConcurrent?: number;
  /** Calls begun in any minute. */
  readonly requestsPerMinute?: number;
  /** Tokens of calls begun in any minute, input and output; estimated before a call, corrected after it. */
  readonly tokensPerMinute?: number;
}

/** Where a provider's budget stands, in one process or, summed, in all. */
export interface BudgetView {
  readonly inFlight: number;
  /** Calls that wait for their turn. */
  readonly depth: number;
  /** How long a call that came now would wait, as far as can be told. */
  readonly waitMs: number;
  /** Calls in flight that are allowed now: less than the limit while the provider is degraded. Null: no limit. */
  readonly allowance: number | null;
}

/** One worker's part of the limits: it is number `index`, from 0, of `count`. */
export interface Share {
  readonly index: number;
  readonly count: number;
}

/** The limits for one worker: those of all workers add up to the whole. What cannot be divided goes to the lowest indices. */
export function shareOf(limits: ProviderLimits, share: Share | null): ProviderLimits {
  return Object.fromEntries(
    Object.entries(limits).map(([name, limit]: [string, number]) => [name, part(limit, share)]),
  );
}

function part(limit: number, share: Share | null): number {
  if (share === null) return 0;
  return Math.floor(limit / share.count) + (share.index < limit % share.count ? 1 : 0);
}

/** What a provider's answer says of its own limits; null where it says nothing. */
export interface RateHeaders {
  readonly limitRequests: number | null;
  readonly remainingRequests: number | null;
  readonly resetRequestsMs: number | null;
  readonly limitTokens: number | null;
  readonly remainingTokens: number | null;
  readonly resetTokensMs: number | null;
}

/** What the provider said is left of one of its limits, less what has begun since. It holds until `untilMs`. */
export interface RateLeft {
  readonly left: number;
  readonly untilMs: number;
  /** When it was said: answers that end later may have said it earlier. */
  readonly saidAtMs: number;
}

/** What is known after an answer: its word, if it says when it ends, and is news. */
export function leftAfter(
  known: RateLeft | null,
  told: { readonly remaining: number | null; readonly resetMs: number | null; readonly saidAtMs: number },
): RateLeft | null {
  const { remaining, resetMs, saidAtMs } = told;
  if (remaining === null || resetMs === null || (known && known.saidAtMs > saidAtMs)) return known;
  return { left: remaining, untilMs: saidAtMs + Math.min(resetMs, LONGEST_PAUSE_MS), saidAtMs };
}

export function leftWithout(known: RateLeft | null, amount: number): RateLeft | null {
  return known && { ...known, left: known.left - amount };
}

/** When so much more may begin: now, or when the limit is there again. */
export function leftAtMs(known: RateLeft | null, amount: number, nowMs: number): number {
  return known && nowMs < known.untilMs && known.left < amount ? known.untilMs : nowMs;
}

/** After so long a provider is asked again whatever it said: a nonsensical hint must not stop it until a restart. */
export const LONGEST_PAUSE_MS = 60 * 60_000;
