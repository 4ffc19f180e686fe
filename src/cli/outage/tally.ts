// What the day came to for one way, as numbers. Pure.

import type { Bill } from './bill.ts';
import { billOf } from './bill.ts';
import type { CircuitRecord } from './circuit-record.ts';
import type { Day } from './day.ts';
import { HOUR_MS } from './day.ts';
import type { DeadCalls } from './dead-calls.ts';
import { deadCallsOf } from './dead-calls.ts';
import type { Slice } from './downtime.ts';
import { downtimeShare, slicesOf } from './downtime.ts';
import type { Asked, Outcome } from './play.ts';
import type { Way } from './providers.ts';
import type { Question } from './traffic.ts';
import type { WireCall } from './wire-calls.ts';

export interface Tally extends Readonly<Record<Outcome, number>> {
  readonly asked: number;
  readonly slices: readonly Slice[];
  readonly downtime: {
    /** Of the day, from 0 to 1. */
    readonly share: number;
    /** Of the day's own time. */
    readonly ms: number;
    /** At `REVENUE_USD` an hour. */
    readonly usd: number;
  };
  readonly deadCalls: DeadCalls;
  readonly bill: Bill;
  /** Of the right answers, in milliseconds of the day; null without any. */
  readonly latencyMs: { readonly p50: number | null; readonly p95: number | null };
  /** How often each failure and wrong answer was seen. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** Assumed: what an hour of the day earns. */
export const REVENUE_USD = 2_000;

export function tallyOf(input: {
  readonly day: Day;
  readonly way: Way;
  readonly questions: ReadonlyMap<string, Question>;
  readonly asked: readonly Asked[];
  /** Of this way. */
  readonly calls: readonly WireCall[];
  readonly circuits: CircuitRecord;
}): Tally {
  const { day, questions, asked, calls } = input;
  const count = (outcome: Outcome) => asked.filter((one) => one.outcome === outcome).length;
  const latencies = asked
    .filter(({ outcome }) => outcome === 'right')
    .map(({ latencyMs }) => latencyMs)
    .sort((a, b) => a - b);
  const slices = slicesOf(asked, day);
  const share = downtimeShare(slices);
  return {
    asked: asked.length,
    right: count('right'),
    wrong: count('wrong'),
    failed: count('failed'),
    lost: count('lost'),
    slices,
    downtime: { share, ms: share * day.lengthMs, usd: ((share * day.lengthMs) / HOUR_MS) * REVENUE_USD },
    deadCalls: deadCallsOf(input),
    bill: billOf(calls, questions),
    latencyMs: { p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95) },
    reasons: reasonsOf(asked),
  };
}

function quantile(sorted: readonly number[], part: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? null;
}

function reasonsOf(asked: readonly Asked[]): Readonly<Record<string, number>> {
  const reasons: Record<string, number> = {};
  for (const { reason } of asked) if (reason !== null) reasons[reason] = (reasons[reason] ?? 0) + 1;
  return reasons;
}
