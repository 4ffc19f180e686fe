// Joins the parts that know of targets' health: circuits and scores in memory, rate budgets, what all processes share,
// alerts and metrics.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Admit } from '../domain/admission.ts';
import { createAdmit } from '../domain/admission.ts';
import { allTargets } from '../domain/catalog.ts';
import { targetName } from '../domain/target.ts';
import type { Targets } from '../domain/targets.ts';
import { Alerts } from '../health/alerts.ts';
import { CallQueue } from '../health/call-queue.ts';
import type { CircuitChange } from '../health/circuits.ts';
import { keysOf } from '../health/circuits.ts';
import { Health } from '../health/health.ts';
import type { Metrics } from '../metrics.ts';
import { createMetrics } from '../metrics.ts';
import type { TemporalConnection } from '../temporal/connect.ts';
import { HealthLink } from '../temporal/health-link.ts';
import type { InferenceObserver } from '../temporal/observers.ts';
import type { createDataConverter } from '../temporal/payloads.ts';
import { countOf, HELD, RUNNING, VisibleCount } from '../temporal/visible-count.ts';
import { createSharedTargetHealth } from '../temporal/target-health.ts';
import { createWorkerList } from '../temporal/task-queue.ts';

export interface TargetHealth {
  readonly health: Health;
  readonly queue: CallQueue;
  readonly metrics: Metrics;
  readonly link: HealthLink;
  readonly observer: Omit<InferenceObserver, 'callsAbandoned'>;
  /** For the HTTP side. */
  readonly targets: Targets;
  readonly admit: Admit;
  /** Names this process among the workers. */
  readonly identity: string;
}

export function createTargetHealth(options: {
  readonly config: Config;
  readonly temporal: TemporalConnection;
  readonly dataConverter: ReturnType<typeof createDataConverter>;
  /** This process makes calls. */
  readonly isWorker: boolean;
  readonly logger: Logger;
}): TargetHealth {
  const { config, temporal, dataConverter, isWorker, logger } = options;
  // A process that makes no calls has nothing in its own queue, and goes by what the workers tell.
  const queue = new CallQueue(isWorker ? config.health.limits : {});
  const health: Health = new Health({
    settings: config.health,
    targets: allTargets(config.catalog),
    waitMs: (target) => (isWorker ? queue.waitMs(target) : health.sharedWaitMs(target)),
  });
  const view = (name: string) => health.view(name, queue.view(name));
  const held = new VisibleCount({ count: countOf(HELD, temporal), logger });
  const metrics = createMetrics({
    catalog: config.catalog,
    health: () => health.targets.map((target) => view(targetName(target))),
    votesHeld: () => held.estimate(),
  });
  const shared = createSharedTargetHealth({ ...temporal, dataConverter });
  const identity = `holdfast-${process.pid}@${hostname()}-${randomUUID().slice(0, 8)}`;
  const link = new HealthLink({
    shared,
    health,
    logger,
    worker: isWorker
      ? { identity, queue, workers: createWorkerList(temporal), hasWebhook: config.alerts.webhook !== null }
      : null,
  });
  const alerts = new Alerts({
    repeatAfterMs: config.alerts.repeatAfterMs,
    onAlert: (alert) => {
      logger.warn({ alert: alert.type, subject: alert.subject }, alert.message);
      metrics.alerted(alert);
      link.alert(alert);
    },
  });
  health.onCircuit((change) => {
    if (change.change === 'closed') queue.slowStart(change.key);
    if (isWorker) tell(change, { alerts, logger });
  });
  const running = new VisibleCount({ count: countOf(RUNNING, temporal), logger });
  const mayStart = createAdmit({
    maxInFlight: config.maxInFlight,
    running: () => running.estimate(),
    waitMs: (target) => health.waitMs(target),
  });
  return {
    health,
    queue,
    metrics,
    link,
    identity,
    observer: {
      inferenceEnded: (end) => metrics.inferenceEnded(end),
      voted: (vote) => metrics.voted(vote),
      chainExhausted: ({ model }) =>
        alerts.raise(
          'chain-exhausted',
          model,
          `The targets of ${model} have failed: nobody is left to answer, or too few.`,
        ),
    },
    targets: {
      view,
      rank: (model) => health.rank(model),
      recentP95Ms: (ofTargets) => ofTargets.map((target) => health.recentP95Ms(targetName(target))),
      async steer(change, steering) {
        const circuits = await shared.steer(change, steering);
        if (!circuits) return { type: 'unavailable' };
        // Everybody else reads it within two seconds.
        health.hear(circuits);
        logger.warn({ target: steering.target, owner: steering.by ?? null }, `A target's circuit: ${change}.`);
        return { type: 'steered' };
      },
    },
    admit: (wanted) => {
      const refusal = mayStart(wanted);
      if (refusal) metrics.inferenceRefused({ reason: refusal.reason });
      else running.noteStart();
      return refusal;
    },
  };
}

function tell(
  { key, change, circuit }: CircuitChange,
  to: { readonly alerts: Alerts; readonly logger: Pick<Logger, 'info'> },
): void {
  const { alerts, logger } = to;
  const isAccount = keysOf(key)[1] === key;
  if (change === 'closed') {
    logger.info({ target: key }, `${isAccount ? 'The account of ' : ''}${key} is called again.`);
    return;
  }
  if (circuit.isolatedAtMs > 0) return;
  const until = new Date(circuit.openUntilMs).toISOString();
  if (isAccount) {
    const message = `The account of ${key} is out (${circuit.cause}): none of its targets is called before ${until}.`;
    alerts.raise('account-out', key, message);
  } else {
    alerts.raise('breaker-opened', key, `The circuit of ${key} has opened (${circuit.cause}) until ${until}.`);
  }
}
