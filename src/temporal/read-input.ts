// Reads what an inference was started with: the first event of its history has it. Needs no worker.

import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import {
  decodeFromPayloadsAtIndex,
  extstoreInboundOptions,
  visit,
  walkGetWorkflowExecutionHistoryResponse,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { InferenceInput } from '../domain/inference.ts';

/** Of the latest run: runs that follow each other in one inference hand it on. */
export async function readInput(client: Client, id: string): Promise<InferenceInput> {
  const { namespace, loadedDataConverter } = client.options;
  const response = await client.workflowService
    .getWorkflowExecutionHistory({ namespace, execution: { workflowId: id }, maximumPageSize: 1 })
    .catch((error: unknown) => {
      throw isNotFound(error) ? new WorkflowNotFoundError('There is no such workflow.', id, undefined) : error;
    });
  // As the SDK does for results; of an input it has no function of its own.
  await visit(
    response,
    walkGetWorkflowExecutionHistoryResponse,
    extstoreInboundOptions(loadedDataConverter.externalStorage),
  );
  const started = response.history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  return decodeFromPayloadsAtIndex<InferenceInput>(loadedDataConverter, 0, started?.input?.payloads);
}

/** gRPC's NOT_FOUND. */
function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 5;
}
