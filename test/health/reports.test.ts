// What a process tells the others, what it takes from them, and what it keeps.

import { describe, expect, test } from 'vitest';
import { CLOSED, closed, merged, opened } from '../../src/domain/circuit.ts';
import type { HealthReport, ReportedScore, SharedHealth } from '../../src/domain/health.ts';
import { NOTHING_SHARED } from '../../src/domain/health.ts';
import { NOTHING_KNOWN } from '../../src/domain/score.ts';
import { BREAK_MS, SETTINGS, T, TestHealth, target } from './health-setup.ts';

const report = ({ health }: TestHealth) => health.takeReport('one');
const shared = (more: Partial<SharedHealth>): SharedHealth => ({ ...NOTHING_SHARED, ...more });
const broken = opened(CLOSED, { atMs: T, untilMs: T + BREAK_MS, cause: 'timeout' });

describe('a report', () => {
  test('is none when there is nothing to say', () => {
    expect(report(new TestHealth())).toBeNull();
  });

  test('tells of a circuit once, when it has changed', () => {
    const one = new TestHealth();
    one.breaks('a/1');
    expect(report(one)).toMatchObject({ from: 'one', atMs: T, circuits: { 'a/1': { openUntilMs: T + BREAK_MS } } });
    one.pass(1_000);
    expect(report(one)).toBeNull();
    one.pass(BREAK_MS);
    one.pings('a/1', null);
    expect(report(one)?.circuits).toMatchObject({ 'a/1': { closedAtMs: T + BREAK_MS + 1_000 } });
  });

  test('tells again what was in one that got lost', () => {
    const one = new TestHealth();
    one.breaks('a/1');
    const lost = report(one) as HealthReport;
    expect(Object.keys(lost).toSorted()).toEqual(['atMs', 'circuits', 'from', 'scores']);
    one.health.giveBack(lost);
    expect(report(one)).toEqual(lost);
    expect(report(one)).toBeNull();
  });

  test('does not tell what was heard from others', () => {
    const one = new TestHealth();
    one.health.hear({ 'a/1': broken });
    one.health.absorb(shared({ circuits: { 'a/1': broken } }));
    expect(report(one)).toBeNull();
    expect(one.changes).toMatchObject([{ key: 'a/1', change: 'opened', isOwn: false }]);
  });

  test('tells again of a break that nobody else knows of any more', () => {
    const one = new TestHealth();
    one.breaks('a/1');
    const { circuits = {} } = report(one) ?? {};
    one.health.absorb(shared({ circuits }));
    expect(report(one)).toBeNull();
    one.health.absorb(NOTHING_SHARED);
    expect(report(one)?.circuits).toEqual(circuits);
  });

  test('tells again of a break that is longer than the others know', () => {
    const one = new TestHealth();
    one.ends('a/1', 'rate-limited', { outForMs: 3_600_000 });
    const { circuits = {} } = report(one) ?? {};
    one.health.absorb(shared({ circuits: { 'a/1': broken } }));
    expect(report(one)?.circuits).toEqual({ 'a/1': merged(broken, circuits['a/1'] ?? CLOSED) });
  });

  test('counts failures while they are too few to open the circuit here, each time', () => {
    const one = new TestHealth();
    one.ends('a/1', 'timeout');
    one.ends('a/1', null);
    const counts = { calls: 2, faults: 1, cause: 'timeout', settings: SETTINGS.breakers.default };
    expect(report(one)?.failing).toEqual({ 'a/1': counts });
    expect(report(one)?.failing).toEqual({ 'a/1': counts });
  });

  test('counts no failures of a target that is well, or out, or whose failures are long over', () => {
    const one = new TestHealth();
    one.ends('a/1', 'timeout');
    for (let count = 0; count < 4; count += 1) one.ends('a/1', null);
    one.breaks('a/2');
    one.ends('b/1', 'timeout');
    expect(Object.keys(report(one)?.failing ?? {})).toEqual(['b/1']);
    one.pass(60_000);
    expect(report(one)?.failing).toBeUndefined();
  });

  test('tells the score of a configured target when it has changed, no more than every 15 s', () => {
    const one = new TestHealth();
    one.ends('a/1', null);
    one.ends('x/1', null);
    expect(report(one)?.scores).toMatchObject({ 'a/1': { calls: 1, succeeded: 1, atMs: T } });
    for (let count = 0; count < 9; count += 1) one.ends('a/1', 'server-error', { isProbe: true });
    one.pass(14_999);
    expect(report(one)?.scores).toBeUndefined();
    one.pass(1);
    expect(report(one)?.scores).toHaveProperty('a/1');
  });

  test('tells a score that stays as it is every two minutes and a half', () => {
    const one = new TestHealth();
    one.ends('a/1', null);
    report(one);
    one.pass(150_000);
    expect(report(one)).toBeNull();
    one.pass(1);
    expect(report(one)?.scores).toMatchObject({ 'a/1': { calls: 1, atMs: T + 150_001 } });
  });
});

describe('what others have seen', () => {
  const seen = (more: Partial<ReportedScore>): SharedHealth =>
    shared({ scores: { 'a/1': { ...NOTHING_KNOWN, calls: 100, succeeded: 10, atMs: T, ...more } } });
  const calls = (one: TestHealth) => one.health.view('a/1', null).score.calls;

  test('of a target counts when it is more than what was seen here', () => {
    const one = new TestHealth();
    one.ends('a/1', null);
    one.health.absorb(seen({}));
    expect(one.health.view('a/1', null)).toMatchObject({ health: 'degraded', score: { calls: 100 } });
    one.health.absorb(seen({ calls: 1 }));
    expect(one.health.view('a/1', null).health).toBe('healthy');
  });

  test('counts for a window and no longer', () => {
    const one = new TestHealth();
    one.health.absorb(seen({}));
    one.pass(299_999);
    expect(calls(one)).toBe(100);
    one.pass(1);
    expect(calls(one)).toBe(0);
  });

  test('says nothing of a target that has come back since, and neither does what was seen here', () => {
    const one = new TestHealth();
    one.breaks('a/1');
    one.health.absorb(seen({}));
    one.pass(BREAK_MS);
    one.pings('a/1', null);
    expect(one.health.view('a/1', null)).toMatchObject({ health: 'healthy', score: { calls: 1, succeeded: 1 } });
  });

  test('of a break makes a new process refuse at once, and start no count of its own', () => {
    const one = new TestHealth();
    one.health.absorb(shared({ circuits: { 'a/1': broken } }));
    expect(one.callable).toEqual(['a/2', 'b/1']);
    one.health.absorb(shared({ circuits: { 'a/1': closed(broken, T + BREAK_MS) } }));
    expect(one.callable).toEqual(['a/1', 'a/2', 'b/1']);
  });

  test('of a budget is shown where there is none here', () => {
    const one = new TestHealth();
    const budget = { inFlight: 1, depth: 2, waitMs: 3, allowance: 4 };
    one.health.absorb(shared({ budgets: { a: budget } }));
    expect(one.health.view('a/1', null).budget).toEqual(budget);
    expect(one.health.view('a/1', { ...budget, depth: 9 }).budget).toMatchObject({ depth: 9 });
    expect(one.health.view('b/1', null).budget).toBeNull();
  });
});

describe('a score', () => {
  const calls = (one: TestHealth) => one.health.view('a/1', null).score.calls;

  test('is as of a second ago at most', () => {
    const one = new TestHealth();
    one.ends('a/1', null);
    expect(calls(one)).toBe(1);
    one.ends('a/1', null);
    one.pass(1_000);
    expect(calls(one)).toBe(2);
  });

  test('forgets what is older than its window, also when nobody calls any more', () => {
    const one = new TestHealth();
    one.ends('a/1', null);
    one.pass(299_999);
    expect(calls(one)).toBe(1);
    one.pass(1);
    expect(calls(one)).toBe(0);
  });

  test('shows a latency spike while it lasts, and the target as degraded', () => {
    const one = new TestHealth();
    for (let count = 0; count < 20; count += 1) one.ends('a/1', null, { firstTokenMs: 200 });
    one.pass(60_000);
    for (let count = 0; count < 5; count += 1) one.ends('a/1', null, { firstTokenMs: 2_000 });
    expect(one.health.view('a/1', null)).toMatchObject({ health: 'degraded', hasSpike: true });
    one.pass(60_000);
    for (let count = 0; count < 5; count += 1) one.ends('a/1', null, { firstTokenMs: 200 });
    expect(one.health.view('a/1', null)).toMatchObject({ health: 'healthy', hasSpike: false });
  });
});

describe('a ranking', () => {
  const chain = (one: TestHealth, order: 'listed' | 'latency' = 'listed') =>
    ({ targets: one.health.targets, order }) as const;

  test('is none of a chain of one, and none that differs from the list when all is well', () => {
    const one = new TestHealth(['a/1', 'b/1']);
    expect(one.health.rank({ targets: [target('a/1')], order: 'latency' })).toBeNull();
    expect(one.health.rank(chain(one))).toBeNull();
  });

  test('goes by circuits and by how long a call would wait', () => {
    const one = new TestHealth(['a/1', 'b/1', 'c/1'], { waitMs: (name) => (name === 'b/1' ? 1_001 : 1_000) });
    one.breaks('a/1');
    expect(one.health.rank(chain(one))).toEqual([2, 1, 0]);
  });

  test('keeps its leader though a rival is a little quicker', () => {
    const one = new TestHealth(['a/1', 'b/1']);
    one.ends('a/1', null, { durationMs: 1_000 });
    expect(one.health.rank(chain(one, 'latency'))).toBeNull();
    one.ends('b/1', null, { durationMs: 900 });
    expect(one.health.rank(chain(one, 'latency'))).toBeNull();
    expect(one.health.rank({ targets: [...one.health.targets], order: 'latency' })).toEqual([1, 0]);
  });

  test('keeps its leader through a ranking in which another one leads to be seen', () => {
    const one = new TestHealth(['a/1', 'b/1']);
    for (let count = 0; count < 5; count += 1) one.ends('a/1', null, { durationMs: 1_000 });
    expect(one.health.rank(chain(one, 'latency'))).toBeNull();
    one.ends('b/1', null, { durationMs: 1_100 });
    one.chance = 0.01;
    expect(one.health.rank(chain(one, 'latency'))).toEqual([1, 0]);
    one.chance = 0.99;
    expect(one.health.rank(chain(one, 'latency'))).toBeNull();
  });
});

describe('targets that nobody configured', () => {
  test('are forgotten when they are many, but for those that are out', () => {
    const one = new TestHealth(['a/1']);
    one.ends('a/1', null);
    one.breaks('x/out');
    one.ends('x/well', null);
    const { score } = one.health.view('x/well', null);
    expect(score.calls).toBe(1);
    for (let count = 0; count < 500; count += 1) one.ends(`x/${count}`, null);
    expect(one.health.view('x/well', null).score.calls).toBe(0);
    expect(one.health.silentMs('x/well')).toBe(T);
    expect(one.health.view('a/1', null).score.calls).toBe(1);
    expect(one.state('x/out')).toBe('open');
  });
});
