// When the next target of a race starts, and whether there is room for it in the hedge budget. Pure.

import type { HedgeBudget, HedgeSettings } from './model-settings.ts';

/**
 * How long the target that started last may be silent before the next one starts; null: until it has failed.
 *
 * @param recentP95Ms by index of the target, as it was known when the inference began; null: too little is known
 */
export function hedgeDelayMs(input: {
  readonly settings: Pick<HedgeSettings, 'hedgeDelay'>;
  readonly recentP95Ms: readonly (number | null)[] | undefined;
  readonly index: number;
}): number | null {
  const { settings, recentP95Ms, index } = input;
  if (settings.hedgeDelay !== 'p95') return settings.hedgeDelay;
  const ownMs = recentP95Ms?.[index] ?? null;
  return ownMs === null ? null : ownMs + WAY_MS;
}

/** A call is timed where it is made; the way there and back comes on top before the workflow hears of its end. */
const WAY_MS = 50;

/** The budget that binds; null: racing from the start is what was asked for, and has none. */
export function bindingBudget({ hedgeDelay, hedgeBudget }: Pick<HedgeSettings, 'hedgeDelay' | 'hedgeBudget'>) {
  return hedgeDelay === 0 ? null : hedgeBudget;
}

/** What a model's inferences have taken of late. */
export interface HedgeCounts {
  /** Races begun. */
  readonly races: number;
  readonly hedges: number;
  /** USD of all calls and of the hedges among them, as far as known. */
  readonly spentUsd: number;
  readonly hedgesUsd: number;
}

/** One hedge is always within the budget: a share of little is not nothing. */
export function isWithinBudget({ races, hedges, spentUsd, hedgesUsd }: HedgeCounts, budget: HedgeBudget): boolean {
  if (budget.requests === 0 || budget.spend === 0) return false;
  if (hedges === 0) return true;
  return hedges + 1 <= races * budget.requests && hedgesUsd <= spentUsd * budget.spend;
}
