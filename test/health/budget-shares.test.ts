// Several workers with a share each: together they stay within the limits of the service, whatever comes.

import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Budgets } from '../../src/health/budgets.ts';
import type { Turn } from '../../src/health/provider-budget.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const arrival = fc.record({
  atMs: fc.nat(120_000),
  worker: fc.nat(3),
  tokens: fc.integer({ min: 1, max: 250 }),
  usedRatio: fc.constantFrom(0.2, 0.9, 1),
  durationMs: fc.nat(20_000),
  waitLimitMs: fc.constantFrom(0, 1_000, 30_000, 120_000),
  told: fc.constantFrom('well', 'alive', 'nothing', 'fault', 'crowded'),
  abortAfterMs: fc.option(fc.nat(40_000)),
});
const run = fc.record({
  arrivals: fc.array(arrival, { minLength: 20, maxLength: 80, size: 'max' }),
  workers: fc.integer({ min: 1, max: 4 }),
  maxConcurrent: fc.integer({ min: 1, max: 20 }),
  requestsPerMinute: fc.integer({ min: 1, max: 40 }),
  // No estimate is larger than a share: one that is may pass the limit.
  tokensPerMinute: fc.integer({ min: 1_000, max: 1_500 }),
  lostAtMs: fc.nat(120_000),
});

test('the shares of several workers never pass a limit together, also when one worker is lost and the others get its share', async () => {
  await fc.assert(
    fc.asyncProperty(run, async ({ arrivals, workers, lostAtMs, ...limits }) => {
      const all = Array.from({ length: workers }, (_, index) => {
        const budgets = new Budgets({ limits: { p: limits }, now: Date.now });
        budgets.setShare({ index, count: workers });
        return budgets;
      });
      const begun: { readonly atMs: number; tokens: number }[] = [];
      const inFlight = new Set<Turn>();
      let mostInFlight = 0;
      let settled = 0;
      // The last one, as its index is the only one that no other worker then takes.
      let isOneLost = false;
      const callsOfLost: (() => void)[] = [];
      const arrive = async ({ worker, tokens, ...call }: (typeof arrivals)[number]): Promise<void> => {
        const index = worker % workers;
        const isLost = () => isOneLost && index === workers - 1;
        const cancel = new AbortController();
        if (call.abortAfterMs !== null) setTimeout(() => cancel.abort(), call.abortAfterMs);
        const waiting = { provider: 'p', tokens, waitLimitMs: call.waitLimitMs, signals: [cancel.signal] };
        const entry = isLost() ? undefined : await all[index]?.enter(waiting);
        settled += 1;
        if (entry?.type !== 'entered' || isLost()) return;
        const one = { atMs: Date.now(), tokens };
        begun.push(one);
        inFlight.add(entry.turn);
        mostInFlight = Math.max(mostInFlight, inFlight.size);
        const leave = (): void => {
          inFlight.delete(entry.turn);
          one.tokens = Math.floor(tokens * call.usedRatio);
          entry.turn.leave({ told: call.told, usedTokens: one.tokens });
        };
        setTimeout(leave, call.durationMs);
        if (index === workers - 1) callsOfLost.push(leave);
      };
      for (const one of arrivals) setTimeout(() => void arrive(one), one.atMs);
      const loseOne = (): void => {
        isOneLost = true;
        for (const leave of callsOfLost) leave();
        all.slice(0, -1).forEach((budgets, index) => budgets.setShare({ index, count: workers - 1 }));
      };
      if (workers > 1) setTimeout(loseOne, lostAtMs);
      await vi.advanceTimersByTimeAsync(400_000);
      expect(settled).toBe(arrivals.length);
      expect(vi.getTimerCount()).toBe(0);
      expect(mostInFlight).toBeLessThanOrEqual(limits.maxConcurrent);
      for (const { atMs } of begun) {
        const minute = begun.filter((one) => one.atMs >= atMs && one.atMs < atMs + 60_000);
        expect(minute.length).toBeLessThanOrEqual(limits.requestsPerMinute);
        expect(minute.reduce((sum, one) => sum + one.tokens, 0)).toBeLessThanOrEqual(limits.tokensPerMinute);
      }
    }),
    { numRuns: 200 },
  );
});
