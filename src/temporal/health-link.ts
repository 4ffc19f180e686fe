// Keeps what this process knows of targets and what all share in step: reports at once what changed here, reads every
// other second what changed elsewhere, and shares the rate budgets out among the workers that are there.

import type { Logger } from 'pino';
import type { Alert, HealthReport } from '../domain/health.ts';
import { NOTHING_SHARED } from '../domain/health.ts';
import type { CallQueue } from '../health/call-queue.ts';
import type { Health } from '../health/health.ts';
import { isUnreachable } from './deadline.ts';
import type { SharedTargetHealth } from './target-health.ts';

const READ_MS = 1_500;
/** Changes that come together, as those of an account and its targets, travel together. */
const GATHER_MS = 20;
/** After so long the other workers have seen this one, and their shares of the budgets have shrunk. */
const JOINING_MS = 2 * READ_MS;

export interface HealthLinkOptions {
  readonly shared: SharedTargetHealth;
  readonly health: Health;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  /** Null: this process makes no calls, and only reads. */
  readonly worker: {
    readonly identity: string;
    readonly queue: CallQueue;
    /** Identities of all workers that make calls. */
    readonly workers: () => Promise<readonly string[]>;
    /** Alerts are worth telling: there is a webhook. */
    readonly hasWebhook: boolean;
  } | null;
}

export class HealthLink {
  readonly #options: HealthLinkOptions;
  readonly #hasLimits: boolean;
  #alerts: Alert[] = [];
  /** The workflow runs and has heard of this worker. */
  #isKnown = false;
  #toldBudgets = false;
  #readTimer: NodeJS.Timeout | undefined;
  #reportTimer: NodeJS.Timeout | undefined;
  #reporting: Promise<void> | null = null;
  #joinedAtMs = 0;
  readonly #startedAtMs = Date.now();
  #isStopped = false;
  #isAway = false;

  constructor(options: HealthLinkOptions) {
    this.#options = options;
    const { health, worker } = options;
    this.#hasLimits = Object.keys(health.settings.limits).length > 0;
    if (worker) {
      health.onCircuit(({ isOwn }) => {
        if (isOwn) this.#reportSoon();
      });
    }
  }

  /** Starts from what is shared, before the first call. */
  async start(): Promise<void> {
    const { worker } = this.#options;
    this.#joinedAtMs = performance.now();
    if (worker && this.#hasLimits) worker.queue.setShare(null);
    await this.#read();
    await this.#report();
    this.#readLater();
  }

  alert(alert: Alert): void {
    if (!this.#options.worker?.hasWebhook) return;
    this.#alerts.push(alert);
    this.#reportSoon();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#readTimer);
    clearTimeout(this.#reportTimer);
    await this.#report();
  }

  #readLater(): void {
    if (this.#isStopped) return;
    this.#readTimer = setTimeout(() => {
      void Promise.all([this.#read(), this.#report()]).finally(() => this.#readLater());
    }, READ_MS);
    this.#readTimer.unref();
  }

  async #read(): Promise<void> {
    await this.#whenReachable(async () => {
      const shared = await this.#options.shared.read();
      this.#options.health.absorb(shared ?? NOTHING_SHARED);
      if (!shared) this.#isKnown = false;
      await this.#shareOut();
    });
  }

  async #shareOut(): Promise<void> {
    const { worker } = this.#options;
    if (!worker || !this.#hasLimits) return;
    const all = await worker.workers();
    const others = all.filter((identity) => identity !== worker.identity);
    const isJoining = performance.now() - this.#joinedAtMs < JOINING_MS;
    if (others.length > 0 && isJoining) return worker.queue.setShare(null);
    // Those that left are counted for a minute yet, as long as a poll may last.
    const index = [...others, worker.identity].sort().indexOf(worker.identity);
    worker.queue.setShare({ index, count: others.length + 1 });
  }

  #reportSoon(): void {
    if (this.#isStopped) return;
    this.#reportTimer ??= setTimeout(() => void this.#report(), GATHER_MS);
  }

  /** One at a time, so that what failed to arrive is not overtaken. */
  #report(): Promise<void> {
    clearTimeout(this.#reportTimer);
    this.#reportTimer = undefined;
    this.#reporting = (this.#reporting ?? Promise.resolve()).then(() => this.#reportNow());
    return this.#reporting;
  }

  async #reportNow(): Promise<void> {
    const { worker, health } = this.#options;
    if (!worker) return;
    const { identity: from } = worker;
    const changes = health.takeReport(from);
    const alerts = this.#alerts.splice(0);
    const budgets = this.#budgetsWorthTelling();
    const isNew = !this.#isKnown;
    if (!isNew && !changes && !budgets && alerts.length === 0) return;
    await this.#tell({
      ...(changes ?? { from, atMs: Date.now() }),
      // In each, since each may be the first that a new run of the workflow hears.
      pings: { areEnabled: health.settings.checks.enabled, sinceMs: this.#startedAtMs },
      ...(budgets && { budgets }),
      ...(alerts.length > 0 && { alerts }),
    });
  }

  async #tell(report: HealthReport): Promise<void> {
    const { shared, health } = this.#options;
    const isTold = await this.#whenReachable(() => shared.report(report));
    if (isTold) {
      this.#isKnown = true;
      return;
    }
    health.giveBack(report);
    this.#alerts.unshift(...(report.alerts ?? []));
  }

  /** While somebody waits, and once more when nobody does any longer. */
  #budgetsWorthTelling(): HealthReport['budgets'] | null {
    const budgets = this.#options.worker?.queue.providerViews() ?? {};
    const isAnybodyWaiting = Object.values(budgets).some(({ depth }) => depth > 0);
    if (!isAnybodyWaiting && !this.#toldBudgets) return null;
    this.#toldBudgets = isAnybodyWaiting;
    return budgets;
  }

  /** Whether it came to pass. Calls go on by what is known here while Temporal is away. */
  async #whenReachable(exchange: () => Promise<void>): Promise<boolean> {
    const { logger } = this.#options;
    try {
      await exchange();
      if (this.#isAway) logger.info('The health of targets is shared with other processes again.');
      this.#isAway = false;
      return true;
    } catch (error) {
      if (!isUnreachable(error)) logger.warn({ err: error }, 'The health of targets could not be shared.');
      else if (!this.#isAway) {
        logger.warn('Temporal is away: targets are judged by what this process sees alone.');
        this.#isAway = true;
      }
      return false;
    }
  }
}
