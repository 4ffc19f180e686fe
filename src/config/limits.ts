// The time limits and attempts of a chain: what an entry says itself counts, what it takes over gives way to a
// tighter limit around it. Pure.

import { formatDuration } from '../domain/duration.ts';
import type { CommonSettings } from '../domain/model-settings.ts';
import type { LimitFields } from './schema.ts';
import type { FieldFault } from './schema-issues.ts';

export type Limits = Pick<
  CommonSettings,
  'attemptTimeoutMs' | 'firstTokenTimeoutMs' | 'stallTimeoutMs' | 'maxAttemptsPerTarget'
>;

/** Where neither the model nor `defaults` says anything. */
export const BUILT_IN_LIMITS: Limits = {
  attemptTimeoutMs: 60_000,
  firstTokenTimeoutMs: 30_000,
  stallTimeoutMs: 15_000,
  maxAttemptsPerTarget: 2,
};

interface LimitsInput {
  readonly own: LimitFields;
  readonly inherited: Limits;
  readonly deadlineMs?: number | undefined;
}

export function resolveLimits({ own, inherited, deadlineMs = Number.POSITIVE_INFINITY }: LimitsInput): Limits {
  const attemptTimeoutMs = own.attemptTimeout ?? Math.min(inherited.attemptTimeoutMs, deadlineMs);
  return {
    attemptTimeoutMs,
    firstTokenTimeoutMs: own.firstTokenTimeout ?? Math.min(inherited.firstTokenTimeoutMs, attemptTimeoutMs),
    stallTimeoutMs: own.stallTimeout ?? Math.min(inherited.stallTimeoutMs, attemptTimeoutMs),
    maxAttemptsPerTarget: own.maxAttemptsPerTarget ?? inherited.maxAttemptsPerTarget,
  };
}

/** Limits that could never be reached, since another one ends the call before. */
export function limitFaults(input: LimitsInput & { readonly path: readonly PropertyKey[] }): readonly FieldFault[] {
  const { path, deadlineMs } = input;
  const { attemptTimeoutMs, firstTokenTimeoutMs, stallTimeoutMs } = resolveLimits(input);
  const within = (field: string, limitMs: number, what: string, mostMs = Number.POSITIVE_INFINITY) =>
    limitMs <= mostMs
      ? []
      : [{ path: [...path, field], message: `is longer than ${what} may take (${formatDuration(mostMs)})` }];
  return [
    ...within('attemptTimeout', attemptTimeoutMs, 'the inference', deadlineMs),
    ...within('firstTokenTimeout', firstTokenTimeoutMs, 'an attempt', attemptTimeoutMs),
    ...within('stallTimeout', stallTimeoutMs, 'an attempt', attemptTimeoutMs),
  ];
}
