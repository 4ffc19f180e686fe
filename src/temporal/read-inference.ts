// Turns what Temporal knows of a workflow into an inference. Needs no worker, but for the calls of a running one.

import type { Client, WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common';
import type { CallRecord } from '../domain/call.ts';
import type {
  EmbeddingsResult,
  Inference,
  InferenceFailure,
  InferenceMemo,
  InferenceResult,
  InferenceStatus,
  WaitingFor,
} from '../domain/inference.ts';
import type { InferenceSummary } from '../domain/inferences.ts';
import type { Progress } from '../../workflows/messages.ts';
import { STATES } from './visibility.ts';

/** A worker that is busy or away must not hold up a read. */
const PROGRESS_LIMIT_MS = 1_000;

/** What is used of a row of a list or of a description, which differ in their raw parts only. */
type Info = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'status' | 'startTime' | 'searchAttributes'> & {
  readonly closeTime?: Date | undefined;
  readonly memo?: Record<string, unknown> | undefined;
};

/** How an inference ended. */
export type Ending =
  | { readonly status: 'succeeded'; readonly result: InferenceResult | EmbeddingsResult; readonly failure: null }
  | { readonly status: 'failed' | 'cancelled'; readonly result: null; readonly failure: InferenceFailure };

export function summaryOf(info: Info): InferenceSummary {
  return {
    id: info.workflowId,
    runId: info.runId,
    status: statusOf(info),
    waitingFor: waitingForOf(info),
    memo: memoOf(info),
    // A replay starts a new run, but not a new inference.
    createdAt: typeof info.memo?.['createdAt'] === 'string' ? info.memo['createdAt'] : info.startTime.toISOString(),
    endedAt: info.closeTime?.toISOString() ?? null,
  };
}

/** `withCalls`: of a running one, for which its worker is asked; each question is work for that worker. */
export async function inferenceOf(
  client: Client,
  info: WorkflowExecutionDescription,
  { withCalls = true } = {},
): Promise<Inference> {
  const summary = summaryOf(info);
  if (!info.closeTime) {
    const progress = withCalls ? await progressOf(client, info.workflowId) : null;
    const { calls = [], verdict = null } = progress ?? {};
    return { ...summary, result: null, failure: null, calls, heldVerdict: verdict };
  }
  const ending = await endingOf(client, { id: info.workflowId, runId: info.runId });
  const inference = withEnding({ ...summary, result: null, failure: null, calls: [], heldVerdict: null }, ending);
  if (inference.calls.length > 0 || inference.status === 'succeeded') return inference;
  // Cancelled, terminated or timed out: such a workflow returns nothing, so its calls are found beside it.
  const calls = keptCalls(info) ?? (await progressOf(client, info.workflowId))?.calls ?? [];
  return { ...inference, calls, failure: inference.failure && { ...inference.failure, calls } };
}

/** The inference as it is after `ending`. */
export function withEnding(inference: Inference, ending: Ending): Inference {
  const { status, failure } = ending;
  const calls = ending.result?.calls ?? failure?.calls ?? [];
  const endedAt = inference.endedAt ?? new Date().toISOString();
  const embeddings = ending.result && 'embeddings' in ending.result ? ending.result : null;
  const result = ending.result && 'answer' in ending.result ? ending.result : null;
  const ended = { ...inference, status, waitingFor: null, result, failure, calls, heldVerdict: null, endedAt };
  return { ...ended, ...(embeddings && { embeddings }) };
}

/** Waits for the end of a run and those it continues in; one that has ended answers at once. */
export async function endingOf(client: Client, run: { id: string; runId?: string }): Promise<Ending> {
  try {
    const handle = client.workflow.getHandle(run.id, run.runId);
    const result: InferenceResult | EmbeddingsResult = await handle.result();
    return { status: 'succeeded', result, failure: null };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return endingOfFailure(error);
  }
}

function endingOfFailure(error: WorkflowFailedError): Ending {
  const { cause } = error;
  if (cause instanceof CancelledFailure) {
    const failure = failureOf('inference_cancelled', 'The inference was cancelled.');
    return { status: 'cancelled', result: null, failure };
  }
  if (cause instanceof ApplicationFailure) {
    const details = cause.details?.[0];
    const failure = isInferenceFailure(details) ? details : failureOf('internal_error', 'The workflow failed.');
    return { status: 'failed', result: null, failure };
  }
  const failure =
    cause instanceof TimeoutFailure
      ? failureOf('deadline_exceeded', 'The deadline passed before a worker could end the inference.')
      : failureOf('internal_error', 'The workflow was terminated by an operator.');
  return { status: 'failed', result: null, failure };
}

function failureOf(code: InferenceFailure['code'], message: string): InferenceFailure {
  return { code, message, cause: null, calls: [] };
}

function isInferenceFailure(details: unknown): details is InferenceFailure {
  return typeof details === 'object' && details !== null && 'code' in details && 'calls' in details;
}

function waitingForOf({ closeTime, searchAttributes }: Info): WaitingFor | null {
  const state = searchAttributes['HoldfastState']?.[0];
  if (closeTime) return null;
  return state === STATES.target ? 'target' : state === STATES.resolution ? 'resolution' : null;
}

function statusOf(info: Info): InferenceStatus {
  switch (info.status.name) {
    case 'RUNNING':
    case 'PAUSED':
    case 'CONTINUED_AS_NEW':
      return waitingForOf(info) ? 'waiting' : 'running';
    case 'COMPLETED':
      return 'succeeded';
    case 'CANCELLED':
      return 'cancelled';
    case 'FAILED':
    case 'TIMED_OUT':
    case 'TERMINATED':
    case 'UNSPECIFIED':
    case 'UNKNOWN':
      return 'failed';
  }
}

/** Written by us at the start of every inference, so it has this shape; an absent one belongs to nobody. */
function memoOf(info: Info): InferenceMemo {
  const memo = info.memo?.['inference'];
  if (!isInferenceMemo(memo)) return { owner: '', model: '', deadlineMs: 0, metadata: {}, fingerprint: '' };
  return memo;
}

function isInferenceMemo(memo: unknown): memo is InferenceMemo {
  return typeof memo === 'object' && memo !== null && 'owner' in memo && 'fingerprint' in memo;
}

function keptCalls(info: Info): readonly CallRecord[] | null {
  const calls = info.memo?.['calls'];
  return Array.isArray(calls) ? calls : null;
}

/** Null when no worker answered in time. */
async function progressOf(client: Client, id: string): Promise<Progress | null> {
  let timer: NodeJS.Timeout | undefined;
  // A gRPC deadline alone can be overrun by a second and more.
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), PROGRESS_LIMIT_MS);
  });
  try {
    const query = () => client.workflow.getHandle(id).query<Progress>('progress');
    return await Promise.race([client.connection.withDeadline(Date.now() + PROGRESS_LIMIT_MS, query), late]);
  } catch {
    // Whatever kept the worker from answering, what is recorded elsewhere is shown without it.
    return null;
  } finally {
    clearTimeout(timer);
  }
}
