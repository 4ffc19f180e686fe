// Durations in buckets: what their quantiles are worth.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Histogram } from '../../src/domain/histogram.ts';
import { countOf, NO_DURATIONS, quantile, summed, withDuration } from '../../src/domain/histogram.ts';

const of = (durations: readonly number[]): Histogram => durations.reduce(withDuration, NO_DURATIONS);

describe('a quantile', () => {
  test('of nothing is unknown', () => {
    expect(quantile(NO_DURATIONS, 0.5)).toBeNull();
    expect(quantile(summed([]), 0.95)).toBeNull();
    expect(quantile(of([100]), 0)).toBeNull();
  });

  test('is the smallest duration that so large a share does not exceed', () => {
    const histogram = of([...Array.from({ length: 95 }, () => 100), ...Array.from({ length: 5 }, () => 10_000)]);
    expect(quantile(histogram, 0.95)).toBeLessThan(113);
    expect(quantile(histogram, 0.96)).toBeGreaterThanOrEqual(10_000);
  });

  test('is never below the true one, and at most an eighth above it, but for rounding to a millisecond', () => {
    const durations = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 60, size: 'max' });
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.95, 1), (all, q) => {
        const exactMs = all.toSorted((a, b) => a - b)[Math.ceil(all.length * q) - 1] ?? 0;
        const foundMs = quantile(of(all), q) ?? 0;
        expect(foundMs).toBeGreaterThanOrEqual(exactMs - 0.5);
        expect(foundMs).toBeLessThanOrEqual(exactMs * 1.125 + 0.5);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([0, 0.2, 1, -5])('takes %d ms as a millisecond', (durationMs) => {
    expect(quantile(of([durationMs]), 0.5)).toBe(1);
  });

  test('takes hours as two minutes, in no more space', () => {
    expect(quantile(of([86_400_000]), 0.5)).toBe(quantile(of([115_000]), 0.5));
    expect(of([86_400_000])).toHaveLength(100);
  });
});

describe('the sum of several', () => {
  test('has the quantiles of all their durations together', () => {
    const lists = fc.array(fc.array(fc.nat(50_000)), { maxLength: 5 });
    fc.assert(
      fc.property(lists, fc.constantFrom(0.1, 0.5, 0.95), (all, q) => {
        const sum = summed(all.map(of));
        expect(quantile(sum, q)).toBe(quantile(of(all.flat()), q));
        expect(countOf(sum)).toBe(all.flat().length);
      }),
    );
  });

  test('leaves its parts as they were', () => {
    const part = of([1, 50]);
    const before = [...part];
    summed([part, of([50, 90_000])]);
    withDuration(part, 3);
    expect(part).toEqual(before);
  });
});
