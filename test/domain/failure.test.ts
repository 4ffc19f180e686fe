// The failure table, kind by kind: what each means for the next attempt, for other targets and for waiting.

import { describe, expect, it } from 'vitest';
import type { CallFailure, FailureKind } from '../../src/domain/failure.ts';
import { decideRetry, failureTable, MIN_ATTEMPT_MS } from '../../src/domain/failure.ts';

const LONG = 3_600_000;

/** Written down a second time on purpose: a change of the table has to be meant. */
const expected: Readonly<Record<FailureKind, { retries: number; ends: string; canPass: boolean; tells: string }>> = {
  'rate-limited': { retries: 2, ends: 'attempt', canPass: true, tells: 'crowded' },
  'quota-exhausted': { retries: 0, ends: 'provider', canPass: true, tells: 'account' },
  overloaded: { retries: 2, ends: 'attempt', canPass: true, tells: 'fault' },
  'server-error': { retries: 2, ends: 'attempt', canPass: true, tells: 'fault' },
  timeout: { retries: 1, ends: 'attempt', canPass: true, tells: 'fault' },
  'first-token-timeout': { retries: 0, ends: 'target', canPass: true, tells: 'fault' },
  stalled: { retries: 0, ends: 'target', canPass: true, tells: 'fault' },
  connection: { retries: 2, ends: 'attempt', canPass: true, tells: 'fault' },
  auth: { retries: 0, ends: 'provider', canPass: true, tells: 'account' },
  'model-not-found': { retries: 0, ends: 'target', canPass: false, tells: 'alive' },
  'invalid-request': { retries: 0, ends: 'inference', canPass: false, tells: 'alive' },
  unsupported: { retries: 0, ends: 'target', canPass: false, tells: 'alive' },
  'context-too-long': { retries: 0, ends: 'window', canPass: false, tells: 'alive' },
  'content-filtered': { retries: 0, ends: 'policy', canPass: false, tells: 'alive' },
  refused: { retries: 0, ends: 'policy', canPass: false, tells: 'alive' },
  truncated: { retries: 0, ends: 'target', canPass: false, tells: 'alive' },
  empty: { retries: 1, ends: 'attempt', canPass: false, tells: 'fault' },
  malformed: { retries: 1, ends: 'attempt', canPass: false, tells: 'fault' },
  'schema-invalid': { retries: 1, ends: 'attempt', canPass: false, tells: 'alive' },
  'expectation-failed': { retries: 1, ends: 'attempt', canPass: false, tells: 'alive' },
  'breaker-open': { retries: 0, ends: 'target', canPass: true, tells: 'nothing' },
  'not-configured': { retries: 0, ends: 'provider', canPass: true, tells: 'nothing' },
  cancelled: { retries: 0, ends: 'inference', canPass: false, tells: 'nothing' },
  'worker-lost': { retries: 2, ends: 'attempt', canPass: true, tells: 'nothing' },
  unknown: { retries: 1, ends: 'attempt', canPass: false, tells: 'fault' },
};

const kinds = Object.keys(expected) as FailureKind[];

function decide(change: Partial<Parameters<typeof decideRetry>[0]> & { failure: CallFailure }) {
  return decideRetry({ attempt: 1, maxAttempts: 3, leftMs: LONG, jitter: 0, ...change });
}

function failure(kind: FailureKind, change: Partial<CallFailure> = {}): CallFailure {
  return { kind, message: 'It failed.', ...change };
}

describe('the failure table', () => {
  it('has a row for every kind and no other', () => {
    expect(Object.keys(failureTable).sort()).toEqual([...kinds].sort());
  });

  it.each(kinds)('%s is retried as often, ends as much and passes as said', (kind) => {
    const { retries, ends, canPass, tells } = failureTable[kind];
    expect({ retries, ends, canPass, tells }).toEqual(expected[kind]);
  });

  it.each(
    kinds.flatMap((kind) => [1, 2, 3].map((attempt) => ({ kind, attempt }))),
  )('$kind after attempt $attempt of 3 is decided by its retries', ({ kind, attempt }) => {
    const isRetried = attempt <= expected[kind].retries && attempt < 3;
    expect(decide({ failure: failure(kind), attempt }).retry).toBe(isRetried);
  });

  it('waits before every retry of a kind that is retried', () => {
    for (const kind of kinds.filter((each) => expected[each].retries > 0)) {
      expect(failureTable[kind].backoffMs, kind).toBeGreaterThan(0);
    }
  });
});

describe('a retry', () => {
  it('is never more than the attempts that the target is allowed', () => {
    for (const kind of kinds)
      expect(decide({ failure: failure(kind), maxAttempts: 1 }), kind).toEqual({ retry: false });
    expect(decide({ failure: failure('connection'), attempt: 2, maxAttempts: 2 })).toEqual({ retry: false });
  });

  it('waits for twice as long after each attempt, half of it jitter', () => {
    const delays = (jitter: number) =>
      [1, 2].map((attempt) => decide({ failure: failure('overloaded'), attempt, maxAttempts: 5, jitter }));
    expect(delays(0)).toEqual([
      { retry: true, delayMs: 2_500 },
      { retry: true, delayMs: 5_000 },
    ]);
    expect(delays(0.5)).toEqual([
      { retry: true, delayMs: 3_750 },
      { retry: true, delayMs: 7_500 },
    ]);
  });

  it('comes exactly when the provider says, without jitter', () => {
    const hinted = failure('rate-limited', { retryAfterMs: 17_000 });
    expect(decide({ failure: hinted, jitter: 0.99 })).toEqual({ retry: true, delayMs: 17_000 });
    expect(decide({ failure: failure('rate-limited', { retryAfterMs: 0 }) })).toEqual({ retry: true, delayMs: 0 });
  });

  it('does not come when the hint leaves no time for an attempt', () => {
    const hinted = failure('rate-limited', { retryAfterMs: 10_000 });
    expect(decide({ failure: hinted, leftMs: 10_000 + MIN_ATTEMPT_MS })).toEqual({ retry: true, delayMs: 10_000 });
    expect(decide({ failure: hinted, leftMs: 10_000 + MIN_ATTEMPT_MS - 1 })).toEqual({ retry: false });
  });

  it('does not come when no time is left', () => {
    expect(decide({ failure: failure('connection'), leftMs: 0 })).toEqual({ retry: false });
    expect(decide({ failure: failure('connection'), leftMs: -5_000 })).toEqual({ retry: false });
  });

  it('comes once where another way of asking may do, although the kind is not retried', () => {
    const reaskable = failure('unsupported', { isReaskable: true });
    expect(decide({ failure: reaskable })).toEqual({ retry: true, delayMs: 0 });
    expect(decide({ failure: reaskable, attempt: 2 })).toEqual({ retry: false });
    expect(decide({ failure: reaskable, maxAttempts: 1 })).toEqual({ retry: false });
  });

  it('does not come for a fault that waiting cannot cure', () => {
    expect(decide({ failure: failure('rate-limited', { isRetryable: false }) })).toEqual({ retry: false });
  });
});
