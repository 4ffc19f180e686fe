// What a batch shows of itself while it runs, without doing anything: for tests of who reads it.

import { executeChild, proxyActivities, upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { BatchProgress } from '../../src/domain/batch.ts';

export async function batch(): Promise<void> {
  const progress: BatchProgress = { status: 'in_progress', total: 9, answered: 4, steps: [], costUsd: 0.5 };
  upsertMemo({ progress });
  const { workflowId } = workflowInfo();
  await executeChild('provider-batch', { workflowId: `${workflowId}.p2.l1` });
}

const { awaitProviderBatch } = proxyActivities<{ awaitProviderBatch: () => Promise<void> }>({
  startToCloseTimeout: '1m',
});

async function providerBatch(): Promise<void> {
  await awaitProviderBatch();
}

export { providerBatch as 'provider-batch' };
