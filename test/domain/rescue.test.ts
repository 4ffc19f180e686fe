import { expect, test } from 'vitest';
import { epochOf, epochsOfRetry, isRescuable, RESCUE_WINDOW_MS } from '../../src/domain/rescue.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.parse('2026-11-24T12:00:00.000Z');
const retry = { fingerprint: 'same', nowMs: NOW_MS };
const memo = { fingerprint: 'same' };
const running = { status: 'running', endedAt: null, memo, isBeingCancelled: false } as const;
const ended = (status: 'succeeded' | 'failed' | 'cancelled', agoMs = 0) =>
  ({ ...running, status, endedAt: new Date(NOW_MS - agoMs).toISOString() }) as const;

test.each([
  ['runs', running, true],
  ['waits for a target', { ...running, status: 'waiting' } as const, true],
  ['is being cancelled', { ...running, isBeingCancelled: true }, false],
  ['has just succeeded', ended('succeeded'), true],
  ['succeeded a minute ago', ended('succeeded', RESCUE_WINDOW_MS), true],
  ['succeeded longer ago', ended('succeeded', RESCUE_WINDOW_MS + 1), false],
  ['succeeded just now, by a clock ahead of ours', ended('succeeded', -5_000), true],
  ['has failed', ended('failed'), false],
  ['was cancelled', ended('cancelled'), false],
  ['is that of another request', { ...running, memo: { fingerprint: 'other' } }, false],
])('what %s is joined by a retry: %#', (_name, found, isJoined) => {
  expect(isRescuable(found, retry)).toBe(isJoined);
});

test('numbers begin again with each hour, whatever the time zone', () => {
  expect(epochOf(NOW_MS)).toBe(NOW_MS / HOUR_MS);
  expect(epochOf(NOW_MS + HOUR_MS - 1)).toBe(epochOf(NOW_MS));
  expect(epochOf(NOW_MS - 1)).toBe(epochOf(NOW_MS) - 1);
});

test('a retry looks in the hour before too, and in the next one, as clocks may be apart', () => {
  const epoch = epochOf(NOW_MS);
  expect(epochsOfRetry(NOW_MS, 120_000)).toEqual([epoch + 1, epoch, epoch - 1]);
  expect(epochsOfRetry(NOW_MS + 30 * 60_000, 1_000)).toEqual([epoch + 1, epoch, epoch - 1]);
});

test('a retry looks as far back as its first try may run, and a minute further', () => {
  const epoch = epochOf(NOW_MS);
  expect(epochsOfRetry(NOW_MS + 60_000, 2 * HOUR_MS)).toEqual([epoch + 1, epoch, epoch - 1, epoch - 2]);
  expect(epochsOfRetry(NOW_MS + 59_999, 2 * HOUR_MS).at(-1)).toBe(epoch - 3);
  expect(epochsOfRetry(NOW_MS, 7 * 24 * HOUR_MS)).toHaveLength(171);
});
