// How much time a call has, as Temporal counts it and as its own settings do. Pure: the time is passed in, by the clock
// of the Temporal server, from which a worker's own may differ.

import type { CallModelInput } from '../src/domain/call.ts';

export interface CallClock {
  readonly scheduledAtMs: number;
  /** Of all attempts; 0 when there is none. */
  readonly scheduleToCloseMs: number;
  /** Of one attempt; 0 when there is none. */
  readonly startToCloseMs: number;
}

/** How long this attempt may take: it has to end by its own timer, before Temporal's would end it without a record. */
export function attemptLimitMs(input: {
  readonly call: Pick<CallModelInput, 'attemptTimeoutMs'>;
  readonly clock: CallClock;
  readonly nowMs: number;
}): number {
  const { call, clock, nowMs } = input;
  const startToCloseMs = clock.startToCloseMs > 0 ? clock.startToCloseMs : Number.POSITIVE_INFINITY;
  return Math.max(0, Math.min(call.attemptTimeoutMs, leftMs(clock, nowMs) - MARGIN_MS, startToCloseMs - MARGIN_MS));
}

/** For recording the outcome, after the attempt has ended. */
const MARGIN_MS = 250;

/** What is left for waiting and further attempts. */
export function retryBudgetMs(input: {
  readonly call: Pick<CallModelInput, 'attemptTimeoutMs' | 'maxAttempts'>;
  readonly clock: CallClock;
  readonly nowMs: number;
  /** Since the first attempt began. */
  readonly spentMs: number;
}): number {
  const { call, clock, nowMs, spentMs } = input;
  return Math.min(leftMs(clock, nowMs), call.maxAttempts * call.attemptTimeoutMs - spentMs);
}

function leftMs(clock: CallClock, nowMs: number): number {
  if (clock.scheduleToCloseMs <= 0) return Number.POSITIVE_INFINITY;
  return clock.scheduledAtMs + clock.scheduleToCloseMs - nowMs;
}
