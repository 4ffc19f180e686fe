import { expect, it } from 'vitest';
import { fullestMinute, steadyUse } from '../../bench/rescue-figures.ts';

const every = (ms: number, count: number) => Array.from({ length: count }, (_, index) => index * ms);

it('counts no minute but from the second on', () => {
  const arrivals = [0, ...every(1_000, 120).map((ms) => ms + 60_000)];
  expect(steadyUse(arrivals, { minutes: 3, requestsPerMinute: 60 })).toBe(1);
  expect(steadyUse(arrivals, { minutes: 2, requestsPerMinute: 120 })).toBe(0.5);
});

it('finds the fullest minute wherever it begins', () => {
  expect(fullestMinute(every(1_000, 600))).toBe(60);
  expect(fullestMinute([0, 59_000, 60_000, 118_999, 119_000])).toBe(3);
  expect(fullestMinute([119_000, 0, 60_000, 59_000])).toBe(2);
  expect(fullestMinute([])).toBe(0);
});
