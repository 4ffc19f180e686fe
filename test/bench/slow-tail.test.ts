// The latencies of the provider with a heavy tail.

import { expect, test } from 'vitest';
import { slowTailMs } from '../../bench/slow-tail.ts';

const latencies = Array.from({ length: 5_000 }, (_, index) =>
  slowTailMs({ seed: 'a', model: 'm', prompt: `question ${index}` }),
);

test('about three in a hundred answers take one to two and a half seconds, the others a tenth of one', () => {
  const slow = latencies.filter((ms) => ms > 120);
  expect(slow.length / latencies.length).toBeGreaterThan(0.02);
  expect(slow.length / latencies.length).toBeLessThan(0.04);
  for (const ms of slow) expect(ms >= 1_000 && ms <= 2_500).toBe(true);
  for (const ms of latencies) expect(ms).toBeGreaterThanOrEqual(80);
});

test('a question takes a model as long every time, and another model its own time', () => {
  const one = { seed: 'a', model: 'm', prompt: 'question 1' };
  expect(slowTailMs(one)).toBe(latencies[1]);
  expect(slowTailMs({ ...one, model: 'n' })).not.toBe(latencies[1]);
  expect(slowTailMs({ ...one, seed: 'b' })).not.toBe(latencies[1]);
});
