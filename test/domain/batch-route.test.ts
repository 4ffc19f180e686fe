// Judgement on batches: sets of lines, money that may be spent, time that is kept for the rescue.

import { array, assert, nat, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Usage } from '../../src/domain/answer.ts';
import { batchCostOf, laneUsd, syncUsd } from '../../src/domain/batch-cost.ts';
import { endStatus, Purse, rescueReserveMs, shareUsd, sumUsage, sumUsd } from '../../src/domain/batch-route.ts';
import { eachLine, hasLine, lineCount, lineSetOf, mergeLines } from '../../src/domain/line-set.ts';

const numbers = array(nat(200));

describe('a set of lines', () => {
  test('has each number once, in order, in ranges that do not touch', () => {
    assert(
      property(numbers, (given) => {
        const set = lineSetOf(given);
        const expected = [...new Set(given)].toSorted((a, b) => a - b);
        expect([...eachLine(set)]).toEqual(expected);
        expect(lineCount(set)).toBe(expected.length);
        for (const [index, [from, to]] of set.entries()) {
          expect(to).toBeGreaterThan(from);
          expect(from).toBeGreaterThan(set[index - 1]?.[1] ?? -1);
        }
        for (let line = 0; line <= 200; line++) expect(hasLine(set, line)).toBe(expected.includes(line));
      }),
    );
  });

  test('merged is that of all numbers', () => {
    assert(
      property(numbers, numbers, (a, b) => {
        expect(mergeLines(lineSetOf(a), lineSetOf(b))).toEqual(lineSetOf([...a, ...b]));
      }),
    );
  });
});

describe('a purse', () => {
  test('without a cap reserves nothing and refuses nothing', () => {
    const purse = new Purse(null);
    expect(purse.reserve(1_000)).toBeNull();
    purse.settle(null, 5);
    expect(purse.reserve(1_000)).toBeNull();
  });

  test('gives what is left, and takes back what was not spent', () => {
    const purse = new Purse(10);
    expect(purse.reserve(6)).toBe(6);
    expect(purse.reserve(6)).toBe(4);
    expect(purse.reserve(1)).toBe(0);
    purse.settle(6, 2);
    expect(purse.reserve(10)).toBe(4);
  });

  test('counts a cost that is unknown as what was reserved, and one that is higher as what it is', () => {
    const purse = new Purse(10);
    purse.settle(purse.reserve(6), null);
    purse.settle(purse.reserve(2), 3);
    expect(purse.reserve(10)).toBe(1);
    expect(purse.reserve(null)).toBe(0);
  });

  test('remembers what an earlier run has spent', () => {
    const purse = new Purse(10);
    purse.spend(7);
    purse.spend(null);
    expect(purse.reserve(10)).toBe(3);
  });
});

describe('the time that is kept for the rescue', () => {
  const HOUR = 3_600_000;

  test.each<[what: string, lines: number, rescue: 'sync' | 'none', ms: number]>([
    ['a twentieth at least', 1, 'sync', 0.05 * HOUR],
    ['ten seconds a line, as many at once as may be', 1_000, 'sync', (1_000 * 10_000) / 32],
    ['half of all at most', 1_000_000, 'sync', 0.5 * HOUR],
    ['a moment to read what there is', 1_000_000, 'none', 0.05 * HOUR],
  ])('%s', (_what, lines, rescue, ms) => {
    expect(rescueReserveMs({ lines, deadlineMs: HOUR, rescue, concurrency: 32 })).toBe(ms);
  });
});

describe('money', () => {
  const price = { input: 2, output: 10 };
  const usage: Usage = { inputTokens: 1_000, outputTokens: 100, cachedInputTokens: null, reasoningTokens: null };

  test('at a lane is the share that batches cost, and unknown where that is', () => {
    const tokens = { input: 1_000, output: 100 };
    expect(syncUsd(tokens, { price })).toBeCloseTo(0.003);
    expect(laneUsd(tokens, { price: { ...price, batch: 0.5 } })).toBeCloseTo(0.0015);
    expect(laneUsd(tokens, { price })).toBeNull();
    expect(laneUsd(tokens, {})).toBeNull();
    expect(batchCostOf(usage, { price: { ...price, batch: 0.5 } })).toBeCloseTo(0.0015);
    expect(batchCostOf(null, { price: { ...price, batch: 0.5 } })).toBeNull();
  });

  test('of several is unknown as soon as that of one is', () => {
    expect(sumUsd([])).toBe(0);
    expect(sumUsd([1, 2])).toBe(3);
    expect(sumUsd([1, null, 2])).toBeNull();
    expect(shareUsd(10, [[0, 5]], [[0, 20]])).toBe(2.5);
    expect(shareUsd(null, [[0, 5]], [[0, 20]])).toBeNull();
  });

  test('tokens that nobody has counted stay unknown', () => {
    expect(sumUsage([]).inputTokens).toBeNull();
    expect(sumUsage([usage, usage])).toEqual({ ...usage, inputTokens: 2_000, outputTokens: 200 });
  });
});

test.each([
  [null, false, 'completed'],
  [null, true, 'failed'],
  ['cancelled', false, 'cancelled'],
  ['cost', false, 'cancelled'],
  ['deadline', false, 'expired'],
] as const)('a batch that was stopped by %s, with faults: %s, is %s', (stop, isInvalid, status) => {
  expect(endStatus(stop, isInvalid)).toBe(status);
});
