import { expect, it } from 'vitest';
import { fullestMinute, steadyUse } from '../../bench/rescue-figures.ts';

const every = (ms: number, count: number) => Array.from({ length: count }, (_, index) => index * ms);

it('leaves out the first filling', () => {
  const arrivals = [...every(1, 60), ...every(1_000, 121).map((ms) => ms + 90_000)];
  expect(steadyUse(arrivals, { minutes: 3, requestsPerMinute: 60 })).toBe(1);
});

it('counts the pause that belongs to each burst', () => {
  const arrivals = [0, 75_000, 150_000, 225_000].flatMap((ms) => every(1, 10).map((after) => ms + after));
  expect(steadyUse(arrivals, { minutes: 3, requestsPerMinute: 10 })).toBe(0.8);
  expect(() => steadyUse(arrivals, { minutes: 4, requestsPerMinute: 10 })).toThrow('Too few');
});

it('finds the fullest minute wherever it begins', () => {
  expect(fullestMinute(every(1_000, 600))).toBe(60);
  expect(fullestMinute([0, 59_000, 60_000, 118_999, 119_000])).toBe(3);
  expect(fullestMinute([119_000, 0, 60_000, 59_000])).toBe(2);
  expect(fullestMinute([])).toBe(0);
});
