// How long lines are kept: while somebody waits or calls, and for those who come back.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LineHub } from '../../src/lines/hub.ts';

const KEPT_MS = 60_000;
let hub: LineHub;

beforeEach(() => {
  vi.useFakeTimers();
  hub = new LineHub({ keptMs: KEPT_MS });
});
afterEach(() => vi.useRealTimers());

function attach(token: string) {
  const line = hub.find(token);
  if (!line) throw new Error('The line is gone.');
  return line.attach({ target: 'one/m1', runId: 'run-1', isRacing: false });
}

test('a line is found by its token alone, and each has one of its own', () => {
  const [first, second] = [hub.hold(true), hub.hold(true)];
  expect(first.address.token).not.toBe(second.address.token);
  expect(hub.find(first.address.token)?.address).toEqual(first.address);
  expect(hub.find('another')).toBeNull();
});

test('a line without tokens is gone with its client', () => {
  const held = hub.hold(false);
  held.leave();
  expect(hub.find(held.address.token)).toBeNull();
});

test('a line without tokens is kept for its call, and gone with that', () => {
  const held = hub.hold(false);
  const call = attach(held.address.token);
  held.leave();
  expect(hub.find(held.address.token)).not.toBeNull();
  call.end(null);
  expect(hub.find(held.address.token)).toBeNull();
});

test('a live line is kept for a client that comes back, also before the first token', () => {
  const held = hub.hold(true);
  held.leave();
  vi.advanceTimersByTime(KEPT_MS - 1);
  expect(hub.find(held.address.token)).not.toBeNull();
  vi.advanceTimersByTime(2);
  expect(hub.find(held.address.token)).toBeNull();
});

test('a live line whose client has hung up is gone with its call: a replay of its inference is not to hear of that', () => {
  const held = hub.hold(true);
  const { token } = held.address;
  const call = attach(token);
  held.hangUp('run-1');
  held.leave();
  expect(hub.find(token)).not.toBeNull();
  call.end('cancelled');
  expect(hub.find(token)).toBeNull();
});

test('a live line is kept as long as it is in use, and then for a while', () => {
  const held = hub.hold(true);
  const { token } = held.address;
  const call = attach(token);
  held.leave();
  vi.advanceTimersByTime(2 * KEPT_MS);
  call.pass('Hello', 'model');
  call.end(null);
  vi.advanceTimersByTime(KEPT_MS - 1);
  const again = hub.find(token)?.hold();
  expect(again?.pieces).toEqual(['Hello']);
  vi.advanceTimersByTime(2 * KEPT_MS);
  expect(hub.find(token)).not.toBeNull();
  again?.leave();
  again?.leave();
  vi.advanceTimersByTime(KEPT_MS + 1);
  expect(hub.find(token)).toBeNull();
});
