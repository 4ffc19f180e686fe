// How the reports of all workers become what everybody shares. Pure: the workflow `target-health` keeps the state, in
// its history and for ever, so whatever grows here is cut here.

import { isOverLimit } from './breaker.ts';
import type { BudgetView } from './budget.ts';
import type { Circuit } from './circuit.ts';
import {
  backSinceMs,
  CLOSED,
  circuitIn,
  circuitState,
  isolated,
  isSameCircuit,
  merged,
  opened,
  restored,
} from './circuit.ts';
import type { Alert, FailingCounts, HealthReport, ReportedScore, SharedHealth } from './health.ts';
import { NOTHING_SHARED } from './health.ts';
import { combined } from './score.ts';
import { parseTargetName } from './target.ts';

/** What is told of one thing, by worker. */
type ByWorker<T> = Readonly<Record<string, T>>;

export interface HealthState {
  readonly shared: SharedHealth;
  /** By target. */
  readonly scores: Readonly<Record<string, ByWorker<ReportedScore>>>;
  readonly failing: Readonly<Record<string, ByWorker<FailingCounts & { readonly atMs: number }>>>;
  /** By provider. */
  readonly budgets: Readonly<Record<string, ByWorker<BudgetView & { readonly atMs: number }>>>;
  /** When an alert was last raised, by type and subject. */
  readonly raised: Readonly<Record<string, number>>;
  /** As the worker says that started last. */
  readonly pings: { readonly areEnabled: boolean; readonly sinceMs: number };
}

export const NEW_HEALTH: HealthState = {
  shared: NOTHING_SHARED,
  scores: {},
  failing: {},
  budgets: {},
  raised: {},
  pings: { areEnabled: false, sinceMs: 0 },
};

export interface Reported {
  readonly state: HealthState;
  /** Keys of circuits that let calls through again. */
  readonly back: readonly string[];
  /** What a person has to be told, and has not been lately. */
  readonly alerts: readonly Alert[];
}

export function withReport(state: HealthState, report: HealthReport): Reported {
  const { atMs, pings, alerts = [] } = report;
  const told = withCounts(state, report);
  const circuits = { ...told.shared.circuits };
  for (const [key, circuit] of Object.entries(report.circuits ?? {})) {
    circuits[key] = merged(circuitIn(circuits, key), circuit);
  }
  const failing = withoutOpened(told.failing, circuits, atMs);
  const due = alerts.filter((alert) => isDue(state, alert));
  return {
    state: {
      ...told,
      failing,
      pings: pings && pings.sinceMs >= state.pings.sinceMs ? pings : state.pings,
      shared: {
        circuits: withoutLongClosed(circuits, atMs),
        scores: combinedScores(told.scores),
        budgets: summedBudgets(told.budgets),
      },
      raised: {
        ...raisedLately(state.raised, atMs),
        ...Object.fromEntries(due.map((one) => [alertKey(one), one.atMs])),
      },
    },
    back: keysThatCameBack(state.shared.circuits, circuits),
    alerts: due,
  };
}

/** An operator holds a target's circuit open, until it is restored. */
export function withIsolation(state: HealthState, target: string, atMs: number): HealthState {
  return withCircuit(state, target, isolated(circuitIn(state.shared.circuits, target), atMs));
}

/** Ends a target's isolation, and any break of it or of its account, also one that the provider asked for. */
export function withRestoration(state: HealthState, target: string, atMs: number): HealthState {
  const account = parseTargetName(target)?.provider ?? target;
  const own = withCircuit(state, target, restored(circuitIn(state.shared.circuits, target), atMs));
  const ofAccount = circuitIn(state.shared.circuits, account);
  return ofAccount === CLOSED ? own : withCircuit(own, account, restored(ofAccount, atMs));
}

function withCircuit(state: HealthState, key: string, circuit: Circuit): HealthState {
  const circuits = { ...state.shared.circuits, [key]: circuit };
  return { ...state, shared: { ...state.shared, circuits } };
}

function withCounts(state: HealthState, { from, atMs, scores, failing, budgets }: HealthReport): HealthState {
  return {
    ...state,
    scores: current(merge(state.scores, from, scores ?? {}), atMs, SCORE_LIFE_MS),
    failing: current(merge(state.failing, from, stamped(failing ?? {}, atMs)), atMs, COUNTS_LIFE_MS),
    budgets: current(merge(state.budgets, from, stamped(budgets ?? {}, atMs)), atMs, BUDGET_LIFE_MS),
  };
}

/** Longer than any window that is worth having; readers have a window of their own. */
const SCORE_LIFE_MS = 15 * 60_000;
/** A worker whose target goes on failing repeats its counts every other second. */
const COUNTS_LIFE_MS = 10_000;
const BUDGET_LIFE_MS = 10_000;

function merge<T>(
  known: Readonly<Record<string, ByWorker<T>>>,
  from: string,
  told: Readonly<Record<string, T>>,
): Record<string, ByWorker<T>> {
  const all = { ...known };
  for (const [key, value] of Object.entries(told)) all[key] = { ...all[key], [from]: value };
  return all;
}

function stamped<T extends object>(told: Readonly<Record<string, T>>, atMs: number) {
  return Object.fromEntries(Object.entries(told).map(([key, value]) => [key, { ...value, atMs }]));
}

function current<T extends { readonly atMs: number }>(
  known: Readonly<Record<string, ByWorker<T>>>,
  nowMs: number,
  lifeMs: number,
): Record<string, ByWorker<T>> {
  const kept = Object.entries(known).map(
    ([key, byWorker]) =>
      [key, Object.fromEntries(Object.entries(byWorker).filter(([, { atMs }]) => nowMs - atMs < lifeMs))] as const,
  );
  return Object.fromEntries(kept.filter(([, byWorker]) => Object.keys(byWorker).length > 0));
}

/** Opens the circuits for which the workers together have seen enough; what is open needs no counts. */
function withoutOpened(
  failing: HealthState['failing'],
  circuits: Record<string, Circuit>,
  atMs: number,
): HealthState['failing'] {
  const left: Record<string, HealthState['failing'][string]> = {};
  for (const [key, byWorker] of Object.entries(failing)) {
    const counts = Object.values(byWorker);
    const [first] = counts;
    const circuit = circuitIn(circuits, key);
    const calls = counts.reduce((sum, one) => sum + one.calls, 0);
    const faults = counts.reduce((sum, one) => sum + one.faults, 0);
    if (!first || circuitState(circuit, 0) !== 'closed') continue;
    if (isOverLimit({ calls, faults }, first.settings)) {
      circuits[key] = opened(circuit, { atMs, untilMs: atMs + first.settings.breakMs, cause: first.cause });
    } else left[key] = byWorker;
  }
  return left;
}

/** For a while others may not have heard that it is closed, and parked inferences ask since when. */
function withoutLongClosed(circuits: Readonly<Record<string, Circuit>>, nowMs: number): Record<string, Circuit> {
  return Object.fromEntries(
    Object.entries(circuits).filter(
      ([, circuit]) => circuitState(circuit, 0) !== 'closed' || nowMs - backSinceMs(circuit) < MEMORY_MS,
    ),
  );
}

const MEMORY_MS = 10 * 60_000;

function keysThatCameBack(
  before: Readonly<Record<string, Circuit>>,
  after: Readonly<Record<string, Circuit>>,
): readonly string[] {
  return Object.entries(after).flatMap(([key, circuit]) => {
    const known = circuitIn(before, key);
    const isBack = circuitState(circuit, 0) === 'closed' && !isSameCircuit(known, circuit);
    // One that opened and closed between two reports was never seen open here, but others may wait for it all the same.
    return isBack && backSinceMs(circuit) > 0 ? [key] : [];
  });
}

function combinedScores(scores: HealthState['scores']): Record<string, ReportedScore> {
  return Object.fromEntries(
    Object.entries(scores).map(([target, byWorker]) => {
      const known = Object.values(byWorker);
      return [target, { ...combined(known), atMs: Math.max(...known.map(({ atMs }) => atMs)) }];
    }),
  );
}

function summedBudgets(budgets: HealthState['budgets']): Record<string, BudgetView> {
  return Object.fromEntries(
    Object.entries(budgets).map(([provider, byWorker]) => {
      const known = Object.values(byWorker);
      const sum = (count: (view: BudgetView) => number) => known.reduce((total, view) => total + count(view), 0);
      return [
        provider,
        {
          inFlight: sum((view) => view.inFlight),
          depth: sum((view) => view.depth),
          waitMs: Math.max(...known.map((view) => view.waitMs)),
          allowance: known.some((view) => view.allowance === null) ? null : sum((view) => view.allowance ?? 0),
        },
      ];
    }),
  );
}

function isDue({ raised }: HealthState, alert: Alert): boolean {
  return alert.atMs - (raised[alertKey(alert)] ?? Number.NEGATIVE_INFINITY) >= alert.repeatAfterMs;
}

function alertKey({ type, subject }: Alert): string {
  return `${type} ${subject}`;
}

function raisedLately(raised: HealthState['raised'], nowMs: number): Record<string, number> {
  return Object.fromEntries(Object.entries(raised).filter(([, atMs]) => nowMs - atMs < RAISED_MEMORY_MS));
}

const RAISED_MEMORY_MS = 24 * 60 * 60_000;
