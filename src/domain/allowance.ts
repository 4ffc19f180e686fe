// How many calls a degraded provider gets at once, as a pure reducer: halved when it has no room, grown slowly while
// it answers (additive increase, multiplicative decrease). It knows nothing of configured limits but the ceiling.

import type { Told } from './breaker.ts';

export interface Allowance {
  /** Calls that may be in flight; null: the provider is not degraded. */
  readonly calls: number | null;
  /** It has come back and is eased in: grows by one for every success, and so doubles per round. */
  readonly isStarting: boolean;
  /** Since `calls` last grew. */
  readonly successes: number;
  /** Where there is no ceiling, so many calls end the degradation. */
  readonly goal: number;
  /** Rises by `FAULT` with a fault, falls by one with a success. */
  readonly suspicion: number;
  /** Calls begun by then tell nothing of the time after it: one crowd cuts once, not once per call. */
  readonly cutAtMs: number;
}

export type AllowanceEvent =
  /** A target came back after having been out. */
  | { readonly type: 'returned'; readonly atMs: number; readonly inFlight: number }
  | {
      readonly type: 'ended';
      readonly told: Told;
      readonly beganAtMs: number;
      readonly atMs: number;
      /** This one included. */
      readonly inFlight: number;
      readonly waiting: number;
      /** Calls that the limits let in flight; null: no limit. */
      readonly ceiling: number | null;
    };

export const NOT_DEGRADED: Allowance = {
  calls: null,
  isStarting: false,
  successes: 0,
  goal: 0,
  suspicion: 0,
  cutAtMs: Number.NEGATIVE_INFINITY,
};

export function reduceAllowance(allowance: Allowance, event: AllowanceEvent): Allowance {
  if (event.type === 'returned') return starting(allowance, event);
  if (event.beganAtMs <= allowance.cutAtMs) return allowance;
  switch (event.told) {
    case 'crowded':
      return cut(allowance, event);
    case 'fault': {
      // One fault is the breaker's business, and so are rare ones: half of the throughput is a high price for chance.
      const suspicion = allowance.suspicion + FAULT;
      return suspicion > SUSPECTED ? cut(allowance, event) : { ...allowance, suspicion };
    }
    case 'well':
      return grown({ ...allowance, suspicion: Math.max(0, allowance.suspicion - 1) }, event);
    case 'alive':
    case 'nothing':
      return allowance;
  }
}

/** A fault is forgotten after so many successes. */
const FAULT = 10;
/** More than this cuts: the third fault in a row, or more than about one in ten for a while. */
const SUSPECTED = 20;

/** What a provider gets at first when it has come back. */
const STARTING_CALLS = 8;
/** So many at once are no longer the degraded provider that a few calls had found. */
const MINIMUM_GOAL = 16;

type Ended = Extract<AllowanceEvent, { type: 'ended' }>;

function cut(allowance: Allowance, { atMs, inFlight }: Ended): Allowance {
  const calls = Math.max(1, Math.floor(Math.min(inFlight, allowance.calls ?? inFlight) / 2));
  return { ...NOT_DEGRADED, calls, goal: goalFrom(allowance, inFlight), cutAtMs: atMs };
}

/** Calls of its other targets, which were not out, are not held back: they go on at the level they have. */
function starting(allowance: Allowance, event: { readonly atMs: number; readonly inFlight: number }): Allowance {
  const { atMs, inFlight } = event;
  const calls = Math.min(allowance.calls ?? Number.POSITIVE_INFINITY, Math.max(STARTING_CALLS, inFlight));
  return { ...NOT_DEGRADED, calls, isStarting: true, goal: goalFrom(allowance, inFlight), cutAtMs: atMs };
}

function goalFrom({ goal }: Allowance, inFlight: number): number {
  return Math.max(goal, MINIMUM_GOAL, 2 * inFlight);
}

function grown(allowance: Allowance, { ceiling, waiting }: Ended): Allowance {
  if (allowance.calls === null) return allowance;
  const successes = allowance.successes + 1;
  const isFull = allowance.isStarting || successes >= allowance.calls;
  if (!isFull) return { ...allowance, successes };
  const calls = allowance.calls + 1;
  // Without a limit nothing else would hold back those who still wait: all of them at once is what it was cut for.
  const hasEnded = ceiling === null ? calls >= allowance.goal && waiting === 0 : calls >= ceiling;
  return hasEnded ? NOT_DEGRADED : { ...allowance, calls, successes: 0 };
}
