// The rate budgets of all providers in this worker: whose turn it is to call, and which part of the limits is this
// worker's. It knows no workers, no targets and no reasons; the share is told to it.

import type { BudgetView, ProviderLimits, Share } from '../domain/budget.ts';
import { type Entry, ProviderBudget, type WaitingCall } from './provider-budget.ts';

export class Budgets {
  readonly #limits: ReadonlyMap<string, ProviderLimits>;
  readonly #now: () => number;
  readonly #budgets = new Map<string, ProviderBudget>();

  constructor(options: {
    /** By provider. */
    readonly limits: Readonly<Record<string, ProviderLimits>>;
    /** Milliseconds, by a clock that is never set back: a limit would last for as long again. @default performance.now */
    readonly now?: () => number;
  }) {
    this.#limits = new Map(Object.entries(options.limits));
    this.#now = options.now ?? (() => performance.now());
    // From the start: a share is told to those that are there, and without limits none is needed.
    for (const provider of this.#limits.keys()) this.#budget(provider);
  }

  /**
   * Waits for the call's turn, first come first served. `full` at once when the wait would be longer than its limit, as
   * far as that can be told, and when this worker's share of some limit is nothing: another worker may have one.
   * `aborted` when one of its signals gives up the place. Who has entered has to leave.
   */
  enter(call: WaitingCall & { readonly provider: string }): Promise<Entry> {
    if (call.signals?.some(({ aborted }) => aborted)) return Promise.resolve({ type: 'aborted' });
    return this.#budget(call.provider).enter(call);
  }

  /**
   * This worker's part of the limits; until told, all of them. Null holds back every call that a limit is for: a worker
   * that joins others waits until their shares have shrunk. How long is for the caller to decide, and to keep what was
   * begun in the last minute within the limit too, a minute. What a share gains over the last one is free in a minute.
   */
  setShare(share: Share | null): void {
    for (const budget of this.#budgets.values()) budget.setShare(share);
  }

  /** A target of the provider came back after having been out: its calls begin with few at once. */
  slowStart(provider: string): void {
    this.#budget(provider).slowStart();
  }

  /** Milliseconds that a call that came now would wait; 0 when it would go at once, or nothing can be told. */
  waitMs(provider: string): number {
    return this.#budgets.get(provider)?.waitMs() ?? 0;
  }

  /** Null when nothing limits the provider. */
  view(provider: string): BudgetView | null {
    return this.#budgets.get(provider)?.view() ?? null;
  }

  /** Of the providers that something limits. */
  views(): Readonly<Record<string, BudgetView>> {
    const views: [string, BudgetView][] = [];
    for (const [provider, budget] of this.#budgets) {
      const view = budget.view();
      if (view) views.push([provider, view]);
    }
    return Object.fromEntries(views);
  }

  #budget(provider: string): ProviderBudget {
    const known = this.#budgets.get(provider);
    if (known) return known;
    const budget = new ProviderBudget({
      limits: this.#limits.get(provider) ?? {},
      now: this.#now,
      // Of a name that nothing limits nothing is kept: anybody may send any name.
      onForgettable: () => this.#budgets.delete(provider),
    });
    this.#budgets.set(provider, budget);
    return budget;
  }
}
