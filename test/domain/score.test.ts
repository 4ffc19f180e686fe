// The score of a target: what its window counts, when there is enough to judge by, and when a latency spike begins and ends.

import { describe, expect, test } from 'vitest';
import type { Sample, ScoreSummary, ScoreWindow, Spike } from '../../src/domain/score.ts';
import {
  combined,
  NO_SCORE,
  NOTHING_KNOWN,
  qualityRatio,
  recentP95Ms,
  spikeOf,
  successRatio,
  summaryOf,
  withSample,
  withSilence,
} from '../../src/domain/score.ts';

const WINDOW_MS = 300_000;
const T = 3_000_000;

const sample = (atMs: number, more: Partial<Sample> = {}): Sample => ({
  atMs,
  hasSucceeded: true,
  isGood: true,
  firstTokenMs: 200,
  totalMs: 1_000,
  ...more,
});
const after = (score: ScoreWindow, ...samples: readonly Sample[]) =>
  samples.reduce((current, one) => withSample(current, one, WINDOW_MS), score);
const summary = (score: ScoreWindow, nowMs: number) => summaryOf(score, nowMs, WINDOW_MS);
const times = (count: number, one: Sample) => Array.from({ length: count }, () => one);

describe('the window', () => {
  test('without calls knows nothing', () => {
    expect(summary(NO_SCORE, T)).toEqual(NOTHING_KNOWN);
  });

  test('counts calls, answers and what they took', () => {
    const score = after(
      NO_SCORE,
      sample(T, { firstTokenMs: 100, totalMs: 1_000 }),
      sample(T + 1_000, { firstTokenMs: 400, totalMs: 4_000, isGood: false }),
      sample(T + 2_000, { hasSucceeded: false, isGood: null, firstTokenMs: null, totalMs: null }),
    );
    const { firstTokenP50Ms, firstTokenP95Ms, totalP50Ms, totalP95Ms, ...counts } = summary(score, T + 2_000);
    expect(counts).toEqual({ calls: 3, succeeded: 2, answers: 2, goodAnswers: 1 });
    for (const [foundMs, exactMs] of [
      [firstTokenP50Ms, 100],
      [firstTokenP95Ms, 400],
      [totalP50Ms, 1_000],
      [totalP95Ms, 4_000],
    ] as const) {
      expect(foundMs).toBeGreaterThanOrEqual(exactMs);
      expect(foundMs).toBeLessThanOrEqual(exactMs * 1.125);
    }
  });

  test('forgets what is older, whether calls come or not', () => {
    const score = after(NO_SCORE, ...times(7, sample(T)), sample(T + 100_000));
    expect(summary(score, T + WINDOW_MS - 1).calls).toBe(8);
    expect(summary(score, T + WINDOW_MS).calls).toBe(1);
    expect(summary(after(score, sample(T + WINDOW_MS)), T + WINDOW_MS).calls).toBe(2);
    expect(summary(score, T + 2 * WINDOW_MS)).toEqual(NOTHING_KNOWN);
  });

  test('does not grow with calls or time', () => {
    const day = Array.from({ length: 8_640 }, (_, index) => sample(T + index * 10_000));
    expect(after(NO_SCORE, ...day).slots).toHaveLength(30);
  });

  test('loses no call when the clock is set back', () => {
    expect(summary(after(NO_SCORE, sample(T), sample(T - 20_000)), T).calls).toBe(2);
  });
});

describe('a ratio', () => {
  const seen = (more: Partial<ScoreSummary>): ScoreSummary => ({ ...NOTHING_KNOWN, ...more });

  test('is unknown with fewer than five samples', () => {
    expect(successRatio(seen({ calls: 4, succeeded: 0 }))).toBeNull();
    expect(qualityRatio(seen({ answers: 4, goodAnswers: 0 }))).toBeNull();
    expect(qualityRatio(seen({ calls: 100, succeeded: 100 }))).toBeNull();
  });

  test('is the good ones among all with five', () => {
    expect(successRatio(seen({ calls: 5, succeeded: 4 }))).toBe(0.8);
    expect(qualityRatio(seen({ answers: 5, goodAnswers: 0 }))).toBe(0);
  });
});

describe('a call that was cut off', () => {
  const cutOff = (score: ScoreWindow, atMs: number, silentMs: number) =>
    withSilence(score, { atMs, silentMs }, WINDOW_MS);
  const known = after(NO_SCORE, ...times(20, sample(T)));

  test('is one that took longer than that, and nothing else', () => {
    const { totalP50Ms, totalP95Ms, ...rest } = summary(cutOff(known, T, 8_000), T);
    const { totalP50Ms: middleMs, totalP95Ms: beforeMs, ...before } = summary(known, T);
    expect(rest).toEqual(before);
    expect(totalP50Ms).toBe(middleMs);
    expect(totalP95Ms).toBe(beforeMs);
    const { totalP95Ms: laterMs } = summary(cutOff(cutOff(known, T, 8_000), T, 8_000), T);
    expect(laterMs).toBeGreaterThanOrEqual(8_000);
    expect(laterMs).toBeLessThanOrEqual(8_000 * 1.125);
  });

  test('is forgotten with its window, and is counted in a slot of its own time', () => {
    const score = cutOff(known, T + 100_000, 8_000);
    expect(summary(score, T + WINDOW_MS)).toMatchObject({ calls: 0, totalP95Ms: expect.any(Number) });
    expect(summary(score, T + 2 * WINDOW_MS)).toEqual(NOTHING_KNOWN);
  });
});

describe('the recent p95', () => {
  const p95 = (answers: number) => recentP95Ms({ ...NOTHING_KNOWN, calls: 100, answers, totalP95Ms: 1_000 });

  test('is unknown below five answers, however many calls there were', () => {
    expect(p95(0)).toBeNull();
    expect(p95(4)).toBeNull();
    expect(p95(5)).toBe(1_000);
  });

  test('is unknown when no whole answer was timed', () => {
    expect(recentP95Ms({ ...NOTHING_KNOWN, calls: 9, answers: 9 })).toBeNull();
  });
});

describe('the windows of several processes together', () => {
  test('add up, and their quantiles count by calls', () => {
    const few = { calls: 10, succeeded: 5, answers: 5, goodAnswers: 4, totalP50Ms: 1_000, totalP95Ms: null };
    const many = { calls: 30, succeeded: 30, answers: 30, goodAnswers: 30, totalP50Ms: 2_000, totalP95Ms: 9_000 };
    expect(combined([few, many].map((one) => ({ ...NOTHING_KNOWN, ...one })))).toEqual({
      calls: 40,
      succeeded: 35,
      answers: 35,
      goodAnswers: 34,
      firstTokenP50Ms: null,
      firstTokenP95Ms: null,
      totalP50Ms: 1_750,
      totalP95Ms: 9_000,
    });
  });

  test('are nothing without any, and one alone is itself', () => {
    const one = { ...NOTHING_KNOWN, calls: 1, firstTokenP50Ms: 7 };
    expect(combined([])).toEqual(NOTHING_KNOWN);
    expect(combined([one])).toEqual(one);
  });
});

describe('a latency spike', () => {
  const spike = (score: ScoreWindow, nowMs: number, known: Spike | null = null) =>
    spikeOf({ score, spike: known, nowMs, windowMs: WINDOW_MS });
  /** A call every ten seconds for `count` of them, up to and including `T`. */
  const calm = (count: number, more: Partial<Sample> = {}) =>
    Array.from({ length: count }, (_, index) => sample(T - (count - 1 - index) * 10_000, more));
  const NOW = T + 30_000;
  const recently = (count: number, firstTokenMs: number) =>
    Array.from({ length: count }, (_, index) => sample(NOW - count + index, { firstTokenMs }));

  test('is none when calls take half again the 95th percentile of before', () => {
    // Two in 28 took 400 ms, so that is what 95 % do not exceed. Durations are known to an eighth.
    const before = [...calm(26), sample(T, { firstTokenMs: 400 }), sample(T, { firstTokenMs: 400 })];
    expect(spike(after(NO_SCORE, ...before, ...recently(5, (400 * 1.5) / 1.125)), NOW)).toBeNull();
    expect(spike(after(NO_SCORE, ...before, ...recently(5, 400 * 1.125 * 1.5 + 1)), NOW)).not.toBeNull();
  });

  test('is none with too few calls lately, or too few before', () => {
    expect(spike(after(NO_SCORE, ...calm(26), ...recently(4, 5_000)), NOW)).toBeNull();
    expect(spike(after(NO_SCORE, ...calm(19), ...recently(5, 5_000)), NOW)).toBeNull();
    expect(spike(after(NO_SCORE, ...calm(20), ...recently(5, 5_000)), NOW)).not.toBeNull();
  });

  test('is none when one call in two takes long', () => {
    const mixed = [...recently(5, 5_000), ...recently(5, 200)];
    expect(spike(after(NO_SCORE, ...calm(26), ...mixed), NOW)).toBeNull();
  });

  test('begins when it is seen, with its limit', () => {
    const begun = spike(after(NO_SCORE, ...calm(26), ...recently(5, 5_000)), NOW);
    expect(begun?.sinceMs).toBe(NOW);
    expect(begun?.limitMs).toBeGreaterThanOrEqual(200 * 1.5);
    expect(begun?.limitMs).toBeLessThanOrEqual(200 * 1.125 * 1.5);
  });

  test('is seen by whole answers where there are no first tokens', () => {
    const whole = (more: Partial<Sample>) => ({ ...more, firstTokenMs: null });
    const slow = recently(5, 0).map((one) => ({ ...one, firstTokenMs: null, totalMs: 5_000 }));
    expect(spike(after(NO_SCORE, ...calm(26, whole({})), ...slow), NOW)).not.toBeNull();
    expect(spike(after(NO_SCORE, ...calm(26, whole({ totalMs: 5_000 })), ...slow), NOW)).toBeNull();
  });

  const begun: Spike = { sinceMs: NOW, limitMs: 300 };
  const LATER = NOW + 60_000;
  const later = (count: number, firstTokenMs: number, atMs = LATER) => times(count, sample(atMs, { firstTokenMs }));

  test('goes on while calls are above its limit, also when its own calls have become the range of before', () => {
    const slow = Array.from({ length: 30 }, (_, index) => sample(NOW + index * 5_000, { firstTokenMs: 5_000 }));
    const score = after(NO_SCORE, ...slow, ...later(5, 5_000, NOW + 200_000));
    expect(spike(score, NOW + 200_000)).toBeNull();
    expect(spike(score, NOW + 200_000, begun)).toBe(begun);
  });

  test('ends when three calls are within its limit, not two', () => {
    expect(spike(after(NO_SCORE, ...later(2, 200)), LATER, begun)).toBe(begun);
    expect(spike(after(NO_SCORE, ...later(3, 200)), LATER, begun)).toBeNull();
  });

  test('ends within the limit at which it began, well above the usual', () => {
    expect(spike(after(NO_SCORE, ...later(5, 260)), LATER, begun)).toBeNull();
    expect(spike(after(NO_SCORE, ...later(5, 340)), LATER, begun)).toBe(begun);
  });

  test('goes on for a window while nobody calls, and is forgotten then', () => {
    expect(spike(NO_SCORE, NOW + WINDOW_MS, begun)).toBe(begun);
    expect(spike(NO_SCORE, NOW + WINDOW_MS + 1, begun)).toBeNull();
  });

  test('ends after a window by the few calls that a target gets which is ranked down', () => {
    const pings = (firstTokenMs: number) =>
      Array.from({ length: 21 }, (_, index) => sample(NOW + index * 15_000, { firstTokenMs, totalMs: null }));
    const pingedMs = NOW + 20 * 15_000 + 1;
    expect(spike(after(NO_SCORE, ...pings(5_000)), pingedMs, begun)).toBe(begun);
    expect(spike(after(NO_SCORE, ...pings(200)), pingedMs, begun)).toBeNull();
  });
});
