// The activity `callModel`: one attempt of a call, its record, and what Temporal is told. It decides nothing by itself:
// the answer is judged in providers/, retries in src/domain/failure.ts.

import { CancelledFailure, Context } from '@temporalio/activity';
import type { Dispatcher } from 'undici';
import type { CallModelInput, CallModelResult, CallProgress, CallRecord } from '../src/domain/call.ts';
import { costOf, withLostAttempts } from '../src/domain/call.ts';
import { type CallFailure, decideRetry, type RetryDecision } from '../src/domain/failure.ts';
import { targetName } from '../src/domain/target.ts';
import { attemptLimitMs, type CallClock, retryBudgetMs } from './call-budget.ts';
import { callFailure } from './call-failure.ts';
import type { InFlightCalls } from './in-flight.ts';
import { type CallMeta, callProvider } from './providers/call.ts';
import type { ProviderSettings } from './providers/registry.ts';

/** The part of a pino logger that is needed here. */
export interface CallLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

export interface CallModelDeps {
  readonly providers: ReadonlyMap<string, ProviderSettings>;
  readonly inFlight: InFlightCalls;
  readonly logger: CallLogger;
  readonly connections: Dispatcher;
}

export async function callModel(deps: CallModelDeps, input: CallModelInput): Promise<CallModelResult> {
  const context = Context.current();
  const { attempt, heartbeatDetails, workflowExecution } = context.info;
  const clock = clockOf(context);
  const beganAtMs = performance.now();
  // The server's clock, carried on by one that nobody sets: the clocks of the two hosts may be apart.
  const serverNowMs = () => context.info.currentAttemptScheduledTimestampMs + performance.now() - beganAtMs;
  const workflowId = workflowExecution?.workflowId ?? '';
  const startedAt = new Date().toISOString();
  const earlier = earlierRecords(input, { progress: heartbeatDetails, attempt, clock });
  const progress: CallProgress = { records: earlier, current: { attempt, startedAt } };
  const stopHeartbeats = startHeartbeats(() => context.heartbeat(progress));
  const cancelled = deps.inFlight.signalFor(workflowId);
  const outcome = await callProvider({
    settings: deps.providers.get(input.target.provider),
    target: input.target,
    prompt: input.prompt,
    limits: { ...input, attemptTimeoutMs: attemptLimitMs({ call: input, clock, nowMs: serverNowMs() }) },
    cancelSignals: [context.cancellationSignal, cancelled],
    connections: deps.connections,
  }).finally(() => {
    stopHeartbeats();
    deps.inFlight.leave(workflowId, cancelled);
  });
  const { meta } = outcome;
  if (outcome.type === 'answered') {
    const record = callRecord(input, { attempt, startedAt, meta, failure: null });
    return { answer: outcome.answer, records: [...earlier, record] };
  }
  const isShutdown = outcome.failure.kind === 'cancelled' && context.cancellationDetails?.workerShutdown === true;
  const failure = isShutdown ? shutdownFailure(input) : outcome.failure;
  const records = [...earlier, callRecord(input, { attempt, startedAt, meta, failure })];
  const spentMs = Date.now() - Date.parse(records[0]?.startedAt ?? startedAt);
  const decision = decideRetry({
    failure,
    attempt,
    maxAttempts: input.maxAttempts,
    leftMs: retryBudgetMs({ call: input, clock, nowMs: serverNowMs(), spentMs }),
    jitter: Math.random(),
  });
  logFailure(deps.logger, { workflowId, failure, record: records.at(-1), decision });
  // Also of a cancelled call: these details are what the workflow can learn of it when it does not wait for the end.
  if (decision.retry || failure.kind === 'cancelled') context.heartbeat({ ...progress, records });
  if (failure.kind === 'cancelled' && context.cancellationSignal.aborted) {
    throw new CancelledFailure(failure.message, [{ failure, records }]);
  }
  throw callFailure({ failure, records }, decision);
}

/** The happy path has none: each is a round trip and a write. */
const FIRST_HEARTBEAT_MS = 2_000;
const HEARTBEAT_MS = 5_000;

function startHeartbeats(beat: () => void): () => void {
  const tick = (): void => {
    beat();
    timer = setTimeout(tick, HEARTBEAT_MS);
  };
  let timer = setTimeout(tick, FIRST_HEARTBEAT_MS);
  return () => clearTimeout(timer);
}

function clockOf({ info }: Context): CallClock {
  return {
    scheduledAtMs: info.scheduledTimestampMs,
    scheduleToCloseMs: info.scheduleToCloseTimeoutMs,
    startToCloseMs: info.startToCloseTimeoutMs,
  };
}

function earlierRecords(
  { target }: CallModelInput,
  known: { readonly progress: CallProgress | undefined; readonly attempt: number; readonly clock: CallClock },
): readonly CallRecord[] {
  const { progress, attempt, clock } = known;
  const startedAt = progress?.current.startedAt ?? new Date(clock.scheduledAtMs).toISOString();
  return withLostAttempts(progress?.records ?? [], {
    target: targetName(target),
    model: target.model,
    attempts: attempt - 1,
    startedAt,
  });
}

function callRecord(
  { target }: CallModelInput,
  attempt: {
    readonly attempt: number;
    readonly startedAt: string;
    readonly meta: CallMeta;
    readonly failure: CallFailure | null;
  },
): CallRecord {
  const { meta, failure } = attempt;
  return {
    target: targetName(target),
    model: meta.servedModel,
    attempt: attempt.attempt,
    outcome: failure === null ? 'succeeded' : failure.kind === 'cancelled' ? 'cancelled' : 'failed',
    kind: failure?.kind ?? null,
    startedAt: attempt.startedAt,
    durationMs: meta.durationMs,
    firstTokenMs: meta.firstTokenMs,
    usage: meta.usage,
    costUsd: costOf(meta.usage, target.price),
    providerRequestId: meta.providerRequestId,
    possiblyBilled: meta.possiblyBilled,
    message: failure?.message ?? null,
  };
}

function shutdownFailure({ target }: CallModelInput): CallFailure {
  return { kind: 'worker-lost', message: `The worker that called ${targetName(target)} was shut down.` };
}

function logFailure(
  logger: CallLogger,
  ended: {
    readonly workflowId: string;
    readonly failure: CallFailure;
    readonly record: CallRecord | undefined;
    readonly decision: RetryDecision;
  },
): void {
  const { workflowId, failure, record, decision } = ended;
  const fields = {
    workflowId,
    target: record?.target,
    attempt: record?.attempt,
    kind: failure.kind,
    status: failure.status,
    providerRequestId: record?.providerRequestId,
    durationMs: record?.durationMs,
    retryInMs: decision.retry ? decision.delayMs : null,
  };
  if (failure.kind === 'cancelled') logger.info(fields, failure.message);
  else logger.warn(fields, failure.message);
}
