// The one task queue of the service, and whether somebody polls it.

import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';

export const TASK_QUEUE = 'holdfast';

/** A poll lasts up to a minute, so a worker that polls has been seen since. */
const RECENT_MS = 75_000;
const { TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;

export async function hasRecentPoller(client: Client, namespace: string): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: TASK_QUEUE },
    taskQueueType: TASK_QUEUE_TYPE_WORKFLOW,
  });
  return (pollers ?? []).some(
    ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 > Date.now() - RECENT_MS,
  );
}
