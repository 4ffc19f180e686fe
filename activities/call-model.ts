// The activity `callModel`, and what every call has in common, whatever it asks: one attempt, its record, and what
// Temporal is told. It decides nothing by itself: the answer is judged in providers/, retries in src/domain/failure.ts.

import { CancelledFailure, Context } from '@temporalio/activity';
import type {
  CallInput,
  CallModelInput,
  CallModelResult,
  CallProgress,
  CallRecord,
  CallResult,
  Withheld,
} from '../src/domain/call.ts';
import { costOf, withLostAttempts } from '../src/domain/call.ts';
import { type CallFailure, decideRetry, type FailureKind, type RetryDecision } from '../src/domain/failure.ts';
import type { CallLine, CallLines } from '../src/domain/line.ts';
import { reasked } from '../src/domain/reask.ts';
import { queueTimeMs } from '../src/domain/route.ts';
import { targetName } from '../src/domain/target.ts';
import { estimateTokens } from '../src/domain/token-estimate.ts';
import type { Asked, AttemptDeps, Attempted } from './attempt.ts';
import { attemptCall } from './attempt.ts';
import { attemptLimitMs, type CallClock, retryBudgetMs } from './call-budget.ts';
import { callFailure } from './call-failure.ts';
import { startHeartbeats } from './heartbeats.ts';
import type { InFlightCalls } from './in-flight.ts';
import { callProvider } from './providers/call.ts';
import type { CallMeta } from './providers/outcome.ts';
import type { RaceDeps } from './race.ts';
import { afterTurn, countSpend, enterRace, untilTold } from './race.ts';

/** The part of a pino logger that is needed here. */
interface CallLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

export interface CallModelDeps extends AttemptDeps, RaceDeps {
  readonly lines: CallLines;
  readonly inFlight: InFlightCalls;
  readonly logger: CallLogger;
  readonly metrics: CallMetrics;
}

interface CallMetrics {
  callEnded(end: { readonly provider: string; readonly model: string; readonly record: CallRecord }): void;
  queueWaited(wait: { readonly provider: string; readonly waitedMs: number }): void;
  hedged(hedge: { readonly model: string; readonly result: 'sent' | Withheld }): void;
}

export async function callModel(deps: CallModelDeps, input: CallModelInput): Promise<CallModelResult> {
  const { target, prompt, race } = input;
  if (input.news) deps.health.hear(input.news);
  const context = Context.current();
  const line = await openLine(deps, input);
  const withheld = enterRace(deps, input, line);
  if (race?.part === 'hedge') deps.metrics.hedged({ model: race.model, result: withheld ?? 'sent' });
  if (withheld) {
    line?.end('cancelled');
    return { withheld };
  }
  const passage = input.line?.isLive && line ? line : undefined;
  const traceparent = input.traceparent ?? null;
  const asked = reasked(prompt, (context.info.heartbeatDetails as CallProgress | undefined)?.reask);
  let kind: FailureKind | null = 'unknown';
  try {
    return await makeCall(deps, input, {
      tokens: estimateTokens(prompt),
      send: (sending) => callProvider({ ...sending, target, prompt: asked, traceparent, passage }),
      cancelSignals: line ? [line.hungUp] : [],
      // What the client has seen would be sent again.
      mayRetry: () => !line?.hasPassed,
      settle: async (outcome, cancelled) => {
        if (race && cancelled.aborted) await untilTold(context);
        const settled =
          line?.isTaken && outcome.type === 'answered' ? await afterTurn(context, line, outcome) : outcome;
        kind = settled.type === 'answered' ? null : settled.failure.kind;
        return settled;
      },
      onRecord: (record) => {
        if (race) countSpend(deps, { ...input, race }, record);
      },
    });
  } finally {
    line?.end(kind);
  }
}

/** What a call is about, beside what all have in common. */
export interface CallAsked<Answered> extends Asked<Answered> {
  /** End it at once, as a cancel does. */
  readonly cancelSignals?: readonly AbortSignal[];
  /** @default true */
  readonly mayRetry?: () => boolean;
  /** Has the last word on how it ended, while it still counts as under way. */
  readonly settle?: (outcome: Attempted<Answered>, cancelled: AbortSignal) => Promise<Attempted<Answered>>;
  readonly onRecord?: (record: CallRecord) => void;
}

/** One attempt of a call that sends what is asked. Throws its failure as Temporal is to hear it. */
export async function makeCall<Answered>(
  deps: CallModelDeps,
  input: CallInput,
  asked: CallAsked<Answered>,
): Promise<CallResult<Answered>> {
  const { target } = input;
  const { tokens, send, cancelSignals = [], mayRetry = () => true, settle, onRecord } = asked;
  const context = Context.current();
  const { attempt, heartbeatDetails, workflowExecution } = context.info;
  const runId = workflowExecution?.runId ?? '';
  const clock = clockOf(context);
  const beganAtMs = performance.now();
  // The server's clock, carried on by one that nobody sets: the clocks of the two hosts may be apart.
  const serverNowMs = () => context.info.currentAttemptScheduledTimestampMs + performance.now() - beganAtMs;
  const startedAt = new Date().toISOString();
  const earlier = earlierRecords(input, { progress: heartbeatDetails, attempt, clock });
  const reask = (heartbeatDetails as CallProgress | undefined)?.reask;
  const progress: CallProgress = { records: earlier, current: { attempt, startedAt }, ...(reask && { reask }) };
  const stopHeartbeats = startHeartbeats(context, progress);
  const cancelled = deps.inFlight.signalFor(runId);
  const attempting = attemptCall(deps, {
    tokens,
    send,
    target,
    isPing: false,
    chain: input.chain ?? null,
    waitLimitMs: queueTimeMs({ timeMs: clock.scheduleToCloseMs, attemptTimeoutMs: input.attemptTimeoutMs }),
    limits: () => ({ ...input, attemptTimeoutMs: attemptLimitMs({ call: input, clock, nowMs: serverNowMs() }) }),
    decide: (failure) =>
      decideRetry({
        failure: isShutdown(failure, context) ? shutdownFailure(input) : failure,
        attempt,
        maxAttempts: mayRetry() ? input.maxAttempts : attempt,
        leftMs: retryBudgetMs({
          call: input,
          clock,
          nowMs: serverNowMs(),
          spentMs: Date.now() - Date.parse(earlier[0]?.startedAt ?? startedAt),
        }),
        jitter: Math.random(),
      }),
    cancelSignals: [context.cancellationSignal, cancelled, ...cancelSignals],
  });
  let outcome: Attempted<Answered>;
  try {
    outcome = await attempting;
    if (settle) outcome = await settle(outcome, cancelled);
  } finally {
    stopHeartbeats();
    deps.inFlight.leave(runId, cancelled);
  }
  const { meta, waitedMs } = outcome;
  deps.metrics.queueWaited({ provider: target.provider, waitedMs });
  const failure = outcome.type === 'answered' ? null : outcome.failure;
  const shown = failure && isShutdown(failure, context) ? shutdownFailure(input) : failure;
  const isRepaired = outcome.type === 'answered' && outcome.isRepaired === true;
  const record = callRecord(input, { attempt, startedAt, meta, failure: shown, isRepaired });
  deps.metrics.callEnded({ ...target, record });
  onRecord?.(record);
  const records = [...earlier, record];
  if (outcome.type === 'answered') return { answer: outcome.answer, records };
  const { decision } = outcome;
  const next = outcome.reask ? { ...progress, reask: outcome.reask } : progress;
  return endFailed(deps, { context, failure: shown ?? outcome.failure, decision, records, progress: next });
}

/** Null: no client waits for the answer. */
export async function openLine(
  deps: Pick<CallModelDeps, 'lines'>,
  { line, target, race }: Pick<CallInput, 'line' | 'target' | 'race'>,
): Promise<CallLine | null> {
  if (!line) return null;
  const runId = Context.current().info.workflowExecution?.runId ?? '';
  return deps.lines.open({ address: line, target: targetName(target), runId, isRacing: race !== undefined });
}

/** Throws: what Temporal is told of an attempt without an answer. */
function endFailed(
  deps: CallModelDeps,
  end: {
    readonly context: Context;
    readonly failure: CallFailure;
    readonly decision: RetryDecision;
    readonly records: readonly CallRecord[];
    readonly progress: CallProgress;
  },
): never {
  const { context, failure, decision, records, progress } = end;
  const workflowId = context.info.workflowExecution?.workflowId ?? '';
  logFailure(deps.logger, { workflowId, failure, record: records.at(-1), decision });
  // Also of a cancelled call: these details are what the workflow can learn of it when it does not wait for the end.
  if (decision.retry || failure.kind === 'cancelled') context.heartbeat({ ...progress, records });
  if (failure.kind === 'cancelled' && context.cancellationSignal.aborted) {
    throw new CancelledFailure(failure.message, [{ failure, records }]);
  }
  throw callFailure({ failure, records }, decision);
}

function isShutdown(failure: CallFailure, { cancellationDetails }: Context): boolean {
  return failure.kind === 'cancelled' && cancellationDetails?.workerShutdown === true;
}

function clockOf({ info }: Context): CallClock {
  return {
    scheduledAtMs: info.scheduledTimestampMs,
    scheduleToCloseMs: info.scheduleToCloseTimeoutMs,
    startToCloseMs: info.startToCloseTimeoutMs,
  };
}

function earlierRecords(
  { target }: CallInput,
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
  { target }: CallInput,
  attempt: {
    readonly attempt: number;
    readonly startedAt: string;
    readonly meta: CallMeta;
    readonly failure: CallFailure | null;
    readonly isRepaired: boolean;
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
    ...(attempt.isRepaired && { repaired: true as const }),
  };
}

function shutdownFailure({ target }: CallInput): CallFailure {
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
