// How long a target's answers take at most, by which a race decides when nobody is waited for any longer.

import { describe, expect, test } from 'vitest';
import { NOTHING_SHARED } from '../../src/domain/health.ts';
import { NOTHING_KNOWN } from '../../src/domain/score.ts';
import { ScoreKeeper } from '../../src/health/score-keeper.ts';
import { T, TestHealth } from './health-setup.ts';

/** What is derived from samples is kept for a second. */
const DERIVED_MS = 1_000;

function withAnswers(count: number, durationMs = 1_000): TestHealth {
  const one = new TestHealth();
  for (let answer = 0; answer < count; answer += 1) one.ends('a/1', null, { durationMs });
  return one;
}

function p95(one: TestHealth): number {
  one.pass(DERIVED_MS);
  return one.health.recentP95Ms('a/1') ?? 0;
}

const cutOff = (one: TestHealth, durationMs: number, more: { isSent?: boolean } = {}) =>
  one.ends('a/1', 'cancelled', { durationMs, firstTokenMs: null, ...more });

describe('the recent p95 of a target', () => {
  test('is unknown below five answers', () => {
    expect(withAnswers(4).health.recentP95Ms('a/1')).toBeNull();
    expect(withAnswers(5).health.recentP95Ms('a/1')).toBeGreaterThanOrEqual(1_000);
    expect(withAnswers(5).health.recentP95Ms('a/2')).toBeNull();
  });

  test('is what others have seen, when they have seen more', () => {
    const one = withAnswers(5);
    const score = { ...NOTHING_KNOWN, calls: 50, answers: 50, totalP95Ms: 7_000, atMs: T };
    one.health.absorb({ ...NOTHING_SHARED, scores: { 'a/1': score, 'a/2': { ...score, calls: 4, answers: 4 } } });
    expect(one.health.recentP95Ms('a/1')).toBe(7_000);
    expect(one.health.recentP95Ms('a/2')).toBeNull();
  });
});

describe('a call that was cut off', () => {
  test('after it was slow keeps the p95 from coming down', () => {
    const [cut, uncut] = [withAnswers(50), withAnswers(50)];
    for (const one of [cut, uncut])
      for (let slow = 0; slow < 3; slow += 1) one.ends('a/1', null, { durationMs: 9_000 });
    expect(p95(cut)).toBeGreaterThanOrEqual(9_000);
    expect(p95(uncut)).toBeGreaterThanOrEqual(9_000);
    // From now on the slow ones lose their races: of one in ten only its silence is known.
    for (let call = 0; call < 100; call += 1) {
      for (const one of [cut, uncut]) one.ends('a/1', null, { durationMs: 1_000 });
      if (call % 10 === 0) cutOff(cut, 11_000);
    }
    expect(p95(cut)).toBeGreaterThanOrEqual(9_000);
    expect(p95(uncut)).toBeLessThan(2_000);
  });

  test('before it was slow tells nothing', () => {
    const one = withAnswers(20);
    const before = p95(one);
    const { score } = one.health.view('a/1', null);
    for (let call = 0; call < 50; call += 1) cutOff(one, 900);
    expect(p95(one)).toBe(before);
    expect(one.health.view('a/1', null).score).toEqual(score);
  });

  test('is neither a success nor a failure, and opens no circuit', () => {
    const one = withAnswers(20);
    for (let call = 0; call < 50; call += 1) cutOff(one, 20_000);
    expect(p95(one)).toBeGreaterThanOrEqual(20_000);
    expect(one.health.view('a/1', null)).toMatchObject({
      health: 'healthy',
      score: { calls: 20, succeeded: 20, answers: 20, goodAnswers: 20 },
    });
    expect(one.callable).toContain('a/1');
  });

  test('does not count as having heard of the target', () => {
    const one = withAnswers(20);
    one.pass(5_000);
    cutOff(one, 20_000);
    expect(one.health.silentMs('a/1')).toBe(5_000);
  });

  test('before it was sent tells nothing: it waited for us', () => {
    const one = withAnswers(20);
    const before = p95(one);
    for (let call = 0; call < 50; call += 1) cutOff(one, 20_000, { isSent: false });
    expect(p95(one)).toBe(before);
  });

  test('tells nothing of a target of which nothing is known', () => {
    const keeper = new ScoreKeeper(300_000);
    keeper.addSilence('a/1', { atMs: T, silentMs: 60_000 });
    expect(keeper.summary('a/1', T)).toEqual(NOTHING_KNOWN);
    // A ping tells that it is there, not how long its answers take.
    keeper.add('a/1', { atMs: T, hasSucceeded: true, isGood: null, firstTokenMs: 80, totalMs: null });
    keeper.addSilence('a/1', { atMs: T, silentMs: 60_000 });
    expect(keeper.summary('a/1', T + DERIVED_MS).totalP95Ms).toBeNull();
  });
});
