import { describe, expect, it } from 'vitest';
import { pingCost, pingCostLine } from '../../src/domain/ping-cost.ts';
import type { Price } from '../../src/domain/target.ts';

const EVERY_15_S = { enabled: true, intervalMs: 15_000 };

function target(model: string, price?: Price) {
  return { provider: 'openai', model, ...(price && { price }) };
}

describe('the cost of health pings', () => {
  it('is ten tokens in and one out, for each target, at each interval of 30 days', () => {
    const targets = [target('a', { input: 2.5, output: 10 }), target('b', { input: 1, output: 5 })];
    const cost = pingCost({ targets, checks: EVERY_15_S });
    expect(cost).toMatchObject({ pingsPerMonth: 345_600, unpricedTargets: 0 });
    // 172 800 rounds of 35 and 15 millionths of a dollar.
    expect(cost.usdPerMonth).toBeCloseTo(8.64, 10);
  });

  it('counts the pings of targets without a price, whose cost nobody knows', () => {
    const targets = [target('a', { input: 1, output: 0 }), target('b')];
    expect(pingCost({ targets, checks: { enabled: true, intervalMs: 60_000 } })).toEqual({
      pingsPerMonth: 86_400,
      usdPerMonth: expect.closeTo(0.432, 10),
      unpricedTargets: 1,
    });
  });

  it('is unknown, not nothing, when no target has a price', () => {
    expect(pingCost({ targets: [target('a')], checks: EVERY_15_S }).usdPerMonth).toBeNull();
  });

  it('is nothing when they are off', () => {
    const targets = [target('a', { input: 1, output: 1 })];
    expect(pingCost({ targets, checks: { enabled: false, intervalMs: 15_000 } })).toEqual({
      pingsPerMonth: 0,
      usdPerMonth: 0,
      unpricedTargets: 0,
    });
  });
});

describe('the line about health pings', () => {
  const priced = target('a', { input: 2.5, output: 10 });

  it.each([
    [
      [priced, priced, target('c')],
      15_000,
      'Health pings: every 15 s, at most 518,400 a month for 3 targets, about 12.10 USD (1 target without a price).',
    ],
    [[priced], 90_000, 'Health pings: every 90 s, at most 28,800 a month for 1 target, about 1.01 USD.'],
    [
      [target('a'), target('b')],
      60_000,
      'Health pings: every 1 m, at most 86,400 a month for 2 targets, at an unknown cost (2 targets without a price).',
    ],
    [[priced], 250, 'Health pings: every 250 ms, at most 10,368,000 a month for 1 target, about 362.88 USD.'],
    [[], 15_000, 'Health pings: no target to ping.'],
  ])('says how many and how much: %#', (targets, intervalMs, line) => {
    expect(pingCostLine({ targets, checks: { enabled: true, intervalMs } })).toBe(line);
  });

  it('says that they are off', () => {
    expect(pingCostLine({ targets: [priced], checks: { ...EVERY_15_S, enabled: false } })).toBe(
      'Health pings are off.',
    );
  });
});
