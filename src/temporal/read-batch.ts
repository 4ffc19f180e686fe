// Turns what Temporal knows of a batch's workflow into its state. Needs no worker.

import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { BatchProgress, BatchStart, LineFault } from '../domain/batch.ts';
import type { BatchState, RunningLane } from '../domain/batches.ts';
import { endWithoutRecord, NO_PROGRESS } from '../domain/batches.ts';

/** As `workflows/batch.ts` writes it, and what a start writes beside it. */
export interface BatchMemo {
  readonly owner: string | null;
  readonly fingerprint: string;
  readonly progress: BatchProgress;
}

/** Of a batch that has no record of its end. */
export function stateOfRun(start: BatchStart, info: WorkflowExecutionDescription): BatchState {
  const progress = memoOf(info)?.progress ?? NO_PROGRESS;
  if (!info.closeTime) {
    const isCancelling = info.raw.workflowExtendedInfo?.cancelRequested === true;
    const shown = isCancelling ? { ...progress, status: 'cancelling' as const } : progress;
    return { type: 'running', progress: shown, lanes: [] };
  }
  const end = { progress, endedAt: info.closeTime.toISOString() };
  const { name } = info.status;
  if (name === 'CANCELLED') {
    return { type: 'ended', manifest: endWithoutRecord(start, { ...end, status: 'cancelled', fault: null }) };
  }
  return failed(start, { ...end, fault: faultOf(name) });
}

function faultOf(status: WorkflowExecutionDescription['status']['name']): Pick<LineFault, 'code' | 'message'> {
  if (status === 'TIMED_OUT') return { code: 'batch_timed_out', message: TIMED_OUT };
  if (status === 'TERMINATED') return { code: 'batch_terminated', message: TERMINATED };
  return { code: 'internal_error', message: 'The workflow failed.' };
}

const TERMINATED = 'The workflow was terminated by an operator.';
const TIMED_OUT = 'The deadline passed before a worker could end the batch.';

/** Never started, or ended from outside so long ago that Temporal has forgotten it. */
export function stateWithoutRun(start: BatchStart, nowMs: number): BatchState {
  const untilMs = Date.parse(start.createdAt) + START_LIMIT_MS;
  if (nowMs < untilMs) return { type: 'running', progress: NO_PROGRESS, lanes: [] };
  const endedAt = new Date(untilMs).toISOString();
  return failed(start, { endedAt, fault: { code: 'batch_not_started', message: NOT_STARTED } });
}

/** A start takes two seconds at most; clocks of several processes may differ. */
const START_LIMIT_MS = 10_000;
const NOT_STARTED =
  'Temporal knows no workflow of this batch: it was never started, as Temporal or the API went away. ' +
  'The same request under the same Idempotency-Key starts it.';

function failed(start: BatchStart, end: Omit<Parameters<typeof endWithoutRecord>[1], 'status'>): BatchState {
  return { type: 'ended', manifest: endWithoutRecord(start, { ...end, status: 'failed' }) };
}

/** The provider's batches that its children wait for, with what the last look at each has told. */
export async function runningLanes(
  client: Client,
  info: WorkflowExecutionDescription,
  describe: (id: string) => Promise<WorkflowExecutionDescription | null>,
): Promise<readonly RunningLane[]> {
  const children = (info.raw.pendingChildren ?? []).filter(({ workflowTypeName }) => workflowTypeName === CHILD_TYPE);
  const found = await Promise.all(
    children.map(async ({ workflowId }) => {
      const place = placeOf(workflowId ?? '');
      const child = place && (await describe(workflowId ?? ''));
      return place && child ? [{ ...place, done: await doneOf(client, child) }] : [];
    }),
  );
  return found.flat().sort((a, b) => a.portion - b.portion || a.lane - b.lane);
}

const CHILD_TYPE = 'provider-batch';
const WAITING_ACTIVITY = 'awaitProviderBatch';

/** A child is named by its place: `<batch id>.p<portion>.l<lane>`. */
function placeOf(childId: string): Pick<RunningLane, 'portion' | 'lane'> | null {
  const match = /\.p(\d{1,9})\.l(\d{1,9})$/.exec(childId);
  return match && { portion: Number(match[1]), lane: Number(match[2]) };
}

async function doneOf(client: Client, child: WorkflowExecutionDescription): Promise<number | null> {
  const waiting = child.raw.pendingActivities?.find(({ activityType }) => activityType?.name === WAITING_ACTIVITY);
  const payloads = waiting?.heartbeatDetails?.payloads;
  if (!payloads?.length) return null;
  const seen = await decodeFromPayloadsAtIndex<unknown>(client.options.loadedDataConverter, 0, payloads);
  const done = typeof seen === 'object' && seen !== null && 'done' in seen ? seen.done : null;
  return typeof done === 'number' ? done : null;
}

/** Written by us at the start of every batch, so it has this shape; null: somebody else's workflow. */
export function memoOf(info: Pick<WorkflowExecutionDescription, 'memo'>): BatchMemo | null {
  const memo = info.memo;
  return memo && 'progress' in memo && 'fingerprint' in memo ? (memo as unknown as BatchMemo) : null;
}
