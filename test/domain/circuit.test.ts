// The circuit as plain data: its states, and that processes which tell each other in whatever order end with the same.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Circuit, CircuitCause } from '../../src/domain/circuit.ts';
import {
  backSinceMs,
  CLOSED,
  circuitState,
  closed,
  isolated,
  isSameCircuit,
  merged,
  opened,
  restored,
} from '../../src/domain/circuit.ts';

const broken = (atMs: number, untilMs: number, cause: CircuitCause = 'server-error') =>
  opened(CLOSED, { atMs, untilMs, cause });

describe('a circuit', () => {
  test.each<[string, Circuit, number, string]>([
    ['that nothing has happened to', CLOSED, 1_000, 'closed'],
    ['just before its break ends', broken(1_000, 31_000), 30_999, 'open'],
    ['when its break has ended', broken(1_000, 31_000), 31_000, 'half-open'],
    ['hours after its break has ended', broken(1_000, 31_000), 9_000_000, 'half-open'],
    ['whose probe succeeded when the break ended', closed(broken(1_000, 31_000), 31_000), 31_000, 'closed'],
    ['whose probe succeeded later', closed(broken(1_000, 31_000), 40_000), 40_000, 'closed'],
    ['that an operator isolated', isolated(CLOSED, 5_000), 9_000_000, 'isolated'],
    ['that was isolated while open', isolated(broken(1_000, 31_000), 5_000), 40_000, 'isolated'],
    ['whose break ended while it was isolated', closed(isolated(broken(1, 31), 5), 40), 50, 'isolated'],
    ['that was restored', restored(isolated(broken(1_000, 31_000), 5_000), 6_000), 6_000, 'closed'],
  ])('%s', (_, circuit, nowMs, state) => {
    expect(circuitState(circuit, nowMs)).toBe(state);
  });

  test('is not closed before its break ends', () => {
    const circuit = broken(1_000, 31_000);
    expect(closed(circuit, 30_999)).toBe(circuit);
  });

  test('that is open is not opened for a shorter time, in whatever order both are told', () => {
    const long = { atMs: 1_000, untilMs: 3_600_000, cause: 'rate-limited' } as const;
    const short = { atMs: 2_000, untilMs: 32_000, cause: 'server-error' } as const;
    expect(opened(opened(CLOSED, long), short)).toEqual(opened(CLOSED, long));
    expect(opened(opened(CLOSED, short), long)).toMatchObject({ openUntilMs: 3_600_000, cause: 'rate-limited' });
    for (const [a, b] of [
      [long, short],
      [short, long],
    ] as const) {
      expect(merged(opened(CLOSED, a), opened(CLOSED, b))).toEqual(opened(CLOSED, long));
    }
  });

  test('a failed probe opens it again, since it first went out', () => {
    const again = opened(broken(1_000, 31_000), { atMs: 31_000, untilMs: 61_000, cause: 'timeout' });
    expect(again).toMatchObject({ openedAtMs: 1_000, openUntilMs: 61_000, cause: 'timeout' });
  });

  test('that has been closed begins its next break anew', () => {
    const next = opened(closed(broken(1_000, 31_000), 31_000), { atMs: 90_000, untilMs: 120_000, cause: 'timeout' });
    expect(next).toMatchObject({ openedAtMs: 90_000, openUntilMs: 120_000, cause: 'timeout' });
    expect(circuitState(next, 90_000)).toBe('open');
  });

  test('a success elsewhere during a break of its own does not close it', () => {
    const elsewhere = closed(broken(1_000, 31_000), 31_000);
    expect(circuitState(merged(elsewhere, broken(20_000, 50_000)), 32_000)).toBe('open');
  });

  test('after a restoration that ended a break of hours, a short break opens it as usual', () => {
    const back = restored(broken(1_000, 3 * 3_600_000, 'quota-exhausted'), 60_000);
    expect(circuitState(back, 60_000)).toBe('closed');
    const again = opened(back, { atMs: 70_000, untilMs: 100_000, cause: 'timeout' });
    expect(circuitState(again, 70_000)).toBe('open');
    expect(circuitState(merged(back, again), 99_999)).toBe('open');
    expect(circuitState(again, 100_000)).toBe('half-open');
  });

  test('what was told before a restoration does not come back after it', () => {
    const before = isolated(broken(1_000, 3_600_000), 2_000);
    const back = restored(before, 60_000);
    expect(merged(before, back)).toEqual(back);
    expect(merged(back, opened(before, { atMs: 61_000, untilMs: 9e9, cause: 'auth' }))).toEqual(back);
  });

  test('two restorations in the same millisecond, or with a clock set back, follow each other all the same', () => {
    const first = restored(CLOSED, 60_000);
    expect(restored(first, 60_000).restoredAtMs).toBe(60_001);
    expect(restored(first, 10).restoredAtMs).toBe(60_001);
  });

  test('is back since its probe or its restoration, whichever came last', () => {
    expect(backSinceMs(CLOSED)).toBe(0);
    expect(backSinceMs(closed(broken(1, 31), 40))).toBe(40);
    expect(backSinceMs(restored(closed(broken(1, 31), 40), 50))).toBe(50);
    const outAgain = opened(restored(CLOSED, 50), { atMs: 60, untilMs: 70, cause: 'timeout' });
    expect(backSinceMs(closed(outAgain, 80))).toBe(80);
  });
});

/** Small numbers, so that times and causes often are the same. */
const time = fc.nat(4);
const anyCircuit: fc.Arbitrary<Circuit> = fc.record({
  restoredAtMs: fc.nat(1),
  openUntilMs: time,
  openedAtMs: time,
  cause: fc.constantFrom<CircuitCause | null>(null, 'timeout', 'server-error', 'pings'),
  closedAtMs: time,
  isolatedAtMs: fc.nat(2),
});

describe('merging', () => {
  test('does not depend on the order', () => {
    fc.assert(
      fc.property(anyCircuit, anyCircuit, (a, b) => {
        expect(merged(a, b)).toEqual(merged(b, a));
      }),
      { numRuns: 1_000 },
    );
  });

  test('does not depend on the grouping', () => {
    fc.assert(
      fc.property(anyCircuit, anyCircuit, anyCircuit, (a, b, c) => {
        expect(merged(merged(a, b), c)).toEqual(merged(a, merged(b, c)));
      }),
      { numRuns: 3_000 },
    );
  });

  test('of what is known already changes nothing', () => {
    fc.assert(
      fc.property(anyCircuit, anyCircuit, (a, b) => {
        expect(merged(a, a)).toEqual(a);
        expect(merged(merged(a, b), b)).toEqual(merged(a, b));
      }),
      { numRuns: 1_000 },
    );
  });

  test('two circuits are the same when nothing in them differs', () => {
    fc.assert(
      fc.property(anyCircuit, anyCircuit, (a, b) => {
        expect(isSameCircuit(a, { ...a })).toBe(true);
        expect(isSameCircuit(a, b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: 1_000 },
    );
  });
});

const REPLICAS = [0, 1, 2] as const;
const pairs = REPLICAS.flatMap((to) => REPLICAS.filter((from) => from !== to).map((from) => ({ to, from })));

const event = fc.record({
  type: fc.constantFrom('opened', 'opened', 'closed', 'isolated', 'restored', 'hears'),
  replica: fc.constantFrom(...REPLICAS),
  from: fc.constantFrom(...REPLICAS),
  afterMs: fc.nat(40),
  breakMs: fc.constantFrom(1, 30, 30, 1_000),
  cause: fc.constantFrom<CircuitCause>('timeout', 'server-error', 'pings'),
});
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

function happened(circuits: readonly Circuit[], { type, replica, from, breakMs, cause }: Event, atMs: number): Circuit {
  const own = circuits[replica] ?? CLOSED;
  switch (type) {
    case 'opened':
      return opened(own, { atMs, untilMs: atMs + breakMs, cause });
    case 'closed':
      return closed(own, atMs);
    case 'isolated':
      return isolated(own, atMs);
    case 'restored':
      return restored(own, atMs);
    case 'hears':
      return merged(own, circuits[from] ?? CLOSED);
  }
}

describe('several processes', () => {
  const histories = fc.array(event, { maxLength: 30, size: 'max' });
  const skews = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20));

  function play(events: readonly Event[], skewsMs: readonly number[], each: (before: Circuit, after: Circuit) => void) {
    const circuits: Circuit[] = REPLICAS.map(() => CLOSED);
    let nowMs = 1_000;
    for (const one of events) {
      nowMs += one.afterMs;
      const before = circuits[one.replica] ?? CLOSED;
      const after = happened(circuits, one, nowMs + (skewsMs[one.replica] ?? 0));
      each(before, after);
      circuits[one.replica] = after;
    }
    return circuits;
  }

  test('that tell each other in any order, once each, end with the same circuit, whatever happened at which of them', () => {
    const orders = fc.shuffledSubarray(pairs, { minLength: pairs.length });
    fc.assert(
      fc.property(histories, skews, orders, (events, skewsMs, order) => {
        const circuits = play(events, skewsMs, () => undefined);
        for (const { to, from } of order) circuits[to] = merged(circuits[to] ?? CLOSED, circuits[from] ?? CLOSED);
        expect(circuits[1]).toEqual(circuits[0]);
        expect(circuits[2]).toEqual(circuits[0]);
      }),
      { numRuns: 1_000 },
    );
  });

  test('do not undo by old news what happened since', () => {
    fc.assert(
      fc.property(histories, skews, (events, skewsMs) => {
        play(events, skewsMs, (before, after) => {
          if (!isSameCircuit(merged(after, before), after)) expect(merged(after, before)).toEqual(after);
        });
      }),
      { numRuns: 1_000 },
    );
  });
});
