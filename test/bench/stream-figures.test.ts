// The figures of streams.

import { expect, test } from 'vitest';
import { addedToFirstMs, cpuShares, delaysOf, paceKept } from '../../bench/stream-figures.ts';
import type { Stream } from '../../bench/stream-load.ts';

/** Sent every 20 ms from its beginning on, each token arriving so long after. */
function stream(delaysMs: readonly number[], beganAtMs = 1_000): Stream {
  const tokens = delaysMs.map((delayMs, index) => {
    const sentAtMs = beganAtMs + index * 20;
    return { index, sentAtMs, tookMs: 5, arrivedAtMs: sentAtMs + delayMs };
  });
  return { askedAtMs: beganAtMs - 30, tokens };
}

test('what the provider took until its first token is not counted as added', () => {
  expect(addedToFirstMs(stream([1, 1, 1]))).toBe(30 + 1 - 5);
});

test('delays run from the sending of each token to its arrival', () => {
  const slow = Array.from({ length: 100 }, (_, index) => (index === 50 ? 90 : 2));
  expect(delaysOf([stream(slow)])).toEqual({ p50Ms: 2, p99Ms: 90 });
});

test('the pace is that of the slowest stream, and a gap that the provider made is told apart', () => {
  const kept = paceKept([stream([1, 1, 1, 1]), stream([1, 1, 1, 7])], { tokens: 4, everyMs: 20 });
  expect(kept.slowest).toBeCloseTo(66 / 60);
  expect(kept.p99GapMs).toBe(26);
  expect(kept.p99SentGapMs).toBe(20);
});

test('tokens a second are counted while all streams run, and are unknown when they never do', () => {
  const steady = Array.from({ length: 101 }, () => 1);
  const pace = { tokens: 101, everyMs: 20 };
  expect(paceKept([stream(steady), stream(steady, 1_500)], pace).tokensPerSecond).toBeCloseTo(100);
  expect(paceKept([stream(steady), stream(steady, 9_000)], pace).tokensPerSecond).toBeNull();
});

test('the CPU of a token is the slope between two lengths, and what is left is that of a stream', () => {
  const short = { tokens: 100, cpuMs: 1_500 };
  const long = { tokens: 500, cpuMs: 3_500 };
  const shares = cpuShares({ streams: 100, short, long });
  expect(shares?.perTokenUs).toBeCloseTo(50);
  expect(shares?.perStreamMs).toBeCloseTo(10);
  expect(cpuShares({ streams: 100, short: { tokens: 100, cpuMs: null }, long })).toBeNull();
});
