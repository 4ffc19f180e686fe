// What routing costs before every inference: the breaker's decision and the ranking of a long chain.

import { expect, test } from 'vitest';
import type { Order } from '../../src/domain/ranking.ts';
import { CallQueue } from '../../src/health/call-queue.ts';
import { TestHealth } from './health-setup.ts';

const NAMES = Array.from({ length: 50 }, (_, index) => `p${index % 10}/m${index}`);
const WINDOW_MS = 300_000;
/** Thirty calls a second: scores and spikes are derived anew as often as they would be. */
const STEP_MS = 33;
const BATCHES = 40;
const PER_BATCH = 500;

/** Every target has been called every other second for the whole window, now and then in vain. */
function filled(): TestHealth {
  const queue = new CallQueue({});
  const one = new TestHealth(NAMES, { waitMs: (name) => queue.waitMs(name) });
  one.nowMs -= WINDOW_MS;
  for (let step = 0; step < 150; step += 1) {
    one.pass(2_000);
    for (const [index, name] of NAMES.entries()) {
      const durationMs = 500 + ((step * 37 + index * 101) % 1_000);
      const firstTokenMs = 100 + ((step * 13 + index * 7) % 300);
      one.ends(name, (step + index) % 50 === 0 ? 'server-error' : null, { durationMs, firstTokenMs });
    }
  }
  return one;
}

/** Microseconds that one ranking and the decision for its first target take, in the quietest of many batches. */
function fastestUs(one: TestHealth, order: Order): number {
  const chain = { targets: one.health.targets, order };
  const startedMs = one.nowMs;
  const batches = Array.from({ length: BATCHES }, () => {
    one.nowMs = startedMs;
    let tookMs = 0;
    for (let count = 0; count < PER_BATCH; count += 1) {
      one.pass(STEP_MS);
      const beganMs = performance.now();
      const first = NAMES[one.health.rank(chain)?.[0] ?? 0] ?? '';
      one.health.admit(first, NAMES);
      tookMs += performance.now() - beganMs;
      one.ends(first, null);
    }
    return (tookMs / PER_BATCH) * 1_000;
  });
  return Math.min(...batches);
}

test.each<Order>([
  'listed',
  'reliability',
  'latency',
  'cost',
])('ranking 50 targets by %s and deciding on the first takes less than 50 microseconds', (order) => {
  const one = filled();
  // The scores are full, and decide.
  expect(one.health.view('p0/m0', null).score.calls).toBeGreaterThan(100);
  expect(fastestUs(one, order)).toBeLessThan(50);
});
