// When a parked inference may go on.

import { describe, expect, test } from 'vitest';
import { CLOSED, closed, isolated, opened, restored } from '../../src/domain/circuit.ts';
import { BREAK_MS, T, TestHealth } from './health-setup.ts';

/** Parked at `T`, for `a/1` alone unless told. */
const mayResume = ({ health }: TestHealth, more: { targets?: string[]; sinceMs?: number; hasRested?: boolean } = {}) =>
  health.mayResume({ targets: ['a/1'], sinceMs: T, hasRested: false, ...more });

describe('a parked inference', () => {
  test('waits while its target is out, however long it has rested', () => {
    const one = new TestHealth();
    one.breaks('a/1');
    expect(mayResume(one, { hasRested: true })).toBe(false);
    one.health.hear({ 'a/1': isolated(CLOSED, T) });
    one.pass(100 * BREAK_MS);
    expect(mayResume(one, { hasRested: true })).toBe(false);
  });

  test('waits for a target that was never out until it has rested', () => {
    const one = new TestHealth();
    expect(mayResume(one)).toBe(false);
    expect(mayResume(one, { hasRested: true })).toBe(true);
  });

  test('goes on at once when a target of it has come back since, and not when that was before', () => {
    const one = new TestHealth();
    const circuit = closed(opened(CLOSED, { atMs: T - 40_000, untilMs: T - 10_000, cause: 'timeout' }), T + 5_000);
    one.health.hear({ 'a/1': circuit });
    expect(mayResume(one, { targets: ['b/1', 'a/1'] })).toBe(true);
    expect(mayResume(one, { sinceMs: T + 5_000 })).toBe(false);
    expect(mayResume(one, { targets: ['a/2', 'b/1'] })).toBe(false);
  });

  test('goes on when the account of its target has come back', () => {
    const one = new TestHealth();
    one.ends('a/2', 'auth');
    expect(mayResume(one, { hasRested: true })).toBe(false);
    one.pass(BREAK_MS);
    one.pings('a/2', null);
    expect(mayResume(one)).toBe(true);
  });

  test('goes on when an operator restored its target', () => {
    const one = new TestHealth();
    one.health.hear({ 'a/1': restored(isolated(CLOSED, T), T + 1) });
    expect(mayResume(one)).toBe(true);
  });
});

describe('of those who wait for a half-open target', () => {
  function halfOpen(): TestHealth {
    const one = new TestHealth();
    one.breaks('a/1');
    one.pass(BREAK_MS);
    return one;
  }

  test('one goes on, to be its probe', () => {
    const one = halfOpen();
    expect([1, 2, 3].map(() => mayResume(one, { hasRested: true }))).toEqual([true, false, false]);
  });

  test('one goes on in each break, should the first have got nowhere', () => {
    const one = halfOpen();
    mayResume(one);
    one.pass(BREAK_MS - 1);
    expect(mayResume(one)).toBe(false);
    one.pass(1);
    expect([mayResume(one), mayResume(one)]).toEqual([true, false]);
  });

  test('nobody goes on while a probe is under way', () => {
    const one = halfOpen();
    one.health.admit('a/1', null);
    expect(mayResume(one, { hasRested: true })).toBe(false);
  });

  test('all go on when the probe has succeeded', () => {
    const one = halfOpen();
    mayResume(one);
    one.health.admit('a/1', null);
    one.ends('a/1', null, { isProbe: true });
    expect([1, 2, 3].map(() => mayResume(one))).toEqual([true, true, true]);
  });
});
