// What probability says of a vote: by hand where it can be, and by counting.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { intervalOf, predict } from '../../bench/voting.ts';

const rate = fc.double({ min: 0, max: 1, noNaN: true });

describe('a consensus of three with a quorum of two', () => {
  test('of models that err independently is right whenever two are right', () => {
    const { singles, right, wrong, split } = predict({ own: [0.1, 0.1, 0.1], common: 0, quorum: 2 });
    expect(singles).toEqual([0.9, 0.9, 0.9]);
    expect(right).toBeCloseTo(3 * 0.9 ** 2 * 0.1 + 0.9 ** 3, 12);
    expect(wrong).toBe(0);
    expect(split).toBeCloseTo(3 * 0.9 * 0.1 ** 2 + 0.1 ** 3, 12);
  });

  test('of models with different rates', () => {
    const { right } = predict({ own: [0.05, 0.1, 0.15], common: 0, quorum: 2 });
    const all = 0.95 * 0.9 * 0.85;
    expect(right).toBeCloseTo(all + 0.05 * 0.9 * 0.85 + 0.95 * 0.1 * 0.85 + 0.95 * 0.9 * 0.15, 12);
  });

  test('agrees on what is wrong as often as the errors have a common cause', () => {
    const { singles, right, wrong, split } = predict({ own: [0.1, 0.2, 0.3], common: 0.05, quorum: 2 });
    expect(wrong).toBeCloseTo(0.05, 12);
    expect(singles.map((each) => each / 0.95)).toEqual([0.9, 0.8, 0.7].map((each) => expect.closeTo(each, 12)));
    const { right: withoutCause } = predict({ own: [0.1, 0.2, 0.3], common: 0, quorum: 2 });
    expect(right).toBeCloseTo(0.95 * withoutCause, 12);
    expect(right + wrong + split).toBeCloseTo(1, 12);
  });

  test('is right less often than the best model when the others are bad', () => {
    const { singles, right } = predict({ own: [0.02, 0.3, 0.3], common: 0, quorum: 2 });
    expect(right).toBeCloseTo(0.9016, 12);
    expect(right).toBeLessThan(Math.max(...singles));
  });

  test('is right, wrong or split, whatever the rates', () => {
    fc.assert(
      fc.property(fc.tuple(rate, rate, rate), rate, (own, common) => {
        const { right, wrong, split } = predict({ own, common, quorum: 2 });
        expect(right + wrong + split).toBeCloseTo(1, 9);
      }),
    );
  });
});

test('a quorum of all is right only when all are', () => {
  expect(predict({ own: [0.1, 0.2, 0.3], common: 0, quorum: 3 }).right).toBeCloseTo(0.9 * 0.8 * 0.7, 12);
});

describe('an interval of what may be measured', () => {
  test('of twenty throws of a coin', () => {
    // P(X ≤ 3) = 0.0013, P(X ≤ 4) = 0.0059: 4 is the first that is not too rare.
    expect(intervalOf({ probability: 0.5, trials: 20 })).toEqual({ low: 4 / 20, high: 16 / 20 });
  });

  test('of what is certain or impossible has no width', () => {
    expect(intervalOf({ probability: 0, trials: 300 })).toEqual({ low: 0, high: 0 });
    expect(intervalOf({ probability: 1, trials: 300 })).toEqual({ low: 1, high: 1 });
    expect(intervalOf({ probability: 0.3, trials: 0 })).toBeNull();
  });

  test('leaves at most half a percent out on either side', () => {
    const { low, high } = intervalOf({ probability: 0.95, trials: 400 }) ?? { low: 0, high: 0 };
    const mass = (from: number, to: number) => {
      let sum = 0;
      for (let k = from; k <= to; k++)
        sum += Math.exp(logChoose(400, k) + k * Math.log(0.95) + (400 - k) * Math.log(0.05));
      return sum;
    };
    expect(mass(0, Math.round(low * 400) - 1)).toBeLessThan(0.005);
    expect(mass(Math.round(high * 400) + 1, 400)).toBeLessThan(0.005);
    expect(mass(0, Math.round(low * 400))).toBeGreaterThanOrEqual(0.005);
  });
});

function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i);
  return sum;
}
