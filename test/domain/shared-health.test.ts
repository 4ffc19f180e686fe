// How the reports of all workers become what everybody shares, and that nothing of it grows for ever.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BreakerSettings } from '../../src/domain/breaker.ts';
import type { Circuit } from '../../src/domain/circuit.ts';
import { CLOSED, circuitState, closed, isolated, opened, restored } from '../../src/domain/circuit.ts';
import type { Alert, FailingCounts, HealthReport, ReportedScore } from '../../src/domain/health.ts';
import type { HealthState } from '../../src/domain/shared-health.ts';
import { NEW_HEALTH, withIsolation, withReport, withRestoration } from '../../src/domain/shared-health.ts';
import { NOTHING_KNOWN } from '../../src/domain/score.ts';

const T = 1_000_000_000;
const SETTINGS: BreakerSettings = { windowMs: 60_000, failureRatio: 0.2, minimumCalls: 5, breakMs: 30_000 };
const MINUTE_MS = 60_000;

const report = (from: string, atMs: number, more: Partial<HealthReport> = {}): HealthReport => ({
  from,
  atMs,
  ...more,
});
const told = (state: HealthState, ...reports: readonly HealthReport[]) =>
  reports.reduce((current, one) => withReport(current, one).state, state);
const broken = (atMs: number, breakMs = 30_000) =>
  opened(CLOSED, { atMs, untilMs: atMs + breakMs, cause: 'server-error' });
const stateOf = (state: HealthState, key: string, nowMs: number) =>
  circuitState(state.shared.circuits[key] ?? CLOSED, nowMs);

describe('circuits', () => {
  test('are the same for every order in which reports come', () => {
    const happening = fc.record({
      key: fc.constantFrom('a/1', 'a'),
      type: fc.constantFrom('opened', 'closed', 'isolated', 'restored'),
      afterMs: fc.nat(40_000),
      breakMs: fc.constantFrom(1_000, 30_000, 200_000),
    });
    const reportsOf = (worker: string) =>
      fc.array(happening, { maxLength: 6 }).map((all) => {
        let atMs = T;
        const circuits: Record<string, Circuit> = {};
        return all.map(({ key, type, afterMs, breakMs }): HealthReport => {
          atMs += afterMs;
          const own = circuits[key] ?? CLOSED;
          if (type === 'opened') circuits[key] = opened(own, { atMs, untilMs: atMs + breakMs, cause: 'timeout' });
          if (type === 'closed') circuits[key] = closed(own, atMs);
          if (type === 'isolated') circuits[key] = isolated(own, atMs);
          if (type === 'restored') circuits[key] = restored(own, atMs);
          return report(worker, atMs, { circuits: { ...circuits } });
        });
      });
    const shuffled = fc
      .tuple(reportsOf('one'), reportsOf('two'))
      .map((both) => both.flat())
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        expect(told(NEW_HEALTH, ...other).shared.circuits).toEqual(told(NEW_HEALTH, ...all).shared.circuits);
      }),
      { numRuns: 500 },
    );
  });

  test('that are closed are kept while somebody may not have heard of it, and then forgotten', () => {
    const back = closed(broken(T), T + 30_000);
    const state = told(NEW_HEALTH, report('one', T + 30_000, { circuits: { 'a/1': back } }));
    expect(told(state, report('one', T + 30_000 + 10 * MINUTE_MS - 1)).shared.circuits).toEqual({ 'a/1': back });
    expect(told(state, report('one', T + 30_000 + 10 * MINUTE_MS)).shared.circuits).toEqual({});
  });

  test('that are out are kept however long', () => {
    const circuits = { 'a/1': broken(T), 'b/1': isolated(CLOSED, T) };
    const state = told(NEW_HEALTH, report('one', T, { circuits }), report('one', T + 48 * 60 * MINUTE_MS));
    expect(state.shared.circuits).toEqual(circuits);
  });
});

describe('keys of what is back', () => {
  const back = (state: HealthState, circuit: Circuit, atMs: number) =>
    withReport(state, report('one', atMs, { circuits: { 'a/1': circuit } })).back;
  const out = told(NEW_HEALTH, report('one', T, { circuits: { 'a/1': broken(T) } }));

  test('are those of circuits that have closed', () => {
    expect(back(out, closed(broken(T), T + 30_000), T + 30_000)).toEqual(['a/1']);
  });

  test('are told once', () => {
    const circuit = closed(broken(T), T + 30_000);
    const state = told(out, report('two', T + 30_000, { circuits: { 'a/1': circuit } }));
    expect(back(state, circuit, T + 31_000)).toEqual([]);
  });

  test('include one that opened and closed between two reports', () => {
    expect(back(NEW_HEALTH, closed(broken(T), T + 30_000), T + 30_000)).toEqual(['a/1']);
  });

  test('are none of one that is out', () => {
    expect(back(NEW_HEALTH, broken(T), T)).toEqual([]);
    expect(back(out, opened(broken(T), { atMs: T, untilMs: T + 99_000, cause: 'timeout' }), T)).toEqual([]);
    expect(back(out, isolated(closed(broken(T), T + 30_000), T + 40_000), T + 40_000)).toEqual([]);
  });
});

describe('failing counts', () => {
  const failing = (calls: number, faults: number, more: Partial<FailingCounts> = {}) => ({
    failing: { 'a/1': { calls, faults, cause: 'timeout', settings: SETTINGS, ...more } as const },
  });

  test('of several workers open the circuit that none of them could open alone', () => {
    const one = told(NEW_HEALTH, report('one', T, failing(2, 2)));
    expect(stateOf(one, 'a/1', T)).toBe('closed');
    const two = told(one, report('two', T + 1_000, failing(2, 1)));
    expect(stateOf(two, 'a/1', T + 1_000)).toBe('closed');
    const three = told(two, report('three', T + 2_000, failing(1, 1)));
    expect(three.shared.circuits['a/1']).toMatchObject({
      openedAtMs: T + 2_000,
      openUntilMs: T + 32_000,
      cause: 'timeout',
    });
    expect(three.failing).toEqual({});
  });

  test('of one worker replace each other', () => {
    const state = told(NEW_HEALTH, ...[0, 1, 2].map((step) => report('one', T + step * 1_000, failing(4, 4))));
    expect(stateOf(state, 'a/1', T + 2_000)).toBe('closed');
  });

  test('count no longer when they were not repeated for ten seconds', () => {
    const one = told(NEW_HEALTH, report('one', T, failing(4, 4)));
    expect(stateOf(told(one, report('two', T + 9_999, failing(1, 1))), 'a/1', T + 9_999)).toBe('open');
    const late = told(one, report('two', T + 10_000, failing(1, 1)));
    expect(stateOf(late, 'a/1', T + 10_000)).toBe('closed');
    expect(told(late, report('three', T + 30_000)).failing).toEqual({});
  });

  test('neither prolong a break nor end an isolation', () => {
    for (const circuit of [broken(T), isolated(CLOSED, T)]) {
      const out = told(NEW_HEALTH, report('one', T, { circuits: { 'a/1': circuit } }));
      const state = told(out, report('two', T + 40_000, failing(50, 50)));
      expect(state.shared.circuits).toEqual({ 'a/1': circuit });
      expect(state.failing).toEqual({});
    }
  });

  test('go by the settings of the target', () => {
    const settings = { ...SETTINGS, failureRatio: 0.9, minimumCalls: 2, breakMs: 5_000 };
    expect(stateOf(told(NEW_HEALTH, report('one', T, failing(2, 1, { settings }))), 'a/1', T)).toBe('closed');
    const state = told(NEW_HEALTH, report('one', T, failing(2, 2, { settings })));
    expect(state.shared.circuits['a/1']?.openUntilMs).toBe(T + 5_000);
  });
});

describe('alerts', () => {
  const alert = (atMs: number, more: Partial<Alert> = {}): Alert => ({
    type: 'breaker-opened',
    subject: 'a/1',
    message: '',
    atMs,
    repeatAfterMs: 15 * MINUTE_MS,
    ...more,
  });
  const raised = (state: HealthState, ...alerts: readonly Alert[]) =>
    withReport(state, report('one', alerts[0]?.atMs ?? T, { alerts }));

  test('that several workers raise are raised once, and again after a while', () => {
    const first = raised(NEW_HEALTH, alert(T));
    expect(first.alerts).toEqual([alert(T)]);
    const second = raised(first.state, alert(T + 15 * MINUTE_MS - 1));
    expect(second.alerts).toEqual([]);
    expect(raised(second.state, alert(T + 15 * MINUTE_MS)).alerts).toHaveLength(1);
  });

  test('of another type or subject are others', () => {
    const { state } = raised(NEW_HEALTH, alert(T));
    expect(raised(state, alert(T, { subject: 'a/2' }), alert(T, { type: 'account-out' })).alerts).toHaveLength(2);
  });

  test('are forgotten after a day', () => {
    const { state } = raised(NEW_HEALTH, alert(T));
    expect(told(state, report('one', T + 24 * 60 * MINUTE_MS - 1)).raised).toEqual({ 'breaker-opened a/1': T });
    expect(told(state, report('one', T + 24 * 60 * MINUTE_MS)).raised).toEqual({});
  });
});

describe('scores and budgets', () => {
  const score = (atMs: number, calls: number): ReportedScore => ({ ...NOTHING_KNOWN, calls, succeeded: calls, atMs });
  const budget = (inFlight: number, allowance: number | null) => ({ inFlight, depth: 1, waitMs: inFlight, allowance });

  test('of all workers are combined, the last word of each, as of the last of them', () => {
    const state = told(
      NEW_HEALTH,
      report('one', T, { scores: { 'a/1': score(T, 50) }, budgets: { a: budget(9, 9) } }),
      report('two', T + 1_000, { scores: { 'a/1': score(T + 1_000, 7) }, budgets: { a: budget(2, 4) } }),
      report('one', T + 2_000, { scores: { 'a/1': score(T + 2_000, 10) }, budgets: { a: budget(3, 5) } }),
    );
    expect(state.shared.scores).toEqual({ 'a/1': score(T + 2_000, 17) });
    expect(state.shared.budgets).toEqual({ a: { inFlight: 5, depth: 2, waitMs: 3, allowance: 9 } });
    const unlimited = told(state, report('two', T + 2_000, { budgets: { a: budget(2, null) } }));
    expect(unlimited.shared.budgets['a']?.allowance).toBeNull();
  });

  test('that a worker has not told again are forgotten, of one that is gone too', () => {
    const state = told(NEW_HEALTH, report('one', T, { scores: { 'a/1': score(T, 5) }, budgets: { a: budget(1, 1) } }));
    expect(told(state, report('two', T + 9_999)).shared.budgets).toHaveProperty('a');
    expect(told(state, report('two', T + 10_000)).shared.budgets).toEqual({});
    expect(told(state, report('two', T + 15 * MINUTE_MS - 1)).shared.scores).toHaveProperty('a/1');
    const later = told(state, report('two', T + 15 * MINUTE_MS));
    expect(later).toEqual(NEW_HEALTH);
  });
});

test('whether there are pings is as the worker says that started last, whoever reports last', () => {
  const on = { areEnabled: true, sinceMs: T };
  const off = { areEnabled: false, sinceMs: T + 1 };
  const state = told(NEW_HEALTH, report('one', T, { pings: on }), report('two', T));
  expect(state.pings).toEqual(on);
  const newer = told(state, report('three', T, { pings: off }));
  expect(newer.pings).toEqual(off);
  expect(told(newer, report('one', T + 2, { pings: on })).pings).toEqual(off);
});

describe('an operator', () => {
  test('isolates a target until it is restored, whatever workers report', () => {
    const held = withIsolation(NEW_HEALTH, 'a/1', T);
    const later = told(held, report('one', T + 1, { circuits: { 'a/1': closed(broken(T), T + 30_000) } }));
    expect(stateOf(later, 'a/1', T + 60_000)).toBe('isolated');
    const back = withRestoration(later, 'a/1', T + 70_000);
    expect(stateOf(back, 'a/1', T + 70_000)).toBe('closed');
    expect(told(back, report('one', T + 71_000, { circuits: later.shared.circuits })).shared).toEqual(back.shared);
  });

  test('isolates one target and no other of its provider', () => {
    const held = withIsolation(NEW_HEALTH, 'a/1', T);
    expect(Object.keys(held.shared.circuits)).toEqual(['a/1']);
  });

  test('restores a target together with its account', () => {
    const circuits = { a: broken(T, 60 * MINUTE_MS), 'a/1': broken(T), 'a/2': broken(T), b: broken(T) };
    const state = withRestoration(told(NEW_HEALTH, report('one', T, { circuits })), 'a/1', T + 1_000);
    expect(['a', 'a/1', 'a/2', 'b'].map((key) => stateOf(state, key, T + 1_000))).toEqual([
      'closed',
      'closed',
      'open',
      'open',
    ]);
  });

  test.each([
    'a/1',
    'constructor/1',
    'toString/1',
  ])('restores %s without making up a circuit of its account', (target) => {
    const state = withRestoration(NEW_HEALTH, target, T);
    expect(state.shared.circuits).toEqual({ [target]: restored(CLOSED, T) });
  });
});

test('a provider may have the name of what every object has', () => {
  const circuits = { constructor: broken(T), 'constructor/1': broken(T) };
  const state = told(
    NEW_HEALTH,
    report('one', T, { circuits, budgets: { constructor: { inFlight: 1, depth: 0, waitMs: 0, allowance: 1 } } }),
  );
  expect(state.shared.circuits).toEqual(circuits);
  expect(state.shared.budgets).toEqual({ constructor: { inFlight: 1, depth: 0, waitMs: 0, allowance: 1 } });
  const back = { constructor: closed(broken(T), T + 30_000) };
  expect(withReport(state, report('one', T + 30_000, { circuits: back })).back).toEqual(['constructor']);
});
