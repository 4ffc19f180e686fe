// Where a batch stands at a moment: a pure function of what was decided when it was created, of a cancel, and of time.

import type { BatchFaults } from './batch-rules.ts';

export interface Life {
  readonly createdAtMs: number;
  /** Until it is done. */
  readonly durationMs: number;
  readonly faults: BatchFaults;
  /** Refused as a whole. */
  readonly isRefused: boolean;
  readonly lines: number;
  readonly cancelledAtMs: number | null;
}

export interface Stand {
  readonly phase: 'waiting' | 'running' | 'finalizing' | 'cancelling' | 'ended';
  /** Of one that has ended; null before. */
  readonly end: 'completed' | 'failed' | 'expired' | 'cancelled' | null;
  /** Lines that have had their turn, from the first on. */
  readonly done: number;
  readonly endedAtMs: number | null;
}

/** The first tenth is waiting, and the last twentieth is putting the results together. */
const STARTS = 0.1;
const FINISHES = 0.95;

export function standAt(life: Life, nowMs: number): Stand {
  const { cancelledAtMs, faults } = life;
  const before = cancelledAtMs === null ? null : uncancelledAt(life, cancelledAtMs);
  if (cancelledAtMs === null || before?.phase === 'ended') return uncancelledAt(life, nowMs);
  const done = before?.done ?? 0;
  const endsMs = cancelledAtMs + (faults['slow-cancel']?.ms ?? 0);
  if (nowMs < endsMs) return { phase: 'cancelling', end: null, done, endedAtMs: null };
  return { phase: 'ended', end: 'cancelled', done, endedAtMs: endsMs };
}

function uncancelledAt(life: Life, nowMs: number): Stand {
  const { createdAtMs, durationMs, faults, isRefused, lines } = life;
  const share = durationMs === 0 ? 1 : Math.min(1, (nowMs - createdAtMs) / durationMs);
  const waiting = { phase: 'waiting', end: null, done: 0, endedAtMs: null } as const;
  if (isRefused) {
    const endedAtMs = createdAtMs + durationMs * STARTS;
    return share < STARTS ? waiting : { phase: 'ended', end: 'failed', done: 0, endedAtMs };
  }
  if (faults.stuck) return { ...waiting, phase: 'running' };
  if (share < STARTS) return waiting;
  const done = Math.floor(lines * Math.min(1, (share - STARTS) / (FINISHES - STARTS)));
  if (share < 1) return { ...waiting, phase: share < FINISHES ? 'running' : 'finalizing', done };
  const end = faults.expired ? 'expired' : 'completed';
  return { phase: 'ended', end, done: lines, endedAtMs: createdAtMs + durationMs };
}
