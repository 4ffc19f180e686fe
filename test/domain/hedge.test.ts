// When the next target of a race starts, and the budget of hedges.

import { describe, expect, test } from 'vitest';
import { bindingBudget, hedgeDelayMs, isWithinBudget } from '../../src/domain/hedge.ts';

const counts = (races: number, hedges: number, spentUsd = 0, hedgesUsd = 0) => ({ races, hedges, spentUsd, hedgesUsd });
const budget = { requests: 0.05, spend: 0.05 };

describe('the next target starts', () => {
  test('after the configured time', () => {
    expect(hedgeDelayMs({ settings: { hedgeDelay: 400 }, recentP95Ms: [9], index: 0 })).toBe(400);
    expect(hedgeDelayMs({ settings: { hedgeDelay: 0 }, recentP95Ms: undefined, index: 0 })).toBe(0);
  });

  test("after the started target's own recent p95, or not before a failure while too little is known", () => {
    const settings = { hedgeDelay: 'p95' as const };
    expect(hedgeDelayMs({ settings, recentP95Ms: [120, 800], index: 1 })).toBe(850);
    expect(hedgeDelayMs({ settings, recentP95Ms: [null, 800], index: 0 })).toBeNull();
    expect(hedgeDelayMs({ settings, recentP95Ms: undefined, index: 0 })).toBeNull();
  });
});

describe('the hedge budget', () => {
  test.each([
    ['allows the first hedge', counts(1, 0), true],
    ['refuses a second one too soon', counts(20, 1), false],
    ['allows it when the share is reached', counts(40, 1), true],
    ['counts money too', counts(1_000, 10, 100, 6), false],
    ['allows money within its share', counts(1_000, 10, 100, 4), true],
    ['asks nothing of money while no price is known', counts(1_000, 10, 0, 0), true],
  ])('%s', (_, taken, expected) => {
    expect(isWithinBudget(taken, budget)).toBe(expected);
  });

  test('of nothing allows none', () => {
    expect(isWithinBudget(counts(1_000, 0), { requests: 0, spend: 1 })).toBe(false);
    expect(isWithinBudget(counts(1_000, 0), { requests: 1, spend: 0 })).toBe(false);
  });

  test('is off where both start at once', () => {
    expect(bindingBudget({ hedgeDelay: 0, hedgeBudget: budget })).toBeNull();
    expect(bindingBudget({ hedgeDelay: 'p95', hedgeBudget: budget })).toBe(budget);
  });
});
