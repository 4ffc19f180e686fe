// The calls that went to the primary while all of it was dead, and why Holdfast let each of them through. Pure.

import type { CircuitRecord } from './circuit-record.ts';
import type { Day } from './day.ts';
import { PLACES, SECOND_MS } from './day.ts';
import type { Way } from './providers.ts';
import type { WireCall } from './wire-calls.ts';

export interface DeadCalls {
  /** All of them. */
  readonly calls: number;
  /** Health pings, whether as probes or not. */
  readonly pings: number;
  /** The circuit was closed, or had just opened while the call was under way. */
  readonly whileClosed: number;
  /** A break was over: a single call may try. */
  readonly probes: number;
  /** Every circuit of the chain was open: then it is tried in order all the same. */
  readonly wholeChainOpen: number;
  /** None of these: a breaker that keeps its word lets none through. */
  readonly pastOpen: number;
  /** After each of them one probe is allowed. */
  readonly breaks: number;
}

export function deadCallsOf(input: {
  readonly day: Day;
  readonly way: Way;
  /** Of this way. */
  readonly calls: readonly WireCall[];
  readonly circuits: CircuitRecord;
}): DeadCalls {
  const { day, way, calls, circuits } = input;
  const { places, fromMs, toMs } = day.outage;
  const dead = calls.filter(({ place, dayMs }) => places.includes(place) && dayMs >= fromMs && dayMs < toMs);
  const reasons = dead.map((call) => reasonOf(call, way, circuits));
  const count = (reason: Reason) => reasons.filter((one) => one === reason).length;
  return {
    calls: dead.length,
    pings: count('ping'),
    whileClosed: count('closed'),
    probes: count('half-open'),
    wholeChainOpen: count('whole-chain'),
    pastOpen: count('open'),
    breaks: places
      .flatMap((place) => circuits.breaks(way, place))
      .filter(({ untilMs }) => untilMs >= fromMs && untilMs < toMs).length,
  };
}

type Reason = 'ping' | 'closed' | 'half-open' | 'whole-chain' | 'open';

function reasonOf({ place, dayMs, questionId }: WireCall, way: Way, circuits: CircuitRecord): Reason {
  if (questionId === null) return 'ping';
  const state = circuits.stateAt(way, place, dayMs, UNDER_WAY_MS);
  if (state !== 'open') return state;
  return PLACES.every((other) => circuits.stateAt(way, other, dayMs) !== 'closed') ? 'whole-chain' : 'open';
}

/** From being let through to arriving: in reality some milliseconds, on a busy machine some more. */
const UNDER_WAY_MS = 4 * SECOND_MS;
