// The rate budget of a provider: what is known and shown of it. Plain data; `src/health/budgets.ts` keeps it.

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
