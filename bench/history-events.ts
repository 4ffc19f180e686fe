// How many events the history of a workflow has, as Temporal counts them: what a durable step costs in storage and in
// Temporal's bill.

import { Connection } from '@temporalio/client';
import { workflowIds } from './load.ts';
import type { Side } from './sides.ts';

/** Of several inferences, one after the other: how many workflow tasks there are is a matter of timing. */
export async function historyEvents(side: Side, model: string): Promise<readonly number[]> {
  const ids = await workflowIds({ url: side.url, model, count: INFERENCES });
  return historyLengths({ address: side.temporalAddress, workflowIds: ids });
}

/** Of the newest run of each. */
export async function historyLengths(of: {
  readonly address: string;
  readonly workflowIds: readonly string[];
}): Promise<readonly number[]> {
  const connection = await Connection.connect({ address: of.address });
  try {
    const counts: number[] = [];
    for (const workflowId of of.workflowIds) {
      // Not `describe` of a handle, which would decode Holdfast's memo.
      const { workflowExecutionInfo } = await connection.workflowService.describeWorkflowExecution({
        namespace: 'default',
        execution: { workflowId },
      });
      counts.push(Number(workflowExecutionInfo?.historyLength ?? Number.NaN));
    }
    return counts;
  } finally {
    await connection.close();
  }
}

const INFERENCES = 7;
