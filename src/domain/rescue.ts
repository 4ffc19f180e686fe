// Which inference a client gets that lost its connection and sends its request again, without an Idempotency-Key. Pure.

import type { InferenceMemo } from './inference.ts';
import type { InferenceSummary } from './inferences.ts';

/** The number of a request among those of the same caller, endpoint and body. */
export interface RequestNumber {
  /** Numbers begin again in each, long before the retention of the first ones makes holes. */
  readonly epoch: number;
  /** 0, 1, 2, …: none is left out, so that the last one can be found by asking for single ids. */
  readonly sequence: number;
}

const EPOCH_MS = 60 * 60_000;

/** So long after its end a retry still gets the answer; then the same request is a new one. */
export const RESCUE_WINDOW_MS = 60_000;

export function epochOf(nowMs: number): number {
  return Math.floor(nowMs / EPOCH_MS);
}

/**
 * Where the first try of a retry may be, the newest first: as long ago as it may run, and a while longer. The coming epoch
 * too, as the clock of the process that took it may be ahead, and the one before, as it may be behind.
 */
export function epochsOfRetry(nowMs: number, deadlineMs: number): readonly number[] {
  const newest = epochOf(nowMs) + 1;
  const oldest = Math.min(newest - 2, epochOf(nowMs - deadlineMs - RESCUE_WINDOW_MS));
  return Array.from({ length: newest - oldest + 1 }, (_, back) => newest - back);
}

/** Whether a retry joins it. What has failed or was cancelled, or is about to be, it does not: it starts anew. */
export function isRescuable(
  found: Pick<InferenceSummary, 'status' | 'endedAt'> & {
    readonly memo: Pick<InferenceMemo, 'fingerprint'>;
    readonly isBeingCancelled: boolean;
  },
  retry: { readonly fingerprint: string; readonly nowMs: number },
): boolean {
  const { status, endedAt, memo, isBeingCancelled } = found;
  if (memo.fingerprint !== retry.fingerprint) return false;
  if (endedAt === null) return !isBeingCancelled;
  return status === 'succeeded' && retry.nowMs - Date.parse(endedAt) <= RESCUE_WINDOW_MS;
}
