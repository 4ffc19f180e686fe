// Judgement on a batch: how long its lanes may take, what a step may cost, and what its end is. Pure.

import type { Usage } from './answer.ts';
import type { BatchInput, BatchManifest, BatchStop, StepRecord, StepSummary } from './batch.ts';
import { lineCount } from './line-set.ts';
import type { LineSet } from './line-set.ts';

/** How long before the deadline the lanes are left, so that what they have not answered can still be asked in the ordinary way. */
export function rescueReserveMs(input: {
  readonly lines: number;
  readonly deadlineMs: number;
  readonly rescue: BatchInput['rescue'];
  readonly concurrency: number;
}): number {
  const { lines, deadlineMs, rescue, concurrency } = input;
  const least = deadlineMs / 20;
  if (rescue === 'none') return Math.min(least, COLLECT_MS);
  return Math.min(Math.max(least, (lines * SYNC_MS) / Math.min(concurrency, SURELY_AT_ONCE)), deadlineMs / 2);
}

/** Time to read what a batch has given when it is left. */
const COLLECT_MS = 5 * 60_000;
/** What one inference takes, when nothing is known. */
const SYNC_MS = 10_000;
/** More only where providers have room for it. */
const SURELY_AT_ONCE = 32;

/** Money that is spent, and that running steps may still spend. A cost that is unknown counts as what was estimated. */
export class Purse {
  readonly #capUsd: number | null;
  #takenUsd = 0;

  constructor(capUsd: number | null) {
    this.#capUsd = capUsd;
  }

  /** What a step may cost: all of its estimate, what is left, or nothing at all; null: there is no cap. */
  reserve(estimateUsd: number | null): number | null {
    if (this.#capUsd === null) return null;
    const left = Math.max(0, this.#capUsd - this.#takenUsd);
    const reserved = estimateUsd === null ? left : Math.min(estimateUsd, left);
    this.#takenUsd += reserved;
    return reserved;
  }

  settle(reservedUsd: number | null, costUsd: number | null): void {
    if (reservedUsd !== null && costUsd !== null) this.#takenUsd += costUsd - reservedUsd;
  }

  /** So that a new run of the same batch knows. */
  spend(costUsd: number | null): void {
    this.#takenUsd += costUsd ?? 0;
  }
}

/** What part of a portion's lines costs, by the estimate for all of them. */
export function shareUsd(usd: number | null, rest: LineSet, all: LineSet): number | null {
  return usd === null ? null : (usd * lineCount(rest)) / Math.max(1, lineCount(all));
}

/** Null as soon as one of them is unknown. */
export function sumUsd(costs: readonly (number | null)[]): number | null {
  return costs.reduce((sum: number | null, cost) => (sum === null || cost === null ? null : sum + cost), 0);
}

export function sumUsage(usages: readonly Usage[]): Usage {
  const sum = (pick: (usage: Usage) => number | null) =>
    usages.reduce((total: number | null, usage) => {
      const count = pick(usage);
      return count === null ? total : (total ?? 0) + count;
    }, null);
  return {
    inputTokens: sum(({ inputTokens }) => inputTokens),
    cachedInputTokens: sum(({ cachedInputTokens }) => cachedInputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    reasoningTokens: sum(({ reasoningTokens }) => reasoningTokens),
  };
}

export function summaryOf(step: StepRecord): StepSummary {
  const { rest: _rest, outcomes: _outcomes, ...summary } = step;
  return summary;
}

export function endStatus(stop: BatchStop | null, isInvalid: boolean): BatchManifest['status'] {
  if (isInvalid) return 'failed';
  if (stop === null) return 'completed';
  return stop === 'deadline' ? 'expired' : 'cancelled';
}
