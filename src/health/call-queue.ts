// Whose turn it is to call: what the provider's configured limits allow in the whole, and what the target itself has said
// and shown that it takes. Providers count by model, so what one model says must not hold up another.

import type { BudgetView, Share } from '../domain/budget.ts';
import type { ProviderLimits } from '../domain/budget.ts';
import { parseTargetName } from '../domain/target.ts';
import { Budgets } from './budgets.ts';
import type { Entry, Turn, WaitingCall } from './provider-budget.ts';

export class CallQueue {
  readonly #ofProviders: Budgets;
  readonly #ofTargets = new Budgets({ limits: {} });

  /** `limits` by provider. */
  constructor(limits: Readonly<Record<string, ProviderLimits>>) {
    this.#ofProviders = new Budgets({ limits });
  }

  /** As `Budgets.enter`; who has entered has to leave. */
  async enter(call: WaitingCall & { readonly target: string }): Promise<Entry> {
    const { target, waitLimitMs } = call;
    const own = await this.#ofTargets.enter({ ...call, provider: target });
    if (own.type !== 'entered') return own;
    const leftMs = Math.max(0, waitLimitMs - own.turn.waitedMs);
    const shared = await this.#ofProviders.enter({ ...call, provider: providerOf(target), waitLimitMs: leftMs });
    if (shared.type === 'entered') return { type: 'entered', turn: both(own.turn, shared.turn) };
    own.turn.leave({ told: 'nothing', usedTokens: 0 });
    return shared;
  }

  /** This worker's part of the providers' limits; null holds back what they are for. */
  setShare(share: Share | null): void {
    this.#ofProviders.setShare(share);
  }

  /** What `key` names, a target or an account, has come back: calls begin with few at once. */
  slowStart(key: string): void {
    (parseTargetName(key) ? this.#ofTargets : this.#ofProviders).slowStart(key);
  }

  /** How long a call to the target that came now would wait, as far as can be told. */
  waitMs(target: string): number {
    return Math.max(this.#ofTargets.waitMs(target), this.#ofProviders.waitMs(providerOf(target)));
  }

  /** Null when nothing limits the target. */
  view(target: string): BudgetView | null {
    const own = this.#ofTargets.view(target);
    const shared = this.#ofProviders.view(providerOf(target));
    if (!own || !shared) return own ?? shared;
    const allowances = [own.allowance, shared.allowance].filter((allowance) => allowance !== null);
    return {
      inFlight: shared.inFlight,
      depth: own.depth + shared.depth,
      waitMs: Math.max(own.waitMs, shared.waitMs),
      allowance: allowances.length > 0 ? Math.min(...allowances) : null,
    };
  }

  /** By provider, of those that something limits. */
  providerViews(): Readonly<Record<string, BudgetView>> {
    return this.#ofProviders.views();
  }
}

/** What the call tells is the target's; to the provider's limits only its tokens matter. */
function both(own: Turn, shared: Turn): Turn {
  return {
    waitedMs: own.waitedMs + shared.waitedMs,
    leave(end) {
      own.leave(end);
      shared.leave({ told: 'nothing', usedTokens: end.usedTokens });
    },
  };
}

function providerOf(target: string): string {
  return parseTargetName(target)?.provider ?? target;
}
