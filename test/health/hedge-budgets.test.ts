// What hedges of a model have taken of late in one process.

import { expect, test } from 'vitest';
import { HedgeBudgets } from '../../src/health/hedge-budgets.ts';

const budget = { requests: 0.1, spend: 0.1 };

function budgets() {
  const clock = { nowMs: 1_000_000 };
  return { clock, taken: new HedgeBudgets(() => clock.nowMs) };
}

test('hedges keep within their share of the races', () => {
  const { taken } = budgets();
  let hedges = 0;
  for (let race = 1; race <= 100; race++) {
    taken.raceBegan('m');
    if (taken.takeHedge('m', budget)) hedges += 1;
  }
  expect(hedges).toBe(10);
});

test('each model has its own', () => {
  const { taken } = budgets();
  expect(taken.takeHedge('a', budget)).toBe(true);
  expect(taken.takeHedge('a', budget)).toBe(false);
  expect(taken.takeHedge('b', budget)).toBe(true);
});

test('a dear hedge keeps further ones back, until others have spent enough', () => {
  const { taken } = budgets();
  for (let race = 0; race < 1_000; race++) taken.raceBegan('m');
  taken.takeHedge('m', budget);
  taken.spent('m', { usd: 1, isHedge: true });
  expect(taken.takeHedge('m', budget)).toBe(false);
  taken.spent('m', { usd: 9, isHedge: false });
  expect(taken.takeHedge('m', budget)).toBe(true);
});

test('what was ten minutes ago does not count', () => {
  const { clock, taken } = budgets();
  taken.takeHedge('m', budget);
  expect(taken.takeHedge('m', budget)).toBe(false);
  clock.nowMs += 11 * 60_000;
  expect(taken.takeHedge('m', budget)).toBe(true);
});
