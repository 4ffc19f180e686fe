// What races and hedges of each model have taken of late in this process, so that hedges keep within their shares. No
// I/O; each worker keeps its own, and so all together keep within the shares too.

import type { HedgeCounts } from '../domain/hedge.ts';
import { isWithinBudget } from '../domain/hedge.ts';
import type { HedgeBudget } from '../domain/model-settings.ts';

const SLOT_MS = 60_000;
/** What is older does not count. */
const SLOTS = 10;

interface Slot extends HedgeCounts {
  readonly startMs: number;
}

export class HedgeBudgets {
  readonly #now: () => number;
  /** By model name, oldest first. */
  readonly #slots = new Map<string, readonly Slot[]>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  raceBegan(model: string): void {
    this.#add(model, { ...NONE, races: 1 });
  }

  /** Counts the hedge when there is room for it. */
  takeHedge(model: string, budget: HedgeBudget): boolean {
    if (!isWithinBudget(this.#counts(model), budget)) return false;
    this.#add(model, { ...NONE, hedges: 1 });
    return true;
  }

  /** What one call of a race has cost. */
  spent(model: string, { usd, isHedge }: { readonly usd: number; readonly isHedge: boolean }): void {
    this.#add(model, { ...NONE, spentUsd: usd, hedgesUsd: isHedge ? usd : 0 });
  }

  #counts(model: string): HedgeCounts {
    return this.#current(model).reduce(sum, NONE);
  }

  #add(model: string, counts: HedgeCounts): void {
    const startMs = Math.floor(this.#now() / SLOT_MS) * SLOT_MS;
    const current = this.#current(model);
    const last = current.at(-1);
    const isNew = last?.startMs !== startMs;
    const slot = { ...sum(isNew || !last ? NONE : last, counts), startMs };
    // Clients make up names of models: those that were counted longest ago give way.
    this.#slots.delete(model);
    this.#slots.set(model, [...(isNew ? current : current.slice(0, -1)), slot]);
    if (this.#slots.size > MAX_MODELS) this.#slots.delete(this.#slots.keys().next().value ?? '');
  }

  #current(model: string): readonly Slot[] {
    const oldestMs = this.#now() - SLOTS * SLOT_MS;
    return (this.#slots.get(model) ?? []).filter(({ startMs }) => startMs > oldestMs);
  }
}

const MAX_MODELS = 1_000;

const NONE: HedgeCounts = { races: 0, hedges: 0, spentUsd: 0, hedgesUsd: 0 };

function sum(a: HedgeCounts, b: HedgeCounts): HedgeCounts {
  return {
    races: a.races + b.races,
    hedges: a.hedges + b.hedges,
    spentUsd: a.spentUsd + b.spentUsd,
    hedgesUsd: a.hedgesUsd + b.hedgesUsd,
  };
}
