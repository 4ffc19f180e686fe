// What the end of an attempt or a ping tells of its target, for the breaker and for the score. Pure.

import type { FailureKind } from '../domain/failure.ts';
import { failureTable } from '../domain/failure.ts';
import type { Sample } from '../domain/score.ts';

/** How an attempt or a ping ended. */
export interface Ended {
  readonly target: string;
  /** Null: it succeeded. */
  readonly kind: FailureKind | null;
  /** It was admitted as the probe of a half-open circuit. */
  readonly isProbe: boolean;
  readonly isPing: boolean;
  /** The request went out to the provider. */
  readonly isSent: boolean;
  readonly durationMs: number;
  readonly firstTokenMs: number | null;
  /** When to come back, in the provider's own words, if nobody waits for that: the target stays out until then. */
  readonly outForMs?: number;
}

type Tells = (typeof failureTable)[keyof typeof failureTable]['tells'] | 'well';

export function tellsOf({ kind, isPing, isSent }: Pick<Ended, 'kind' | 'isPing' | 'isSent'>): Tells {
  if (kind === null) return 'well';
  const { tells, isPoor } = failureTable[kind];
  // Refused by ourselves, before the provider saw it.
  if (tells === 'alive' && !isSent) return 'nothing';
  // Nobody reads the answer to a ping: that there was one is what was asked.
  return isPing && (tells === 'alive' || isPoor) ? 'well' : tells;
}

/** Null when it says nothing about how well the target serves: the fault was the request's. */
export function sampleOf(end: Ended, atMs: number): Sample | null {
  const { kind, isPing, firstTokenMs, durationMs } = end;
  const tells = tellsOf(end);
  const isPoor = kind !== null && failureTable[kind].isPoor === true;
  if (tells === 'nothing' || (tells === 'alive' && !isPoor)) return null;
  return {
    atMs,
    hasSucceeded: tells === 'well' || tells === 'alive',
    isGood: isPing || (kind !== null && !isPoor) ? null : !isPoor,
    firstTokenMs,
    totalMs: kind === null && !isPing ? durationMs : null,
  };
}
