// One call: the activity `callModel` at one target, and what its end means, however it ended.

import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  log,
  proxyActivities,
  sleep,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { createActivities } from '../activities/index.ts';
import type { Answer } from '../src/domain/answer.ts';
import type {
  CallModelFailure,
  CallModelInput,
  CallModelResult,
  CallProgress,
  CallRecord,
  Race,
  Withheld,
} from '../src/domain/call.ts';
import { withLostAttempts } from '../src/domain/call.ts';
import type { CallFailure, FailureKind } from '../src/domain/failure.ts';
import type { CommonSettings } from '../src/domain/model-settings.ts';
import type { Prompt } from '../src/domain/prompt.ts';
import { queueTimeMs } from '../src/domain/route.ts';
import type { Target } from '../src/domain/target.ts';
import { targetName } from '../src/domain/target.ts';

type Activities = ReturnType<typeof createActivities>;

/** An attempt ends by its own timers; this much later Temporal concludes that its worker hangs. */
const START_TO_CLOSE_GRACE_MS = 5_000;
/** A worker that is gone is noticed after this; the activity's heartbeats are well below it. */
const HEARTBEAT_TIMEOUT_MS = 15_000;
/** The same where a cancel must arrive within two seconds: it comes with the answer to a heartbeat. */
const SOON_HEARTBEAT_TIMEOUT_MS = 2_000;

export type CallOutcome =
  | {
      readonly type: 'answered';
      readonly answer: Answer;
      /** Of the attempt that answered. */
      readonly record: CallRecord;
    }
  | { readonly type: 'failed'; readonly failure: CallFailure }
  /** A hedge that was not sent. */
  | { readonly type: 'withheld'; readonly because: Withheld };

interface Call {
  readonly target: Target;
  readonly prompt: Prompt;
  readonly settings: CommonSettings;
  readonly timeMs: number;
  /** As `CallModelInput` has them. */
  readonly gate: Pick<CallModelInput, 'chain' | 'news' | 'line'>;
  readonly summary: string;
  /** Of a call that races others: it gets one attempt, and a cancel does not wait for what it has to say. */
  readonly race: Race | null;
  readonly traceparent: string | null;
  /** A cancel has to reach it soon, wherever it runs. */
  readonly endsSoon: boolean;
  readonly onRecords: (records: readonly CallRecord[]) => void;
}

/**
 * Rejects with a cancellation, after its record has been given to `onRecords`. Without `async`, and so are those that it
 * is made of: every promise of a workflow costs the sandbox a stack trace.
 */
export function callTarget(call: Call): Promise<CallOutcome> {
  const { target, prompt, settings, timeMs, gate, summary, race, traceparent, endsSoon } = call;
  const { attemptTimeoutMs, firstTokenTimeoutMs, stallTimeoutMs } = settings;
  const maxAttempts = race ? 1 : settings.maxAttemptsPerTarget;
  const { callModel } = proxyActivities<Activities>({
    startToCloseTimeout: queueTimeMs({ timeMs, attemptTimeoutMs }) + attemptTimeoutMs + START_TO_CLOSE_GRACE_MS,
    scheduleToCloseTimeout: timeMs,
    heartbeatTimeout: race || endsSoon ? SOON_HEARTBEAT_TIMEOUT_MS : HEARTBEAT_TIMEOUT_MS,
    retry: { initialInterval: 500, maximumAttempts: maxAttempts },
    // A cancelled call may still say what it did; `orCancelled` does not wait long for that.
    cancellationType: race ? 'TRY_CANCEL' : 'WAIT_CANCELLATION_COMPLETED',
    summary,
  });
  // Cancelled before the call was scheduled: there is nothing to record.
  if (CancellationScope.current().consideredCancelled) {
    return Promise.reject(new CancelledFailure(`${targetName(target)} was not called.`));
  }
  const startedAt = new Date().toISOString();
  const limits = { attemptTimeoutMs, firstTokenTimeoutMs, stallTimeoutMs, maxAttempts };
  const optional = { ...(race && { race }), ...(traceparent !== null && { traceparent }) };
  const running = callModel({ target, prompt, ...limits, ...gate, ...optional });
  return (race ? running : orCancelled(running)).then(
    (result) => answeredBy(call, startedAt, result),
    (error: unknown) => failedBy(call, startedAt, error),
  );
}

function answeredBy({ target, onRecords }: Call, startedAt: string, result: CallModelResult): CallOutcome {
  if ('withheld' in result) return { type: 'withheld', because: result.withheld };
  const { answer, records } = result;
  onRecords(records);
  const record = records.at(-1) ?? unrecorded({ target, startedAt, attempt: 1, kind: 'unknown' });
  return { type: 'answered', answer, record };
}

/** Throws a cancellation. */
function failedBy({ target, summary, onRecords }: Call, startedAt: string, error: unknown): CallOutcome {
  if (isCancellation(error)) {
    onRecords(recordsOfCancelled(error) ?? [unrecorded({ target, startedAt, attempt: 1, kind: 'cancelled' })]);
    throw error;
  }
  const { failure, records } = readFailure({ error, target, startedAt });
  onRecords(records);
  log.info('target failed', { call: summary, kind: failure.kind });
  // Ended in the worker's own process, which learns of a cancel before Temporal has told this workflow.
  if (failure.kind === 'cancelled') throw new CancelledFailure(failure.message);
  return { type: 'failed', failure };
}

/** Settles as the call does. After a cancel the call has a moment to end with its records, then it is given up. */
function orCancelled<T>(call: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let hasEnded = false;
    const ended =
      <Value>(settle: (value: Value) => void) =>
      (value: Value) => {
        hasEnded = true;
        settle(value);
      };
    call.then(ended(resolve), ended(reject));
    CancellationScope.current().cancelRequested.catch((cancel: unknown) => {
      if (hasEnded) return;
      const moment = () => sleep(CANCEL_GRACE_MS, { summary: 'the cancelled call may report' });
      CancellationScope.nonCancellable(moment).then(() => reject(cancel), reject);
    });
  });
}

/** In the same process a cancelled call ends at once; elsewhere it learns of the cancel with its next heartbeat. */
const CANCEL_GRACE_MS = 1_000;

function recordsOfCancelled(error: unknown): readonly CallRecord[] | null {
  const cause = error instanceof ActivityFailure ? error.cause : null;
  const details = cause instanceof CancelledFailure ? cause.details?.[0] : undefined;
  return isCallModelFailure(details) ? details.records : null;
}

function readFailure(ended: { error: unknown; target: Target; startedAt: string }): CallModelFailure {
  const { error, target, startedAt } = ended;
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  if (cause instanceof ApplicationFailure) {
    const details = cause.details?.[0];
    if (isCallModelFailure(details)) return details;
    const message = `The call to ${targetName(target)} failed inside the worker (${cause.type ?? 'no type'}).`;
    return {
      failure: { kind: 'unknown', message },
      records: [unrecorded({ target, startedAt, attempt: 1, kind: 'unknown' })],
    };
  }
  if (cause instanceof TimeoutFailure) return readTimeout({ cause, target, startedAt });
  throw error;
}

/**
 * Ended by the server: the worker died or hung, or the time was up before a last attempt could report. That attempt had
 * been due, since a retry that no longer fits is not waited for, so it gets a record, whether it was ever sent or not.
 */
function readTimeout(ended: { cause: TimeoutFailure; target: Target; startedAt: string }): CallModelFailure {
  const { cause, target, startedAt } = ended;
  const kind: FailureKind = cause.timeoutType === 'SCHEDULE_TO_CLOSE' ? 'timeout' : 'worker-lost';
  const { records, current } = lastProgress(cause);
  const nextAttempt = (records.at(-1)?.attempt ?? 0) + 1;
  const attempt = Math.max(nextAttempt, current?.attempt ?? 0);
  const name = targetName(target);
  const lost = { target: name, model: target.model, attempts: attempt - 1, startedAt };
  const last = { target, attempt, kind, startedAt: current?.attempt === attempt ? current.startedAt : startedAt };
  return {
    failure: {
      kind,
      message:
        kind === 'timeout'
          ? `${name} had not answered when its time was up.`
          : `The worker that called ${name} was lost and no further attempt was left.`,
    },
    records: [...withLostAttempts(records, lost), unrecorded(last)],
  };
}

/** What is known of the attempts before: from the last heartbeat, or from the failure of the last attempt that ended. */
function lastProgress(timeout: TimeoutFailure): Partial<CallProgress> & Pick<CallProgress, 'records'> {
  if (isCallProgress(timeout.lastHeartbeatDetails)) return timeout.lastHeartbeatDetails;
  const details = timeout.cause instanceof ApplicationFailure ? timeout.cause.details?.[0] : undefined;
  return isCallModelFailure(details) ? { records: details.records } : { records: [] };
}

function isCallProgress(details: unknown): details is CallProgress {
  return typeof details === 'object' && details !== null && 'records' in details && 'current' in details;
}

function isCallModelFailure(details: unknown): details is CallModelFailure {
  return typeof details === 'object' && details !== null && 'failure' in details && 'records' in details;
}

/** The record of an attempt that could not leave its own: nobody can know whether it was billed. */
function unrecorded(attempt: {
  target: Target;
  startedAt: string;
  attempt: number;
  kind: 'cancelled' | 'timeout' | 'worker-lost' | 'unknown';
}): CallRecord {
  const { target, startedAt, kind } = attempt;
  return {
    target: targetName(target),
    model: target.model,
    attempt: attempt.attempt,
    outcome: kind === 'cancelled' ? 'cancelled' : 'failed',
    kind,
    startedAt,
    durationMs: Date.now() - Date.parse(startedAt),
    firstTokenMs: null,
    usage: null,
    costUsd: null,
    providerRequestId: null,
    possiblyBilled: true,
    message: `The attempt at ${targetName(target)} left no record of its own (${kind}).`,
  };
}
