// The gauges of targets and providers, set from what is known of their health whenever metrics are read.

import type { Registry } from 'prom-client';
import { Gauge } from 'prom-client';
import type { BudgetView } from '../domain/budget.ts';
import type { CircuitState } from '../domain/circuit.ts';
import type { TargetView } from '../domain/health.ts';
import { parseTargetName } from '../domain/target.ts';
import { definitions, label } from './definitions.ts';
import type { KnownNames } from './known-names.ts';

const states: readonly CircuitState[] = ['closed', 'open', 'half-open', 'isolated'];
const healths: readonly TargetView['health'][] = ['healthy', 'degraded', 'out'];

/** Returns what sets them. */
export function createTargetGauges(registry: Registry, names: KnownNames): (views: readonly TargetView[]) => void {
  const registers = [registry];
  const breakerState = new Gauge({ ...definitions.breakerState, registers });
  const accountState = new Gauge({ ...definitions.accountState, registers });
  const targetHealth = new Gauge({ ...definitions.targetHealth, registers });
  const queueDepth = new Gauge({ ...definitions.queueDepth, registers });
  const allowance = new Gauge({ ...definitions.allowance, registers });
  const callsInFlight = new Gauge({ ...definitions.callsInFlight, registers });

  function setTarget({ breaker, account, health, budget }: TargetView, provider: string, model: string): void {
    const labels = names.target(provider, model);
    for (const state of states) breakerState.set({ ...labels, state }, breaker.state === state ? 1 : 0);
    for (const state of states) {
      accountState.set({ [label.provider]: provider, state }, account.state === state ? 1 : 0);
    }
    for (const each of healths) targetHealth.set({ ...labels, health: each }, health === each ? 1 : 0);
    if (budget) setQueue(budget, labels);
  }

  function setQueue(budget: BudgetView, labels: ReturnType<KnownNames['target']>): void {
    queueDepth.set(labels, budget.depth);
    callsInFlight.set(labels, budget.inFlight);
    if (budget.allowance !== null) allowance.set(labels, budget.allowance);
  }

  return (views) => {
    // What is not told of any more must not keep its last value.
    for (const gauge of [breakerState, accountState, targetHealth, queueDepth, allowance, callsInFlight]) gauge.reset();
    for (const view of views) {
      const target = parseTargetName(view.name);
      // `other` would be several targets in one.
      if (!target || !names.isTarget(view.name)) continue;
      setTarget(view, target.provider, target.model);
    }
  };
}
