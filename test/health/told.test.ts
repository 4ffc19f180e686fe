// What the end of a call or a ping tells of its target, and what that changes.

import { describe, expect, test } from 'vitest';
import type { FailureKind } from '../../src/domain/failure.ts';
import { failureTable } from '../../src/domain/failure.ts';
import { BREAK_MS, kinds, SETTINGS, T, TestHealth } from './health-setup.ts';

describe('the end of a call', () => {
  test('a provider that asks to be left alone for longer than the call can wait is left alone until then', () => {
    const one = new TestHealth();
    one.ends('a/1', 'rate-limited', { outForMs: 3_600_000 });
    expect(one.health.admit('a/1', null)).toEqual({ type: 'refused', retryAfterMs: 3_600_000 });
    expect(one.callable).toEqual(['a/2', 'b/1']);
    one.pass(3_600_000);
    expect(one.health.admit('a/1', null)).toEqual({ type: 'admitted', isProbe: true });
  });

  test('a rate limit that the call waits for takes nothing out', () => {
    const one = new TestHealth();
    for (let count = 0; count < 50; count += 1) one.ends('a/1', 'rate-limited');
    expect(one.callable).toEqual(['a/1', 'a/2', 'b/1']);
  });

  const ofTheRequest: readonly FailureKind[] = [
    'invalid-request',
    'unsupported',
    'context-too-long',
    'content-filtered',
    'refused',
    'model-not-found',
  ];

  test.each(ofTheRequest)("%s is the request's fault: it changes neither circuits nor scores", (kind) => {
    const one = new TestHealth();
    for (let count = 0; count < 50; count += 1) one.ends('a/1', kind);
    expect(one.callable).toEqual(['a/1', 'a/2', 'b/1']);
    expect(one.health.view('a/1', null)).toMatchObject({ health: 'healthy', score: { calls: 0 } });
  });

  const refusedByUs = kinds.filter((kind) => ['alive', 'nothing'].includes(tells(kind)));

  test.each(refusedByUs)('%s of a request that did not go out changes nothing, nor that nobody was heard', (kind) => {
    const one = new TestHealth();
    for (let count = 0; count < 50; count += 1) one.ends('a/1', kind, { isSent: false });
    expect(one.health.takeReport('one')).toBeNull();
    expect(one.changes).toEqual([]);
    expect(one.health.silentMs('a/1')).toBe(T);
  });

  test("a target goes by the settings of its own, else by its provider's", () => {
    const { default: general } = SETTINGS.breakers;
    const byKey = { a: { ...general, minimumCalls: 2 }, 'a/2': { ...general, minimumCalls: 1 } };
    const one = new TestHealth(['a/1', 'a/2', 'b/1'], {
      settings: { ...SETTINGS, breakers: { default: general, byKey } },
    });
    for (const name of ['a/1', 'a/2', 'b/1']) one.ends(name, 'server-error');
    expect(one.callable).toEqual(['a/1', 'b/1']);
    for (const name of ['a/1', 'b/1']) one.ends(name, 'server-error');
    expect(one.callable).toEqual(['b/1']);
  });
});

describe('a ping', () => {
  test('that fails twice opens the circuit with no other call', () => {
    const one = new TestHealth();
    one.pings('a/1', 'timeout');
    expect(one.callable).toContain('a/1');
    one.pass(15_000);
    one.pings('a/1', 'connection');
    expect(one.health.view('a/1', null).breaker).toMatchObject({ state: 'open', cause: 'pings' });
  });

  test.each<FailureKind>([
    'empty',
    'malformed',
    'truncated',
    'refused',
  ])('that ended as %s was answered, and that is what it asked', (kind) => {
    const one = new TestHealth();
    one.pings('a/1', 'timeout');
    one.pings('a/1', kind);
    one.pings('a/1', 'timeout');
    expect(one.callable).toContain('a/1');
  });

  test('is needed when nothing has told of a target for long', () => {
    const one = new TestHealth();
    one.pass(5_000);
    one.ends('a/1', 'server-error');
    one.pass(7_000);
    expect(one.health.silentMs('a/1')).toBe(7_000);
    one.ends('a/1', 'cancelled');
    expect(one.health.silentMs('a/1')).toBe(7_000);
  });

  test('closes a half-open circuit', () => {
    const one = new TestHealth();
    one.breaks('a/1');
    one.pass(BREAK_MS);
    expect(one.health.admit('a/1', null)).toEqual({ type: 'admitted', isProbe: true });
    one.ends('a/1', null, { isPing: true, isProbe: true });
    expect(one.callable).toContain('a/1');
  });
});

function tells(kind: FailureKind): string {
  return failureTable[kind].tells;
}
