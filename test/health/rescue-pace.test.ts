// How many rescued lines are asked at once.

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RescuePace } from '../../activities/batch/rescue-pace.ts';

let waitMs = 0;

beforeEach(() => {
  waitMs = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

const paceOf = (most: number) => new RescuePace({ most, waitMs: () => waitMs });

function enterAll(pace: RescuePace): number {
  let count = 0;
  while (pace.enter()) count++;
  return count;
}

it('is a few while calls wait for their turn, so that no room is left unused', () => {
  waitMs = 1_000;
  const pace = paceOf(200);
  expect(enterAll(pace)).toBe(32);
  pace.leave();
  expect(enterAll(pace)).toBe(1);
});

it('is never more than is allowed', () => {
  const pace = paceOf(2);
  expect(enterAll(pace)).toBe(2);
  pace.leave();
  expect(enterAll(pace)).toBe(1);
});

it('doubles with each round of answers while there is room, up to the most', () => {
  const pace = paceOf(100);
  let asked = enterAll(pace);
  const rounds = [asked];
  while (asked < 100) {
    for (let line = 0; line < asked; line++) pace.leave();
    asked = enterAll(pace);
    rounds.push(asked);
  }
  expect(rounds).toEqual([32, 64, 100]);
});

it('does not grow by lines that end while others wait', () => {
  const pace = paceOf(200);
  const asked = enterAll(pace);
  waitMs = 1;
  for (let line = 0; line < asked; line++) pace.leave();
  waitMs = 0;
  expect(enterAll(pace)).toBe(32);
});

it('lets no more than a few in when room has gone, however many there were', () => {
  const pace = paceOf(200);
  for (let line = enterAll(pace); line > 0; line--) pace.leave();
  expect(enterAll(pace)).toBe(64);
  waitMs = 1;
  for (let line = 0; line < 32; line++) pace.leave();
  expect(pace.enter()).toBe(false);
  pace.leave();
  expect(pace.enter()).toBe(true);
});

it('tells of a line that has ended, and looks by itself now and then', async () => {
  vi.useFakeTimers();
  const pace = paceOf(1);
  pace.enter();
  const told = pace.changed();
  pace.leave();
  await told;
  const looked = pace.changed();
  await vi.advanceTimersByTimeAsync(250);
  await looked;
  expect(vi.getTimerCount()).toBe(0);
});
