// Why each call to the dead provider was let through, from glimpses of the circuits.

import { expect, test } from 'vitest';
import { CircuitRecord } from '../../src/cli/outage/circuit-record.ts';
import { FULL_DAY, PLACES } from '../../src/cli/outage/day.ts';
import { deadCallsOf } from '../../src/cli/outage/dead-calls.ts';
import { BREAK_MS } from '../../src/cli/outage/providers.ts';
import type { WireCall } from '../../src/cli/outage/wire-calls.ts';

const { fromMs, toMs } = FULL_DAY.outage;
const OPENED_MS = fromMs + 100_000;

/** Opens, stays open when its probe fails, and closes in the middle of the outage. */
function record(): CircuitRecord {
  const circuits = new CircuitRecord(BREAK_MS);
  const note = (state: 'open' | 'half-open' | 'closed', sinceMs: number | null, untilMs: number | null) =>
    circuits.note('synchronous', 'primary-us', { state, sinceMs, untilMs });
  note('closed', null, null);
  note('open', OPENED_MS, OPENED_MS + 30_000);
  note('open', OPENED_MS, OPENED_MS + 30_000);
  note('half-open', OPENED_MS + 30_000, null);
  note('open', OPENED_MS, OPENED_MS + 65_000);
  note('closed', OPENED_MS + 70_000, null);
  note('open', OPENED_MS + 200_000, OPENED_MS + 230_000);
  return circuits;
}

test('breaks are told apart, also when the circuit was not closed between them', () => {
  expect(record().breaks('synchronous', 'primary-us')).toEqual([
    { fromMs: OPENED_MS, untilMs: OPENED_MS + 30_000, isFirst: true },
    { fromMs: OPENED_MS + 35_000, untilMs: OPENED_MS + 65_000, isFirst: false },
    { fromMs: OPENED_MS + 200_000, untilMs: OPENED_MS + 230_000, isFirst: true },
  ]);
  expect(record().breaks('synchronous', 'primary-eu')).toEqual([]);
  expect(record().breaks('durable', 'primary-us')).toEqual([]);
});

test.each([
  ['whileClosed', -1],
  ['whileClosed', 1_000],
  ['pastOpen', 10_000],
  ['probes', 31_000],
  ['pastOpen', 36_000],
  ['probes', 66_000],
  ['whileClosed', 71_000],
  ['whileClosed', 201_000],
  ['pastOpen', 210_000],
] as const)('counts as %s at %i ms from the first opening', (reason, atMs) => {
  expect(counted([call({ dayMs: OPENED_MS + atMs })])).toMatchObject({ calls: 1, [reason]: 1 });
});

test('with every circuit of the chain open a call is no broken word, and a ping never is', () => {
  const circuits = record();
  for (const place of PLACES) {
    circuits.note('synchronous', place, { state: 'open', sinceMs: OPENED_MS + 1_000, untilMs: OPENED_MS + 31_000 });
  }
  const calls = [call({ dayMs: OPENED_MS + 10_000 }), call({ dayMs: OPENED_MS + 11_000, questionId: null })];

  expect(counted(calls, circuits)).toMatchObject({ calls: 2, wholeChainOpen: 1, pings: 1, pastOpen: 0 });
});

test('only the primary counts, and only its outage', () => {
  const calls = [
    call({ dayMs: fromMs - 1 }),
    call({ dayMs: toMs }),
    call({ dayMs: fromMs, place: 'secondary' }),
    call({ dayMs: fromMs }),
    call({ dayMs: toMs - 1, place: 'primary-eu' }),
  ];

  expect(counted(calls)).toMatchObject({ calls: 2, breaks: 3 });
});

function call(fields: Partial<WireCall>): WireCall {
  return { way: 'synchronous', place: 'primary-us', dayMs: fromMs, questionId: 'T-00001', said: null, ...fields };
}

function counted(calls: readonly WireCall[], circuits = record()) {
  return deadCallsOf({ day: FULL_DAY, way: 'synchronous', calls, circuits });
}
