// The service's Prometheus metrics: takes what happened and shows the sums. Must not let a prompt, an answer, a key, an
// id or an address into a label, nor any name that neither the configuration nor a closed union has.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { CallRecord } from './domain/call.ts';
import type { Catalog } from './domain/catalog.ts';
import type { Alert, TargetView } from './domain/health.ts';
import type { Verdict } from './domain/verdict.ts';
import { definitions, label } from './metrics/definitions.ts';
import type { KnownNames } from './metrics/known-names.ts';
import { knownNames } from './metrics/known-names.ts';
import { processMetrics } from './metrics/process-metrics.ts';
import { createTargetGauges } from './metrics/target-gauges.ts';

export interface Metrics extends Counters {
  readonly contentType: string;
  /** Everything in Prometheus' text format. */
  text(): Promise<string>;
}

interface Counters {
  /** One attempt has ended; `model` is what the target asks for, not what the provider says it served. */
  callEnded(end: { readonly provider: string; readonly model: string; readonly record: CallRecord }): void;
  /** A call got its turn, or gave up waiting for it. */
  queueWaited(wait: { readonly provider: string; readonly waitedMs: number }): void;
  inferenceEnded(end: {
    /** The name that the client sent. */
    readonly model: string;
    readonly outcome: 'succeeded' | 'failed' | 'cancelled';
    /** An `InferenceFailureCode`; null when it succeeded. */
    readonly code: string | null;
    readonly durationMs: number;
  }): void;
  /** A consensus has ended with a verdict. */
  voted(vote: {
    readonly model: string;
    readonly outcome: Verdict['outcome'];
    readonly decidedBy: Verdict['decidedBy'];
  }): void;
  /** A hedge was due: sent, or withheld, and why. */
  hedged(hedge: { readonly model: string; readonly result: 'sent' | 'circuit' | 'budget' }): void;
  pingEnded(end: {
    readonly provider: string;
    readonly model: string;
    readonly outcome: 'succeeded' | 'failed';
    readonly durationMs: number;
    readonly costUsd: number | null;
  }): void;
  alerted(alert: Pick<Alert, 'type'>): void;
  webhookAttempted(attempt: { readonly outcome: 'delivered' | 'failed' | 'gone' | 'refused' }): void;
  /** @param refusal `reason` is one of a few fixed words: each makes a series. */
  inferenceRefused(refusal: { readonly reason: string }): void;
}

export function createMetrics(options: {
  readonly catalog: Catalog;
  /** Asked whenever the metrics are read. */
  readonly health: () => readonly TargetView[];
  /** The same: votes of the whole service that wait for a person. */
  readonly votesHeld: () => number;
}): Metrics {
  const { catalog, health, votesHeld } = options;
  // Not prom-client's global one: a process may run several services.
  const registry = new Registry();
  const names = knownNames(catalog);
  const counters = {
    ...createCallCounters(registry, names),
    ...createInferenceCounters(registry, names),
    ...createPingCounters(registry, names),
    ...createAlertCounter(registry),
    ...createWebhookCounter(registry),
  };
  const setGauges = createTargetGauges(registry, names);
  const held = new Gauge({ ...definitions.votesHeld, registers: [registry] });
  const all = Registry.merge([registry, processMetrics()]);
  return {
    ...counters,
    contentType: all.contentType,
    text: async () => {
      setGauges(health());
      held.set(votesHeld());
      return await all.metrics();
    },
  };
}

function createCallCounters(registry: Registry, names: KnownNames): Pick<Counters, 'callEnded' | 'queueWaited'> {
  const registers = [registry];
  const calls = new Counter({ ...definitions.calls, registers });
  const cost = new Counter({ ...definitions.callCost, registers });
  const duration = new Histogram({ ...definitions.callDuration, registers });
  const firstToken = new Histogram({ ...definitions.firstToken, registers });
  const tokens = new Histogram({ ...definitions.tokens, registers });
  const queueWait = new Histogram({ ...definitions.queueWait, registers });
  return {
    callEnded: ({ provider, model, record }) => {
      const { outcome, kind, durationMs, firstTokenMs, usage, costUsd } = record;
      const target = names.target(provider, model);
      const chat = { [label.operation]: 'chat', ...target };
      const countTokens = (type: 'input' | 'output', count: number | null | undefined) => {
        if (count != null) tokens.observe({ ...chat, [label.tokenType]: type }, count);
      };
      calls.inc({ ...target, outcome, kind: kind ?? '' });
      if (costUsd !== null) cost.inc(target, costUsd);
      // 0: it was never sent, or its worker was lost. How long the provider took, nobody knows.
      if (durationMs > 0) duration.observe({ ...chat, [label.errorType]: kind ?? '' }, seconds(durationMs));
      if (firstTokenMs !== null) firstToken.observe(chat, seconds(firstTokenMs));
      countTokens('input', usage?.inputTokens);
      countTokens('output', usage?.outputTokens);
    },
    queueWaited: ({ provider, waitedMs }) => {
      queueWait.observe({ [label.provider]: names.provider(provider) }, seconds(waitedMs));
    },
  };
}

function createInferenceCounters(
  registry: Registry,
  names: KnownNames,
): Pick<Counters, 'inferenceEnded' | 'inferenceRefused' | 'voted' | 'hedged'> {
  const registers = [registry];
  const inferences = new Counter({ ...definitions.inferences, registers });
  const duration = new Histogram({ ...definitions.inferenceDuration, registers });
  const refused = new Counter({ ...definitions.inferencesRefused, registers });
  const verdicts = new Counter({ ...definitions.verdicts, registers });
  const hedges = new Counter({ ...definitions.hedges, registers });
  return {
    inferenceEnded: ({ model, outcome, code, durationMs }) => {
      const labels = { model: names.model(model), outcome };
      inferences.inc({ ...labels, code: code ?? '' });
      duration.observe(labels, seconds(durationMs));
    },
    inferenceRefused: ({ reason }) => refused.inc({ reason }),
    voted: ({ model, outcome, decidedBy }) => {
      verdicts.inc({ model: names.model(model), outcome, decided_by: decidedBy ?? '' });
    },
    hedged: ({ model, result }) => hedges.inc({ model: names.model(model), result }),
  };
}

function createPingCounters(registry: Registry, names: KnownNames): Pick<Counters, 'pingEnded'> {
  const registers = [registry];
  const pings = new Counter({ ...definitions.pings, registers });
  const duration = new Histogram({ ...definitions.pingDuration, registers });
  const cost = new Counter({ ...definitions.pingCost, registers });
  return {
    pingEnded: ({ provider, model, outcome, durationMs, costUsd }) => {
      const target = names.target(provider, model);
      pings.inc({ ...target, outcome });
      duration.observe({ ...target, outcome }, seconds(durationMs));
      if (costUsd !== null) cost.inc(target, costUsd);
    },
  };
}

function createAlertCounter(registry: Registry): Pick<Counters, 'alerted'> {
  const alerts = new Counter({ ...definitions.alerts, registers: [registry] });
  // Prometheus sees no increase in a series that begins with its first alert.
  for (const [type, count] of Object.entries(NO_ALERTS)) alerts.inc({ type }, count);
  return { alerted: ({ type }) => alerts.inc({ type }) };
}

function createWebhookCounter(registry: Registry): Pick<Counters, 'webhookAttempted'> {
  const attempts = new Counter({ ...definitions.webhooks, registers: [registry] });
  return { webhookAttempted: ({ outcome }) => attempts.inc({ outcome }) };
}

const NO_ALERTS: Readonly<Record<Alert['type'], 0>> = { 'breaker-opened': 0, 'account-out': 0, 'chain-exhausted': 0 };

/** A clock that was set back makes a duration negative, and a sum that falls is taken for a restart. */
function seconds(durationMs: number): number {
  return Math.max(0, durationMs) / 1_000;
}
