// What is known of targets: what processes tell each other, what routing and people see. Plain data.
// The shared shapes are recorded in the history of the workflow `target-health`: fields may be added, never renamed.

import type { BreakerSettings } from './breaker.ts';
import type { BudgetView, ProviderLimits } from './budget.ts';
import type { Circuit, CircuitCause, CircuitState } from './circuit.ts';
import type { ScoreWeights } from './ranking.ts';
import type { ScoreSummary } from './score.ts';

/** The configuration's part, resolved. */
export interface HealthSettings {
  /** By target (`provider/model`), else by provider, else `default`. */
  readonly breakers: {
    readonly default: BreakerSettings;
    readonly byKey: Readonly<Record<string, BreakerSettings>>;
  };
  readonly checks: {
    readonly enabled: boolean;
    readonly intervalMs: number;
    readonly timeoutMs: number;
    /** Ping also while other calls have told of the target's health. */
    readonly always: boolean;
  };
  readonly score: {
    readonly windowMs: number;
    readonly weights: ScoreWeights;
    readonly minimumSuccess: number;
    readonly minimumQuality: number;
  };
  /** By provider. */
  readonly limits: Readonly<Record<string, ProviderLimits>>;
}

/**
 * What all processes share. A circuit's key is a target's name, or a provider's for its account; one that is closed and
 * has been for long is left out, as is a score that nobody has reported lately and a budget that nobody waits for.
 */
export interface SharedHealth {
  readonly circuits: Readonly<Record<string, Circuit>>;
  /** By target, all workers combined. */
  readonly scores: Readonly<Record<string, ReportedScore>>;
  /** By provider, of all workers together. */
  readonly budgets: Readonly<Record<string, BudgetView>>;
}

/** A score as of a time: it says nothing any more once its window has passed. */
export interface ReportedScore extends ScoreSummary {
  readonly atMs: number;
}

export const NOTHING_SHARED: SharedHealth = { circuits: {}, scores: {}, budgets: {} };

/** What one worker tells: only what has changed. */
export interface HealthReport {
  /** Names the worker; counts of the same worker replace each other. */
  readonly from: string;
  readonly atMs: number;
  readonly circuits?: Readonly<Record<string, Circuit>>;
  /** Failing targets whose circuit is closed yet, for want of calls: together the workers may have seen enough. */
  readonly failing?: Readonly<Record<string, FailingCounts>>;
  readonly scores?: Readonly<Record<string, ReportedScore>>;
  readonly budgets?: Readonly<Record<string, BudgetView>>;
  /** Only from a worker that has a webhook to send them to. */
  readonly alerts?: readonly Alert[];
  /** Whether the worker's configuration has health pings, and since when it runs: the newest worker decides. */
  readonly pings?: { readonly areEnabled: boolean; readonly sinceMs: number };
}

export interface FailingCounts {
  readonly calls: number;
  readonly faults: number;
  readonly cause: CircuitCause;
  readonly settings: BreakerSettings;
}

/** Something a person should know of, once: `subject` is a target, a provider or a model. */
export interface Alert {
  readonly type: 'breaker-opened' | 'account-out' | 'chain-exhausted';
  readonly subject: string;
  /** One sentence; never a prompt, an answer or a key. */
  readonly message: string;
  readonly atMs: number;
  /** The same type and subject is not raised again for so long. */
  readonly repeatAfterMs: number;
}

/** A circuit as it is shown. */
export interface CircuitView {
  readonly state: CircuitState;
  /** When this state began; null when it has been closed for as long as anybody knows. */
  readonly sinceMs: number | null;
  /** When a probe may be let through; null unless it is open. */
  readonly untilMs: number | null;
  readonly cause: CircuitCause | null;
}

/** A target as it is shown. */
export interface TargetView {
  readonly name: string;
  /** `healthy`, or `degraded` (ranked down), or `out` (not called now). */
  readonly health: 'healthy' | 'degraded' | 'out';
  readonly breaker: CircuitView;
  /** Of the provider's account. */
  readonly account: CircuitView;
  /** Its latency has left its own recent range. */
  readonly hasSpike: boolean;
  readonly score: ScoreSummary;
  /** Of the provider; null when nothing limits it and nobody waits. */
  readonly budget: BudgetView | null;
}
