// Who is tried next in a chain, for how long, and what it means when nobody is left.

import { describe, expect, test } from 'vitest';
import type { CallFailure, FailureKind } from '../../src/domain/failure.ts';
import { failureTable } from '../../src/domain/failure.ts';
import type { FailedTarget } from '../../src/domain/route.ts';
import {
  canWait,
  failureCode,
  isOutOfTime,
  lastFailure,
  listedOrder,
  nextStep,
  parkingDelayMs,
  remainingAfter,
  shareOfTime,
} from '../../src/domain/route.ts';
import type { Target } from '../../src/domain/target.ts';

const target = (name: string, contextWindow?: number): Target => {
  const [provider = '', model = ''] = name.split('/');
  return { provider, model, ...(contextWindow !== undefined && { contextWindow }) };
};
const failed = (index: number, kind: FailureKind, more: Partial<CallFailure> = {}): FailedTarget => ({
  index,
  failure: { kind, message: '', ...more },
});
const chain = [target('a/1'), target('a/2'), target('b/1')];

describe('nextStep', () => {
  test('goes through the chain in order and is exhausted behind the last', () => {
    const step = (...done: FailedTarget[]) =>
      nextStep({ targets: chain, order: [0, 1, 2], onRefusal: 'return', failed: done });
    expect(step()).toEqual({ type: 'call', index: 0 });
    expect(step(failed(0, 'server-error'))).toEqual({ type: 'call', index: 1 });
    expect(step(failed(0, 'server-error'), failed(1, 'timeout'))).toEqual({ type: 'call', index: 2 });
    expect(step(failed(0, 'server-error'), failed(1, 'timeout'), failed(2, 'empty'))).toEqual({ type: 'exhausted' });
  });

  test.each([
    'auth',
    'quota-exhausted',
    'not-configured',
  ] as const)('%s rules out the provider in this round', (kind) => {
    const step = nextStep({ targets: chain, order: [0, 1, 2], onRefusal: 'return', failed: [failed(0, kind)] });
    expect(step).toEqual({ type: 'call', index: 2 });
  });

  test('a request that is itself invalid is asked nowhere else', () => {
    const by = failed(0, 'invalid-request');
    expect(nextStep({ targets: chain, order: [0, 1, 2], onRefusal: 'failover', failed: [by] })).toEqual({
      type: 'stop',
      by,
    });
  });

  test.each(['refused', 'content-filtered'] as const)('%s is returned or failed over as the model says', (kind) => {
    const by = failed(0, kind);
    expect(nextStep({ targets: chain, order: [0, 1, 2], onRefusal: 'return', failed: [by] })).toEqual({
      type: 'stop',
      by,
    });
    expect(nextStep({ targets: chain, order: [0, 1, 2], onRefusal: 'failover', failed: [by] })).toEqual({
      type: 'call',
      index: 1,
    });
  });

  test('a prompt too long for a window goes only to larger windows and to unknown ones', () => {
    const targets = [
      target('a/1', 8_000),
      target('b/1', 8_000),
      target('c/1', 4_000),
      target('d/1'),
      target('e/1', 9_000),
    ];
    const tooLong = (index: number) => failed(index, 'context-too-long');
    const step = (...done: FailedTarget[]) =>
      nextStep({ targets, order: listedOrder(targets), onRefusal: 'return', failed: done });
    expect(step(tooLong(0))).toEqual({ type: 'call', index: 3 });
    expect(step(tooLong(0), tooLong(3))).toEqual({ type: 'call', index: 4 });
    expect(step(tooLong(0), tooLong(3), tooLong(4))).toEqual({ type: 'exhausted' });
  });

  test('a failure at a target of unknown window rules out nobody else', () => {
    const targets = [target('a/1'), target('b/1', 1_000)];
    const step = nextStep({
      targets,
      order: listedOrder(targets),
      onRefusal: 'return',
      failed: [failed(0, 'context-too-long')],
    });
    expect(step).toEqual({ type: 'call', index: 1 });
  });

  test('a refusal at a later target stops the chain as one at the first does', () => {
    const by = failed(1, 'refused');
    const step = nextStep({
      targets: chain,
      order: [0, 1, 2],
      onRefusal: 'return',
      failed: [failed(0, 'server-error'), by],
    });
    expect(step).toEqual({ type: 'stop', by });
  });
});

describe('shareOfTime', () => {
  test.each([
    // left, attempt timeout, targets after → share
    [120_000, 60_000, 2, 60_000],
    [120_000, 60_000, 0, 120_000],
    [60_000, 60_000, 1, 30_000],
    [10_000, 60_000, 1, 5_000],
    [24 * 3_600_000, 60_000, 1, 24 * 3_600_000 - 60_000],
  ])('of %i ms, with attempts of %i ms and %i targets behind, is %i ms', (leftMs, attemptTimeoutMs, targetsAfter, share) => {
    expect(shareOfTime({ leftMs, attemptTimeoutMs, targetsAfter })).toBe(share);
  });

  test('always leaves time for one more target before the deadline', () => {
    for (let leftMs = 2_000; leftMs < 200_000; leftMs += 777) {
      const behindMs = leftMs - shareOfTime({ leftMs, attemptTimeoutMs: 60_000, targetsAfter: 1 });
      expect(isOutOfTime(behindMs)).toBe(false);
    }
  });
});

test('targets that are ruled out already do not claim a share of the time', () => {
  expect(remainingAfter({ targets: chain, failed: [], index: 0 })).toBe(2);
  expect(remainingAfter({ targets: chain, failed: [failed(0, 'auth')], index: 2 })).toBe(0);
});

describe('canWait', () => {
  test('only when some target failed for a reason that can pass', () => {
    expect(canWait([failed(0, 'unsupported'), failed(1, 'rate-limited')])).toBe(true);
    expect(canWait([failed(0, 'unsupported'), failed(1, 'context-too-long')])).toBe(false);
    expect(canWait([failed(0, 'rate-limited', { isRetryable: false })])).toBe(false);
  });

  test('for the kinds that the contract lists, and no others', () => {
    const passing = Object.entries(failureTable)
      .filter(([, rule]) => rule.canPass)
      .map(([kind]) => kind);
    expect(passing.sort()).toEqual(
      [
        'rate-limited',
        'quota-exhausted',
        'overloaded',
        'server-error',
        'timeout',
        'first-token-timeout',
        'stalled',
        'connection',
        'auth',
        'breaker-open',
        'not-configured',
        'worker-lost',
      ].sort(),
    );
  });
});

describe('parkingDelayMs', () => {
  const day = 24 * 3_600_000;
  const delay = (round: number, jitter: number, more: object = {}) =>
    parkingDelayMs({ round, jitter, leftMs: day, failed: [failed(0, 'overloaded')], ...more });

  test('doubles from 30 s to 10 min, half of it jitter', () => {
    expect([1, 2, 3, 6, 50].map((round) => delay(round, 1 - Number.EPSILON))).toEqual([
      30_000, 60_000, 120_000, 600_000, 600_000,
    ]);
    expect(delay(1, 0)).toBe(15_000);
  });

  test('waits for the first provider to be back, when all say when', () => {
    const back = (ms: number) => failed(0, 'rate-limited', { retryAfterMs: ms });
    expect(delay(1, 0, { failed: [back(90_000), back(120_000)] })).toBe(90_000);
    expect(delay(1, 0, { failed: [back(90_000), failed(1, 'overloaded')] })).toBe(15_000);
  });

  test('leaves half of the time for what follows', () => {
    expect(delay(6, 0.9, { leftMs: 10_000 })).toBe(5_000);
  });
});

describe('lastFailure', () => {
  test('is the last one, with the earliest time at which some target is back', () => {
    const hinted = (index: number, ms: number) => failed(index, 'rate-limited', { retryAfterMs: ms });
    expect(lastFailure([hinted(0, 5_000), hinted(1, 60_000)])).toMatchObject({ retryAfterMs: 5_000 });
    expect(lastFailure([failed(0, 'timeout'), failed(1, 'overloaded')])).toEqual({ kind: 'overloaded', message: '' });
    expect(lastFailure([])).toBeNull();
  });
});

describe('failureCode', () => {
  test.each([
    [['invalid-request'], 'invalid_request'],
    [['server-error', 'invalid-request'], 'invalid_request'],
    [['refused', 'content-filtered'], 'content_filter'],
    [['context-too-long', 'context-too-long'], 'context_length_exceeded'],
    [['unsupported', 'context-too-long'], 'unsupported_parameter'],
    [['unsupported', 'timeout'], 'all_targets_failed'],
    [['refused', 'timeout'], 'all_targets_failed'],
    [[], 'all_targets_failed'],
  ] as const)('of %j is %s', (kinds, code) => {
    expect(failureCode(kinds.map((kind, index) => failed(index, kind)))).toBe(code);
  });
});
