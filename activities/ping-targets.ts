// The activity `pingTargets`: asks each target for a token from time to time, so that one that is down, or back, is
// known before a client's call finds out. One worker does it for all. Judged by status and latency, never by content.

import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { costOf } from '../src/domain/call.ts';
import type { Prompt } from '../src/domain/prompt.ts';
import type { Target } from '../src/domain/target.ts';
import { targetName } from '../src/domain/target.ts';
import { tellsOf } from '../src/health/ended.ts';
import type { AttemptDeps } from './attempt.ts';
import { attemptCall } from './attempt.ts';

export interface PingDeps extends AttemptDeps {
  readonly metrics: PingMetrics;
  /** Aborts when the worker begins to stop: another one is to take over at once. */
  readonly stopping: AbortSignal;
}

interface PingMetrics {
  pingEnded(ping: {
    readonly provider: string;
    readonly model: string;
    readonly outcome: 'succeeded' | 'failed';
    readonly durationMs: number;
    readonly costUsd: number | null;
  }): void;
}

export async function pingTargets(deps: PingDeps, { forMs }: { readonly forMs: number }): Promise<void> {
  const { health, stopping } = deps;
  const context = Context.current();
  const { enabled, intervalMs } = health.settings.checks;
  const endsAtMs = performance.now() + forMs;
  const pinger = new Pinger(deps, context.cancellationSignal);
  let beatAtMs = Number.NEGATIVE_INFINITY;
  while (performance.now() < endsAtMs) {
    if (stopping.aborted) throw ApplicationFailure.create({ type: 'worker-stopping', message: 'The worker stops.' });
    if (context.cancellationSignal.aborted) throw new CancelledFailure('No health pings are wanted any more.');
    if (performance.now() - beatAtMs >= HEARTBEAT_MS) {
      beatAtMs = performance.now();
      context.heartbeat();
    }
    if (enabled) pinger.pingWhoIsDue();
    await pause(Math.max(MIN_TICK_MS, Math.min(MAX_TICK_MS, intervalMs / 20)), [stopping, context.cancellationSignal]);
  }
}

/** How often it is looked whether a ping is due: one follows the end of a break by at most this. */
const MAX_TICK_MS = 500;
const MIN_TICK_MS = 10;
/** A worker that is gone is noticed after three of them. */
const HEARTBEAT_MS = 5_000;

class Pinger {
  readonly #deps: PingDeps;
  readonly #cancelled: AbortSignal;
  /** By target; `performance.now()`. */
  readonly #nextAtMs: Map<string, number>;
  readonly #underWay = new Set<string>();

  constructor(deps: PingDeps, cancelled: AbortSignal) {
    const { targets, settings } = deps.health;
    this.#deps = deps;
    this.#cancelled = cancelled;
    // Spread over the interval, so that they do not all go out at once for ever.
    const stepMs = settings.checks.intervalMs / targets.length;
    const now = performance.now();
    this.#nextAtMs = new Map(targets.map((target, index) => [targetName(target), now + index * stepMs]));
  }

  pingWhoIsDue(): void {
    const { health } = this.#deps;
    for (const target of health.targets) {
      const name = targetName(target);
      if (this.#underWay.has(name) || !this.#isDue(name)) continue;
      this.#underWay.add(name);
      void this.#ping(target).finally(() => this.#underWay.delete(name));
    }
  }

  /** A target that waits for its probe gets it at once; one that is out gets nothing before that. */
  #isDue(name: string): boolean {
    const { health } = this.#deps;
    const { intervalMs, always } = health.settings.checks;
    if (health.awaitsProbe(name)) return true;
    if (performance.now() < (this.#nextAtMs.get(name) ?? 0) || !health.mayBeCalled(name)) return false;
    this.#nextAtMs.set(name, performance.now() + intervalMs);
    return always || health.silentMs(name) >= intervalMs;
  }

  async #ping({ provider, model, price }: Target): Promise<void> {
    const { health, metrics, stopping } = this.#deps;
    const { timeoutMs } = health.settings.checks;
    const attempted = await attemptCall(this.#deps, {
      traceparent: null,
      // What a chain adds to make answers alike is of no use here, and costs.
      target: { provider, model },
      prompt: PING,
      isPing: true,
      chain: null,
      // A provider without room for a ping is busy with calls, and those tell.
      waitLimitMs: 0,
      limits: () => ({ attemptTimeoutMs: timeoutMs, firstTokenTimeoutMs: timeoutMs, stallTimeoutMs: timeoutMs }),
      decide: () => ({ retry: false }),
      cancelSignals: [this.#cancelled, stopping],
    });
    const { isSent, durationMs, usage } = attempted.meta;
    const kind = attempted.type === 'failed' ? attempted.failure.kind : null;
    const tells = tellsOf({ kind, isPing: true, isSent });
    if (!isSent || tells === 'nothing') return;
    const outcome = tells === 'well' ? 'succeeded' : 'failed';
    metrics.pingEnded({ provider, model, outcome, durationMs, costUsd: costOf(usage, price) });
  }
}

const PING: Prompt = {
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'ping' }] }],
  params: { maxTokens: 1 },
};

function pause(ms: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    for (const signal of signals) signal.addEventListener('abort', end);
  });
}
