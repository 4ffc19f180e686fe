// Replays an inference that failed or was cancelled: resets its workflow to the latest point from which it tries
// again, so that every answer recorded before is kept.

import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import proto from '@temporalio/proto';
import Long from 'long';

const { EventType, ResetReapplyExcludeType } = proto.temporal.api.enums.v1;

export interface EndedRun {
  readonly workflowId: string;
  readonly runId: string;
}

/** Returns the id of the new run: the same one when the same run is replayed twice at once. */
export async function replayInference(client: Client, ended: EndedRun): Promise<string> {
  const { runId } = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: ended,
    reason: 'replayed by an operator',
    workflowTaskFinishEventId: await resetPoint(client, ended),
    requestId: `replay-${ended.runId}`,
    // Applied again, it would cancel the new run too.
    resetReapplyExcludeTypes: [ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_CANCEL_REQUEST],
  });
  return runId;
}

/**
 * The last workflow task that ended before any request to cancel, and before its failure was announced; when there is
 * none, the start of the first one.
 */
async function resetPoint(client: Client, ended: EndedRun): Promise<Long> {
  let point: Long | null = null;
  let start = Long.ONE;
  for await (const { eventType, eventId } of eventsFromLast(client, ended)) {
    if (!eventId) continue;
    if (eventType && UNDONE.has(eventType)) point = null;
    if (eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED) point ??= eventId;
    if (eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED) start = eventId.add(1);
  }
  return point ?? start;
}

const UNDONE: ReadonlySet<number> = new Set([
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED,
  EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED,
]);

type Event = temporal.api.history.v1.IHistoryEvent;

async function* eventsFromLast(client: Client, execution: EndedRun): AsyncGenerator<Event> {
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const page = await client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: client.options.namespace,
      execution,
      ...(nextPageToken ? { nextPageToken } : {}),
    });
    yield* page.history?.events ?? [];
    nextPageToken = page.nextPageToken;
  } while (nextPageToken && nextPageToken.length > 0);
}
