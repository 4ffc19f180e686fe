// One attempt at one target, from asking whether it may go out to telling how it ended: the circuit, the provider's rate
// budget, the provider. Calls and health pings alike; whatever keeps an attempt from going out is a failure as a value.

import type { Dispatcher } from 'undici';
import type { CallFailure, RetryDecision } from '../src/domain/failure.ts';
import type { Target } from '../src/domain/target.ts';
import { targetName } from '../src/domain/target.ts';
import type { CallQueue } from '../src/health/call-queue.ts';
import type { Admission } from '../src/health/circuits.ts';
import { tellsOf } from '../src/health/ended.ts';
import type { Health } from '../src/health/health.ts';
import type { Turn } from '../src/health/provider-budget.ts';
import type { CallInput, CallMeta, CallOutcome } from './providers/outcome.ts';
import { failureSentence } from './providers/errors/classify.ts';
import type { ProviderSettings } from './providers/registry.ts';
import type { AttemptLimits } from './providers/watch.ts';

export interface AttemptDeps {
  /** By the provider's name in the configuration. */
  readonly providers: ReadonlyMap<string, ProviderSettings>;
  readonly health: Health;
  readonly queue: CallQueue;
  readonly connections: Dispatcher;
}

/** What is known of an attempt when its turn has come. */
type Sending = Omit<CallInput, 'target' | 'prompt' | 'traceparent' | 'passage'>;

/** What is asked of the target. */
export interface Asked<Answered> {
  /** What it costs of a rate budget, by our own estimate. */
  readonly tokens: number;
  readonly send: (sending: Sending) => Promise<CallOutcome<Answered>>;
}

export interface Attempt<Answered> extends Asked<Answered> {
  readonly target: Target;
  readonly isPing: boolean;
  /** As `Health.admit` takes it. */
  readonly chain: readonly string[] | null;
  /** How long it may wait for its turn. */
  readonly waitLimitMs: number;
  /** Asked when its turn has come. */
  readonly limits: () => AttemptLimits;
  /** Whether and when the target gets another attempt; when it does not, the provider's own hint keeps the target out. */
  readonly decide: (failure: CallFailure) => RetryDecision;
  /** Any of them ends the attempt at once. */
  readonly cancelSignals: readonly AbortSignal[];
}

export type Attempted<Answered> =
  | (Extract<CallOutcome<Answered>, { type: 'answered' }> & { readonly waitedMs: number })
  | AttemptFailed;

type AttemptFailed = Extract<CallOutcome, { type: 'failed' }> & {
  readonly waitedMs: number;
  readonly decision: RetryDecision;
};

export async function attemptCall<Answered>(
  deps: AttemptDeps,
  attempt: Attempt<Answered>,
): Promise<Attempted<Answered>> {
  const { health, queue } = deps;
  const { target, tokens, chain, waitLimitMs, cancelSignals } = attempt;
  const name = targetName(target);
  const refusal = health.admissionOf(name, chain);
  if (refusal.type === 'refused') return unsent(attempt, breakerOpen(name, refusal));
  const entry = await queue.enter({
    target: name,
    tokens,
    waitLimitMs,
    signals: cancelSignals,
  });
  if (entry.type === 'aborted') return unsent(attempt, failureOf(name, 'cancelled'));
  if (entry.type === 'full') return budgetFull(attempt, entry.retryAfterMs);
  // Again, since it may have waited; and now it counts.
  const admission = health.admit(name, chain);
  if (admission.type === 'refused') {
    entry.turn.leave({ told: 'nothing', usedTokens: 0 });
    return unsent(attempt, breakerOpen(name, admission));
  }
  return send(deps, attempt, { turn: entry.turn, isProbe: admission.isProbe });
}

async function send<Answered>(
  deps: AttemptDeps,
  attempt: Attempt<Answered>,
  place: { readonly turn: Turn; readonly isProbe: boolean },
): Promise<Attempted<Answered>> {
  const { target, isPing, cancelSignals } = attempt;
  const { turn, isProbe } = place;
  const { waitedMs } = turn;
  const end = { target: targetName(target), isProbe, isPing };
  let outcome: CallOutcome<Answered>;
  try {
    const settings = deps.providers.get(target.provider);
    const { connections } = deps;
    outcome = await attempt.send({ settings, limits: attempt.limits(), cancelSignals, connections });
  } catch (error) {
    // A bug of ours; a probe that never ended would keep the target out for ever.
    deps.health.ended({ ...end, kind: 'cancelled', isSent: false, durationMs: 0, firstTokenMs: null });
    turn.leave({ told: 'nothing', usedTokens: null });
    throw error;
  }
  const { meta } = outcome;
  const { isSent, durationMs, firstTokenMs } = meta;
  const told = { ...end, isSent, durationMs, firstTokenMs };
  if (outcome.type === 'answered') {
    deps.health.ended({ ...told, kind: null });
    turn.leave({
      told: 'well',
      usedTokens: tokensOf(meta),
      rate: meta.rate,
      // A document comes with its headers.
      rateAgeMs: firstTokenMs === null ? 0 : durationMs - firstTokenMs,
    });
    return { ...outcome, waitedMs };
  }
  const { failure } = outcome;
  const { kind, retryAfterMs } = failure;
  const decision = attempt.decide(failure);
  const outForMs = decision.retry ? undefined : retryAfterMs;
  deps.health.ended({ ...told, kind, ...(outForMs !== undefined && { outForMs }) });
  const tells = tellsOf({ kind, isPing, isSent });
  turn.leave({
    told: tells === 'account' ? 'nothing' : tells,
    usedTokens: tokensOf(meta),
    rate: meta.rate,
    rateAgeMs: firstTokenMs === null ? 0 : durationMs - firstTokenMs,
    // When nobody waits for it, it keeps the target out altogether.
    ...(decision.retry && retryAfterMs !== undefined && { retryAfterMs }),
  });
  // This failure may have opened the circuit: then nobody waits for an attempt that would be refused.
  const isRefused = deps.health.admissionOf(end.target, attempt.chain).type === 'refused';
  return { ...outcome, decision: isRefused ? { retry: false } : decision, waitedMs };
}

/** A request that did not go out used none; of one that was cut off nobody knows. */
function tokensOf({ usage, isSent }: CallMeta): number | null {
  if (!isSent) return 0;
  return usage?.inputTokens == null ? null : usage.inputTokens + (usage.outputTokens ?? 0);
}

function unsent({ target, decide }: Pick<Attempt<unknown>, 'target' | 'decide'>, failure: CallFailure): AttemptFailed {
  return {
    type: 'failed',
    failure,
    decision: decide(failure),
    waitedMs: 0,
    meta: {
      servedModel: target.model,
      firstTokenMs: null,
      durationMs: 0,
      usage: null,
      providerRequestId: null,
      possiblyBilled: false,
      isSent: false,
      rate: null,
    },
  };
}

function breakerOpen(name: string, { retryAfterMs }: Extract<Admission, { type: 'refused' }>): CallFailure {
  return { ...failureOf(name, 'breaker-open'), ...(retryAfterMs !== null && { retryAfterMs }) };
}

/** It has waited its share, or would have to wait for longer: another target is better, unless another worker has room. */
function budgetFull(attempt: Pick<Attempt<unknown>, 'target' | 'decide'>, retryAfterMs: number): AttemptFailed {
  const message = `${targetName(attempt.target)} was not called: the rate budget of its provider is used up.`;
  const refused = unsent(attempt, { kind: 'rate-limited', message, retryAfterMs });
  return retryAfterMs > ANOTHER_WORKER_MS ? { ...refused, decision: { retry: false } } : refused;
}

/** After so long it is asked again where this worker's share of a limit is nothing. */
const ANOTHER_WORKER_MS = 1_000;

function failureOf(name: string, kind: 'breaker-open' | 'cancelled'): CallFailure {
  return { kind, message: `${name} ${failureSentence(kind)}.` };
}
