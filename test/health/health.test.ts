// Who may be called: circuits of targets and of accounts, probes, and what an operator holds open.

import { describe, expect, test } from 'vitest';
import { CLOSED, isolated, opened, restored } from '../../src/domain/circuit.ts';
import type { FailureKind } from '../../src/domain/failure.ts';
import { BREAK_MS, T, TestHealth } from './health-setup.ts';

const REFUSED_FOR_BREAK = { type: 'refused', retryAfterMs: BREAK_MS };
const ADMITTED = { type: 'admitted', isProbe: false };
const PROBE = { type: 'admitted', isProbe: true };
/** A probe is under way: nobody knows for how long. */
const REFUSED_FOR_PROBE = { type: 'refused', retryAfterMs: 0 };
const REFUSED_BY_OPERATOR = { type: 'refused', retryAfterMs: null };

describe('a target that is open', () => {
  test('is refused, with the time until it may be probed', () => {
    const one = new TestHealth();
    one.breaks('a/1');
    one.pass(10_000);
    expect(one.health.admit('a/1', null)).toEqual({ type: 'refused', retryAfterMs: BREAK_MS - 10_000 });
    expect(one.callable).toEqual(['a/2', 'b/1']);
  });

  test('is refused for as long as its account is out, when that is longer', () => {
    const one = new TestHealth();
    one.breaks('a/1');
    one.pass(10_000);
    one.ends('a/2', 'auth');
    expect(one.health.admit('a/1', null)).toEqual(REFUSED_FOR_BREAK);
  });

  test('is admitted with the whole chain open, but not as a probe, and only in the first round', () => {
    const one = new TestHealth();
    const chain = ['a/1', 'b/1'];
    one.breaks('a/1');
    expect(one.health.admit('a/1', chain)).toEqual(REFUSED_FOR_BREAK);
    one.breaks('b/1');
    for (const name of chain) {
      expect(one.health.admit(name, chain)).toEqual(ADMITTED);
      expect(one.health.admit(name, null)).toEqual(REFUSED_FOR_BREAK);
    }
  });

  test('counts as open for the chain while its probe is under way', () => {
    const one = new TestHealth();
    one.breaks('a/1');
    one.pass(BREAK_MS);
    expect(one.health.admit('a/1', ['a/1'])).toEqual(PROBE);
    expect(one.health.admit('a/1', ['a/1'])).toEqual(ADMITTED);
  });

  test('is told of once', () => {
    const one = new TestHealth();
    one.breaks('a/1');
    one.breaks('a/1');
    expect(one.changes).toMatchObject([{ key: 'a/1', change: 'opened', isOwn: true }]);
  });
});

describe('a target that is half-open', () => {
  function halfOpen(): TestHealth {
    const one = new TestHealth();
    one.breaks('a/1');
    one.pass(BREAK_MS);
    return one;
  }

  test('lets one probe out and refuses a second', () => {
    const one = halfOpen();
    expect(one.health.awaitsProbe('a/1')).toBe(true);
    expect(one.health.admissionOf('a/1', null)).toEqual(PROBE);
    expect(one.health.admit('a/1', null)).toEqual(PROBE);
    expect(one.health.awaitsProbe('a/1')).toBe(false);
    expect(one.health.admit('a/1', null)).toEqual(REFUSED_FOR_PROBE);
  });

  test.each<FailureKind>([
    'cancelled',
    'worker-lost',
    'not-configured',
  ])('lets the next probe out when one ended as %s', (kind) => {
    const one = halfOpen();
    one.health.admit('a/1', null);
    one.ends('a/1', kind, { isProbe: true });
    expect(one.health.admit('a/1', null)).toEqual(PROBE);
  });

  test.each<FailureKind | null>([
    null,
    'invalid-request',
    'refused',
    'schema-invalid',
  ])('is closed by a probe that ended as %s', (kind) => {
    const one = halfOpen();
    one.health.admit('a/1', null);
    one.ends('a/1', kind, { isProbe: true });
    expect(one.health.admit('a/1', null)).toEqual(ADMITTED);
    expect(one.changes.at(-1)).toMatchObject({ key: 'a/1', change: 'closed', isOwn: true });
  });

  test.each<FailureKind>([
    'server-error',
    'rate-limited',
    'timeout',
  ])('is open for another break after a probe that ended as %s', (kind) => {
    const one = halfOpen();
    one.health.admit('a/1', null);
    one.ends('a/1', kind, { isProbe: true });
    expect(one.health.admit('a/1', null)).toEqual(REFUSED_FOR_BREAK);
    expect(one.changes).toHaveLength(1);
  });

  test('whose probe finds the account out waits for the account, and for no lost probe after it', () => {
    const one = halfOpen();
    one.health.admit('a/1', null);
    one.ends('a/1', 'auth', { isProbe: true });
    expect(one.account('a/1')).toBe('open');
    one.pass(BREAK_MS);
    expect(one.health.admit('a/1', null)).toEqual(PROBE);
    one.ends('a/1', null, { isProbe: true });
    expect(one.callable).toEqual(['a/1', 'a/2', 'b/1']);
  });
});

describe('a target that an operator isolated', () => {
  test('is never admitted, not even with its whole chain out', () => {
    const one = new TestHealth(['a/1', 'b/1']);
    one.health.hear({ 'a/1': isolated(CLOSED, T) });
    one.breaks('b/1');
    expect(one.health.admit('a/1', ['a/1', 'b/1'])).toEqual(REFUSED_BY_OPERATOR);
    expect(one.health.admit('b/1', ['a/1', 'b/1'])).toEqual(ADMITTED);
    one.pass(10 * BREAK_MS);
    expect(one.health.admit('a/1', ['a/1'])).toEqual(REFUSED_BY_OPERATOR);
  });

  test('is admitted when it is restored', () => {
    const one = new TestHealth();
    const held = isolated(opened(CLOSED, { atMs: T, untilMs: T + 9e9, cause: 'timeout' }), T);
    one.health.hear({ 'a/1': held });
    one.health.hear({ 'a/1': restored(held, T + 1) });
    expect(one.health.admit('a/1', null)).toEqual(ADMITTED);
    expect(one.changes).toMatchObject([
      { change: 'opened', isOwn: false },
      { change: 'closed', isOwn: false },
    ]);
  });
});

describe('an account', () => {
  test.each<FailureKind>([
    'auth',
    'quota-exhausted',
  ])('that failed with %s takes out all targets of its provider, and no other', (kind) => {
    const one = new TestHealth();
    one.ends('a/1', kind);
    expect(one.callable).toEqual(['b/1']);
    expect([one.state('a/1'), one.account('a/1'), one.account('b/1')]).toEqual(['closed', 'open', 'closed']);
    expect(one.changes).toMatchObject([{ key: 'a', change: 'opened' }]);
  });

  test('is out until its provider says, by any of its targets', () => {
    const one = new TestHealth();
    one.ends('a/1', 'quota-exhausted', { outForMs: 7_200_000 });
    one.ends('a/2', 'quota-exhausted');
    expect(one.health.admit('a/2', null)).toEqual({ type: 'refused', retryAfterMs: 7_200_000 });
  });

  test('lets one probe out for all its targets, and is back for all of them', () => {
    const one = new TestHealth();
    one.ends('a/1', 'auth');
    one.pass(BREAK_MS);
    expect(one.health.admit('a/2', null)).toEqual(PROBE);
    expect(one.health.admit('a/1', null)).toEqual(REFUSED_FOR_PROBE);
    one.ends('a/2', null, { isProbe: true });
    expect(one.health.admit('a/1', null)).toEqual(ADMITTED);
  });

  test('is back though the target that probed it has no room', () => {
    const one = new TestHealth();
    one.ends('a/1', 'auth');
    one.pass(BREAK_MS);
    one.health.admit('a/2', null);
    one.ends('a/2', 'rate-limited', { isProbe: true });
    expect(one.account('a/1')).toBe('closed');
    expect(one.state('a/2')).toBe('closed');
  });

  test('whose provider could not be reached is not back', () => {
    const one = new TestHealth();
    one.ends('a/1', 'auth');
    one.pass(BREAK_MS);
    one.health.admit('a/2', null);
    one.ends('a/2', 'connection', { isProbe: true });
    expect(one.account('a/1')).toBe('half-open');
    expect(one.health.admit('a/2', null)).toEqual(PROBE);
  });

  test('is out by a ping as by a call', () => {
    const one = new TestHealth();
    one.pings('a/1', 'auth');
    expect(one.callable).toEqual(['b/1']);
  });
});

test('a provider may have the name of what every object has', () => {
  const one = new TestHealth(['constructor/1', 'constructor/toString', 'valueOf/1']);
  expect(one.callable).toHaveLength(3);
  one.ends('constructor/1', 'auth');
  expect(one.callable).toEqual(['valueOf/1']);
  one.breaks('valueOf/1');
  expect(one.health.view('constructor/1', null)).toMatchObject({ health: 'out', budget: null });
  one.health.absorb({ circuits: {}, scores: {}, budgets: {} });
  expect(Object.keys(one.health.takeReport('one')?.circuits ?? {}).toSorted()).toEqual(['constructor', 'valueOf/1']);
});
