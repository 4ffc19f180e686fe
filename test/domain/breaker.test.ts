// The circuit breaker's reducer: when it opens, what it lets through, and what it ignores.

import { describe, expect, test } from 'vitest';
import type { Breaker, BreakerEvent, BreakerSettings, Told } from '../../src/domain/breaker.ts';
import { breakerState, failureCounts, NEW_BREAKER, reduceBreaker } from '../../src/domain/breaker.ts';
import { CLOSED, isolated, opened, restored } from '../../src/domain/circuit.ts';

const SETTINGS: BreakerSettings = { windowMs: 60_000, failureRatio: 0.2, minimumCalls: 5, breakMs: 30_000 };
const T = 1_000_000;

type Settled = Extract<BreakerEvent, { type: 'settled' }>;

const call = (told: Told, atMs = T, more: Partial<Settled> = {}): Settled => ({
  type: 'settled',
  atMs,
  told,
  cause: 'server-error',
  isProbe: false,
  isPing: false,
  outUntilMs: 0,
  ...more,
});
const ping = (told: Told, atMs = T) => call(told, atMs, { isPing: true });
const probe = (told: Told, atMs: number) => call(told, atMs, { isProbe: true, cause: 'timeout' });
const times = (count: number, event: BreakerEvent) => Array.from({ length: count }, () => event);
const after = (breaker: Breaker, ...events: readonly BreakerEvent[]) =>
  events.reduce((current, event) => reduceBreaker(current, event, SETTINGS), breaker);

const OPEN = after(NEW_BREAKER, ...times(5, call('fault')));
/** Its break ends then. */
const HALF_OPEN_MS = T + 30_000;

describe('a closed circuit', () => {
  test.each([
    { well: 0, faults: 4, state: 'closed', because: 'four calls are too few' },
    { well: 0, faults: 5, state: 'open', because: 'five calls are enough' },
    { well: 4, faults: 1, state: 'closed', because: 'one in five is the limit' },
    { well: 3, faults: 2, state: 'open', because: 'two in five are above it' },
    { well: 80, faults: 20, state: 'closed', because: '20 % are the limit' },
    { well: 80, faults: 21, state: 'open', because: '21 in 101 are above it' },
  ])('is $state after $faults faults among $well good answers: $because', ({ well, faults, state }) => {
    const breaker = after(NEW_BREAKER, ...times(well, call('well')), ...times(faults, call('fault')));
    expect(breakerState(breaker, T)).toBe(state);
  });

  test('opens for a break, since now, because of the newest fault', () => {
    const cause = 'timeout';
    const breaker = after(NEW_BREAKER, ...times(4, call('fault')), call('fault', T + 5, { cause }));
    expect(breaker.circuit).toMatchObject({ openedAtMs: T + 5, openUntilMs: T + 30_005, cause });
  });

  test('does not open with a good answer, even when the share of faults is above the limit', () => {
    const breaker = after(NEW_BREAKER, ...times(4, call('fault')), call('well'));
    expect(breakerState(breaker, T)).toBe('closed');
    expect(breakerState(after(breaker, call('fault')), T)).toBe('open');
  });

  test.each(['alive', 'crowded', 'nothing'] as const)('counts no call that tells %s', (told) => {
    const breaker = after(NEW_BREAKER, call('well'), call('fault'));
    expect(after(breaker, ...times(100, call(told)))).toBe(breaker);
  });

  test('has forgotten a fault after the window', () => {
    const breaker = after(NEW_BREAKER, ...times(4, call('fault')));
    expect(breakerState(after(breaker, call('fault', T + 59_999)), T + 59_999)).toBe('open');
    expect(breakerState(after(breaker, call('fault', T + 60_000)), T + 60_000)).toBe('closed');
  });

  test('forgets good answers after the window too', () => {
    const breaker = after(NEW_BREAKER, ...times(100, call('well')), ...times(4, call('fault', T + 30_000)));
    expect(failureCounts(breaker, T + 59_999, SETTINGS)).toEqual({ calls: 104, faults: 4 });
    expect(failureCounts(breaker, T + 60_000, SETTINGS)).toEqual({ calls: 4, faults: 4 });
    expect(breakerState(after(breaker, call('fault', T + 60_000)), T + 60_000)).toBe('open');
  });

  test('loses no call when the clock is set back', () => {
    const breaker = after(NEW_BREAKER, ...times(4, call('fault', T + 10_000)), call('well', T), call('fault', T));
    expect(breakerState(breaker, T)).toBe('open');
  });

  test('keeps no more than the window, however long it runs', () => {
    const hour = Array.from({ length: 7_200 }, (_, index) => call('well', T + index * 500));
    expect(after(NEW_BREAKER, ...hour).slots).toHaveLength(60);
  });
});

describe('health pings', () => {
  test('two failed ones in a row open the circuit with no other call', () => {
    const once = after(NEW_BREAKER, ping('fault'));
    expect(breakerState(once, T)).toBe('closed');
    const twice = after(once, ping('fault', T + 15_000));
    expect(twice.circuit).toMatchObject({ openedAtMs: T + 15_000, openUntilMs: T + 45_000, cause: 'pings' });
  });

  test.each([
    ['a ping', ping('well')],
    ['a call', call('well')],
  ])('%s that succeeds between two failed ones keeps it closed', (_, success) => {
    const breaker = after(NEW_BREAKER, ping('fault'), success, ping('fault'));
    expect(breakerState(breaker, T)).toBe('closed');
    expect(breakerState(after(breaker, ping('fault')), T)).toBe('open');
  });

  test('a failed call between two pings is none of them', () => {
    expect(breakerState(after(NEW_BREAKER, ping('fault'), call('fault')), T)).toBe('closed');
  });

  test('a failed one is no call', () => {
    const breaker = after(NEW_BREAKER, ping('fault'), ...times(4, call('fault')));
    expect(breakerState(breaker, T)).toBe('closed');
  });
});

describe('an open circuit', () => {
  test('stays open for the break', () => {
    expect(breakerState(OPEN, HALF_OPEN_MS - 1)).toBe('open');
    expect(breakerState(OPEN, HALF_OPEN_MS)).toBe('half-open');
  });

  test.each(['well', 'alive', 'fault', 'crowded'] as const)('ignores a call that tells %s: it began before', (told) => {
    expect(after(OPEN, call(told, T + 20_000))).toBe(OPEN);
    expect(after(OPEN, ping(told, T + 20_000))).toBe(OPEN);
  });

  test('has forgotten what was counted before the break', () => {
    expect(OPEN.slots).toEqual([]);
    const back = after(OPEN, probe('well', HALF_OPEN_MS));
    expect(breakerState(after(back, ...times(4, call('fault', HALF_OPEN_MS))), HALF_OPEN_MS)).toBe('closed');
    expect(breakerState(after(back, ...times(5, call('fault', HALF_OPEN_MS))), HALF_OPEN_MS)).toBe('open');
  });

  test('has forgotten a failed ping of before the break', () => {
    const breaker = after(NEW_BREAKER, ping('fault'), ...times(5, call('fault')), probe('well', HALF_OPEN_MS));
    expect(breakerState(after(breaker, ping('fault', HALF_OPEN_MS)), HALF_OPEN_MS)).toBe('closed');
  });
});

describe('a half-open circuit', () => {
  const probing = after(OPEN, { type: 'probing', atMs: HALF_OPEN_MS });
  const atMs = HALF_OPEN_MS + 2_000;

  test.each(['well', 'alive'] as const)('is closed by a probe that tells %s', (told) => {
    const breaker = after(probing, probe(told, atMs));
    expect(breakerState(breaker, atMs)).toBe('closed');
    expect(breaker).toEqual({ ...NEW_BREAKER, circuit: { ...OPEN.circuit, closedAtMs: atMs } });
  });

  test.each(['fault', 'crowded'] as const)('is opened for another break by a probe that tells %s', (told) => {
    const { circuit, probeAtMs } = after(probing, probe(told, atMs));
    expect(circuit).toMatchObject({ openedAtMs: T, openUntilMs: atMs + 30_000, cause: 'timeout' });
    expect(probeAtMs).toBeNull();
  });

  test('stays half-open, for the next probe, after one that tells nothing', () => {
    const breaker = after(probing, probe('nothing', atMs));
    expect(breakerState(breaker, atMs)).toBe('half-open');
    expect(breaker.probeAtMs).toBeNull();
  });

  test.each([
    ['well', 'closed'],
    ['fault', 'open'],
  ] as const)('is judged by a ping that tells %s as by a probe', (told, state) => {
    expect(breakerState(after(OPEN, ping(told, atMs)), atMs)).toBe(state);
  });

  test.each([
    'well',
    'alive',
    'fault',
    'crowded',
  ] as const)('ignores a call that tells %s and is not the probe', (told) => {
    expect(after(probing, call(told, atMs))).toBe(probing);
  });

  test('goes on waiting for its probe when another process tells of a break', () => {
    const circuit = opened(OPEN.circuit, { atMs, untilMs: atMs + 30_000, cause: 'timeout' });
    expect(after(probing, { type: 'circuit', circuit }).probeAtMs).toBe(HALF_OPEN_MS);
  });
});

describe('a provider that says when to come back', () => {
  const later = (told: Told, outUntilMs: number) => call(told, T, { outUntilMs, cause: 'rate-limited' });

  test.each([
    'crowded',
    'fault',
    'alive',
    'nothing',
  ] as const)('is left alone until then, by one call of %s', (told) => {
    const { circuit } = after(NEW_BREAKER, later(told, T + 7_200_000));
    expect(circuit).toMatchObject({ openedAtMs: T, openUntilMs: T + 7_200_000, cause: 'rate-limited' });
  });

  test('is left alone for the break when that is longer', () => {
    expect(after(NEW_BREAKER, ...times(4, call('fault')), later('fault', T + 10)).circuit.openUntilMs).toBe(T + 30_000);
    expect(after(OPEN, later('crowded', T + 10)).circuit).toEqual(OPEN.circuit);
  });

  test('is left alone for longer when it says so during a break', () => {
    expect(after(OPEN, later('crowded', T + 90_000)).circuit.openUntilMs).toBe(T + 90_000);
  });

  test('is called when that has passed already', () => {
    expect(after(NEW_BREAKER, later('crowded', T))).toBe(NEW_BREAKER);
  });
});

describe('a circuit that an operator isolated', () => {
  const held = after(OPEN, { type: 'circuit', circuit: isolated(OPEN.circuit, T) });

  test.each(['well', 'alive', 'fault', 'crowded'] as const)('stays so whatever a probe or a ping tells: %s', (told) => {
    expect(after(held, ping(told, HALF_OPEN_MS))).toBe(held);
    expect(breakerState(after(held, probe(told, HALF_OPEN_MS)), HALF_OPEN_MS)).toBe('isolated');
  });
});

describe('news of another process', () => {
  const failing = after(NEW_BREAKER, ...times(4, call('fault')));

  test('of a break makes the counts void', () => {
    const circuit = opened(CLOSED, { atMs: T, untilMs: T + 30_000, cause: 'timeout' });
    expect(after(failing, { type: 'circuit', circuit })).toEqual({ ...NEW_BREAKER, circuit });
  });

  test('of nothing new leaves the counts', () => {
    const breaker = after(failing, { type: 'circuit', circuit: CLOSED });
    expect(breakerState(after(breaker, call('fault')), T)).toBe('open');
  });

  test('of a restoration closes it', () => {
    const breaker = after(OPEN, { type: 'circuit', circuit: restored(OPEN.circuit, T + 1) });
    expect(breakerState(breaker, T + 1)).toBe('closed');
  });
});
