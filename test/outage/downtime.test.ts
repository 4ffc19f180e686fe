// Downtime and the other numbers of a way, from what came of each question.

import { expect, test } from 'vitest';
import { CircuitRecord } from '../../src/cli/outage/circuit-record.ts';
import type { Day } from '../../src/cli/outage/day.ts';
import { FULL_DAY, HOUR_MS, MINUTE_MS } from '../../src/cli/outage/day.ts';
import { downtimeShare, slicesOf } from '../../src/cli/outage/downtime.ts';
import type { Asked, Outcome } from '../../src/cli/outage/play.ts';
import { BREAK_MS } from '../../src/cli/outage/providers.ts';
import { tallyOf } from '../../src/cli/outage/tally.ts';
import type { WireCall } from '../../src/cli/outage/wire-calls.ts';

const hour = { lengthMs: 60 * MINUTE_MS, sliceMs: MINUTE_MS };

test('a minute is down by the share of its questions that got no right answer', () => {
  const slices = slicesOf([at(0, 'right'), at(0.1, 'failed'), at(0.2, 'wrong'), at(0.9, 'lost'), at(1, 'right')], hour);

  expect(slices[0]).toEqual({ failed: 0.5, wrong: 0.25 });
  expect(slices[1]).toEqual({ failed: 0, wrong: 0 });
  expect(downtimeShare(slices)).toBeCloseTo(0.75 / 60);
});

test('a minute without questions is as the one before it was, and up before the first question', () => {
  const slices = slicesOf([at(10, 'failed'), at(20, 'right')], hour);

  expect(slices.map(({ failed }) => failed)).toEqual([...times(10, 0), ...times(10, 1), ...times(40, 0)]);
});

test('without any question there is no downtime', () => {
  expect(downtimeShare(slicesOf([], hour))).toBe(0);
});

test('a way is tallied by outcome, downtime of the real day, revenue, latency of its right answers, and reasons', () => {
  const asked = [
    ...Array.from({ length: 100 }, (_, index) => ({ ...at(index, 'right'), latencyMs: (index + 1) * 1_000 })),
    { ...at(12 * 60, 'failed'), latencyMs: 1e9, reason: 'timeout' },
    { ...at(12 * 60 + 30, 'wrong'), reason: 'empty' },
    at(13 * 60, 'right'),
  ];

  const tally = tallied(asked, []);

  expect(tally).toMatchObject({ asked: 103, right: 101, wrong: 1, failed: 1, lost: 0 });
  expect(tally.downtime).toEqual({ share: 1 / 24, ms: HOUR_MS, usd: 2_000 });
  expect(tally.latencyMs).toEqual({ p50: 50_000, p95: 95_000 });
  expect(tally.reasons).toEqual({ timeout: 1, empty: 1 });
});

test('the bill is what providers sent at their prices: a half for a cut answer, its prompt for an empty one', () => {
  const call: WireCall = { way: 'single', place: 'primary-us', dayMs: 0, questionId: 'T-00001', said: 'all' };
  const costOf = (said: WireCall['said']) => tallied([], [{ ...call, said }]).bill.costUsd;

  // 40 characters in, 80 out, four to a token, at 2.5 and 10 USD per million.
  expect(costOf('all')).toBeCloseTo((10 * 2.5 + 20 * 10) / 1e6, 12);
  expect(costOf('half')).toBeCloseTo((10 * 2.5 + 10 * 10) / 1e6, 12);
  expect(costOf('nothing')).toBeCloseTo((10 * 2.5) / 1e6, 12);
  expect(costOf(null)).toBe(0);
  const withPing = tallied([], [call, { ...call, questionId: null }]).bill;
  expect(withPing.pingsUsd).toBeGreaterThan(0);
  expect(withPing.costUsd - withPing.pingsUsd).toBeCloseTo(costOf('all'), 12);
});

function at(minute: number, outcome: Outcome): Asked {
  return { atMs: minute * MINUTE_MS, outcome, reason: null, latencyMs: 0 };
}

function times(count: number, value: number): readonly number[] {
  return Array.from({ length: count }, () => value);
}

function tallied(asked: readonly Asked[], calls: readonly WireCall[]) {
  const question = { id: 'T-00001', atMs: 0, prompt: 'p'.repeat(40), answer: 'a'.repeat(80) };
  const day: Day = FULL_DAY;
  const questions = new Map([[question.id, question]]);
  return tallyOf({ day, way: 'single', questions, asked, calls, circuits: new CircuitRecord(BREAK_MS) });
}
