// THE failure table: what each kind of failure means for retrying, failing over, waiting and the HTTP answer.
// No status code and no failure kind is interpreted anywhere else.

export type FailureKind =
  | 'rate-limited'
  | 'quota-exhausted'
  | 'overloaded'
  | 'server-error'
  | 'timeout'
  | 'first-token-timeout'
  | 'stalled'
  | 'connection'
  | 'auth'
  | 'model-not-found'
  | 'invalid-request'
  | 'unsupported'
  | 'context-too-long'
  | 'content-filtered'
  | 'refused'
  | 'truncated'
  | 'empty'
  | 'malformed'
  | 'schema-invalid'
  | 'expectation-failed'
  | 'breaker-open'
  | 'not-configured'
  | 'cancelled'
  | 'worker-lost'
  | 'unknown';

export interface FailureRule {
  /** Further attempts at the same target, before `maxAttemptsPerTarget` caps them. */
  readonly retries: 0 | 1 | 2;
  /** Shortest wait before such an attempt, when the provider names none; doubles per attempt. */
  readonly backoffMs: number;
  /**
   * What is done for: `attempt` nothing beyond it; `target` this provider and model; `provider` all targets of the
   * provider in this round; `window` every target whose known context window is no larger; `inference` no target
   * would do better; `policy` the model's `onRefusal` decides between `target` and `inference`.
   */
  readonly ends: 'attempt' | 'target' | 'provider' | 'window' | 'inference' | 'policy';
  /** The reason can pass by itself, so an inference may wait for it (`onExhausted: wait`). */
  readonly canPass: boolean;
  /** The provider has no room now: when all targets say so, the client may come back (`503`), instead of a `502`. */
  readonly isShortage?: true;
  /**
   * What it tells of the target's health: as `Told` in `breaker.ts`, or `account`: all targets of the provider are out.
   */
  readonly tells: 'fault' | 'alive' | 'crowded' | 'nothing' | 'account';
  /** An answer came, and it was not good: it counts against the target's quality. */
  readonly isPoor?: true;
}

export const failureTable: Readonly<Record<FailureKind, FailureRule>> = {
  'rate-limited': { retries: 2, backoffMs: 1_000, ends: 'attempt', canPass: true, tells: 'crowded', isShortage: true },
  'quota-exhausted': { retries: 0, backoffMs: 0, ends: 'provider', canPass: true, tells: 'account' },
  overloaded: { retries: 2, backoffMs: 5_000, ends: 'attempt', canPass: true, tells: 'fault', isShortage: true },
  'server-error': { retries: 2, backoffMs: 1_000, ends: 'attempt', canPass: true, tells: 'fault' },
  timeout: { retries: 1, backoffMs: 1_000, ends: 'attempt', canPass: true, tells: 'fault' },
  'first-token-timeout': { retries: 0, backoffMs: 0, ends: 'target', canPass: true, tells: 'fault' },
  stalled: { retries: 0, backoffMs: 0, ends: 'target', canPass: true, tells: 'fault' },
  connection: { retries: 2, backoffMs: 1_000, ends: 'attempt', canPass: true, tells: 'fault' },
  auth: { retries: 0, backoffMs: 0, ends: 'provider', canPass: true, tells: 'account' },
  'model-not-found': { retries: 0, backoffMs: 0, ends: 'target', canPass: false, tells: 'alive' },
  'invalid-request': { retries: 0, backoffMs: 0, ends: 'inference', canPass: false, tells: 'alive' },
  unsupported: { retries: 0, backoffMs: 0, ends: 'target', canPass: false, tells: 'alive' },
  'context-too-long': { retries: 0, backoffMs: 0, ends: 'window', canPass: false, tells: 'alive' },
  'content-filtered': { retries: 0, backoffMs: 0, ends: 'policy', canPass: false, tells: 'alive' },
  refused: { retries: 0, backoffMs: 0, ends: 'policy', canPass: false, tells: 'alive' },
  truncated: { retries: 0, backoffMs: 0, ends: 'target', canPass: false, tells: 'alive', isPoor: true },
  empty: { retries: 1, backoffMs: 500, ends: 'attempt', canPass: false, tells: 'fault', isPoor: true },
  malformed: { retries: 1, backoffMs: 500, ends: 'attempt', canPass: false, tells: 'fault', isPoor: true },
  'schema-invalid': { retries: 1, backoffMs: 500, ends: 'attempt', canPass: false, tells: 'alive', isPoor: true },
  'expectation-failed': { retries: 1, backoffMs: 500, ends: 'attempt', canPass: false, tells: 'alive', isPoor: true },
  'breaker-open': { retries: 0, backoffMs: 0, ends: 'target', canPass: true, tells: 'nothing', isShortage: true },
  'not-configured': { retries: 0, backoffMs: 0, ends: 'provider', canPass: true, tells: 'nothing' },
  cancelled: { retries: 0, backoffMs: 0, ends: 'inference', canPass: false, tells: 'nothing' },
  'worker-lost': { retries: 2, backoffMs: 500, ends: 'attempt', canPass: true, tells: 'nothing' },
  unknown: { retries: 1, backoffMs: 1_000, ends: 'attempt', canPass: false, tells: 'fault' },
};

/** A failed attempt, as a classifier or the answer's judge sees it. */
export interface CallFailure {
  readonly kind: FailureKind;
  /** One sentence of ours; never a prompt, an answer or a key. */
  readonly message: string;
  /** The provider's own words, for the client and the encrypted details only. */
  readonly providerMessage?: string;
  /** HTTP status of the provider's answer, when there was one. */
  readonly status?: number;
  /** The request's parameter that the provider names as the fault. */
  readonly param?: string;
  /** The provider's hint: do not come back before so many milliseconds. */
  readonly retryAfterMs?: number;
  /** False when this very fault cannot pass by waiting, although its kind can (a request larger than the limit). */
  readonly isRetryable?: boolean;
  /** True when the same target may well do it asked in another way, although its kind is not retried. */
  readonly isReaskable?: true;
}

export type RetryDecision = { readonly retry: true; readonly delayMs: number } | { readonly retry: false };

/**
 * Whether the same target gets another attempt, and after how long.
 *
 * @param attempt the attempt that failed, from 1
 * @param leftMs what is left of the call's budget
 * @param jitter uniform in [0, 1)
 */
export function decideRetry(input: {
  readonly failure: CallFailure;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly leftMs: number;
  readonly jitter: number;
}): RetryDecision {
  const { failure, attempt, maxAttempts, leftMs, jitter } = input;
  const rule = failureTable[failure.kind];
  const retries = Math.max(rule.retries, failure.isReaskable ? 1 : 0);
  if (failure.isRetryable === false || attempt > retries || attempt >= maxAttempts) return { retry: false };
  const backoffMs = Math.min(rule.backoffMs * 2 ** (attempt - 1), MAX_BACKOFF_MS);
  // A hint is a promise of the provider: coming earlier only costs another refusal. Without one, equal jitter.
  const delayMs = Math.round(failure.retryAfterMs ?? backoffMs * (0.5 + jitter / 2));
  return delayMs + MIN_ATTEMPT_MS <= leftMs ? { retry: true, delayMs } : { retry: false };
}

const MAX_BACKOFF_MS = 60_000;
/** An attempt with less time than this is not worth starting. */
export const MIN_ATTEMPT_MS = 500;
