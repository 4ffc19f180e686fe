// Finds the inference that a client's earlier try has started. Asks for single ids and never for lists, which lag behind.

import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { NumberedRequest } from '../domain/inferences.ts';
import { epochsOfRetry, isRescuable } from '../domain/rescue.ts';
import { summaryOf } from './read-inference.ts';
import { firstFree } from './sequences.ts';

export type Describe = (id: string) => Promise<WorkflowExecutionDescription | null>;

/** The newest of the inferences that equal requests have started, if a retry may join it. */
export async function findRescuable(
  describe: Describe,
  retry: NumberedRequest,
): Promise<WorkflowExecutionDescription | null> {
  for (const epoch of epochsOfRetry(retry.nowMs, retry.deadlineMs)) {
    const newest = await newestOf((sequence) => describe(retry.idOf({ epoch, sequence })));
    if (!newest) continue;
    const isBeingCancelled = newest.raw.workflowExtendedInfo?.cancelRequested === true;
    if (isRescuable({ ...summaryOf(newest), isBeingCancelled }, retry)) return newest;
  }
  return null;
}

/** Null when there is none under this id. */
export async function describeIfThere(client: Client, id: string): Promise<WorkflowExecutionDescription | null> {
  try {
    return await client.workflow.getHandle(id).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

async function newestOf(
  describe: (sequence: number) => Promise<WorkflowExecutionDescription | null>,
): Promise<WorkflowExecutionDescription | null> {
  const found = new Map<number, WorkflowExecutionDescription>();
  const free = await firstFree(async (sequence) => {
    const description = await describe(sequence);
    if (description) found.set(sequence, description);
    return description !== null;
  });
  return found.get(free - 1) ?? null;
}
