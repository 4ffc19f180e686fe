// The one task queue of the service, and whether somebody polls it.

import { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { TemporalConnection } from './connect.ts';
import { withinRoundTrip } from './deadline.ts';

export const TASK_QUEUE = 'holdfast';

/** A poll lasts up to a minute, so a worker that polls has been seen since. */
const RECENT_MS = 75_000;
const { TASK_QUEUE_TYPE_ACTIVITY, TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;

export async function hasRecentPoller(client: Client, namespace: string): Promise<boolean> {
  return (await recentPollers(client, namespace, TASK_QUEUE_TYPE_WORKFLOW)).length > 0;
}

/** Identities of the workers that make calls. */
export function createWorkerList(temporal: TemporalConnection): () => Promise<readonly string[]> {
  const { connection, namespace } = temporal;
  const client = new Client(temporal);
  return async () => {
    const read = () => recentPollers(client, namespace, TASK_QUEUE_TYPE_ACTIVITY);
    return [...new Set(await withinRoundTrip(connection, read))];
  };
}

async function recentPollers(client: Client, namespace: string, taskQueueType: number): Promise<readonly string[]> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: TASK_QUEUE },
    taskQueueType,
  });
  return (pollers ?? []).flatMap(({ identity, lastAccessTime }) =>
    Number(lastAccessTime?.seconds ?? 0) * 1000 > Date.now() - RECENT_MS ? [identity ?? ''] : [],
  );
}
