// The activities of batches, with what they need.

import type { BatchManifest, BatchPlan, StepRecord } from '../../src/domain/batch.ts';
import type { Target } from '../../src/domain/target.ts';
import type { UploadedLines } from '../providers/batch/lane.ts';
import type { BatchDeps } from './batch-deps.ts';
import type { CollectResultsInput, CollectResultsResult } from './collect-results.ts';
import { collectResults } from './collect-results.ts';
import type { FinishBatchInput } from './finish-batch.ts';
import { finishBatch } from './finish-batch.ts';
import type {
  AwaitProviderBatchInput,
  AwaitProviderBatchResult,
  CreateProviderBatchInput,
  CreateProviderBatchResult,
} from './live-batch.ts';
import {
  awaitProviderBatch,
  cancelProviderBatch,
  createProviderBatch,
  recogniseBatch,
  removeProviderBatch,
} from './live-batch.ts';
import type { PlanBatchInput } from './plan-batch.ts';
import { planBatch } from './plan-batch.ts';
import type { RescueLinesInput } from './rescue-lines.ts';
import { rescueLines } from './rescue-lines.ts';
import type { UploadLinesInput, UploadLinesResult } from './upload-lines.ts';
import { uploadLines } from './upload-lines.ts';
import { withHeartbeats } from './with-heartbeats.ts';

export interface BatchActivities {
  planBatch(input: PlanBatchInput): Promise<BatchPlan>;
  uploadLines(input: UploadLinesInput): Promise<UploadLinesResult>;
  createProviderBatch(input: CreateProviderBatchInput): Promise<CreateProviderBatchResult>;
  awaitProviderBatch(input: AwaitProviderBatchInput): Promise<AwaitProviderBatchResult>;
  cancelProviderBatch(input: BatchAt): Promise<void>;
  recogniseBatch(input: BatchAt & { readonly key: string }): Promise<boolean>;
  removeProviderBatch(input: BatchAt & { readonly uploaded: UploadedLines }): Promise<void>;
  collectResults(input: CollectResultsInput): Promise<CollectResultsResult>;
  rescueLines(input: RescueLinesInput): Promise<StepRecord>;
  finishBatch(input: FinishBatchInput): Promise<BatchManifest>;
}

/** A batch at its provider. */
interface BatchAt {
  readonly target: Target;
  readonly id: string;
}

export function batchActivities(deps: BatchDeps): BatchActivities {
  return {
    planBatch: (input) => withHeartbeats(() => planBatch(deps, input)),
    uploadLines: (input) => withHeartbeats(() => uploadLines(deps, input)),
    createProviderBatch: (input) => withHeartbeats(() => createProviderBatch(deps, input)),
    awaitProviderBatch: (input) => awaitProviderBatch(deps, input),
    cancelProviderBatch: (input) => cancelProviderBatch(deps, input),
    recogniseBatch: (input) => recogniseBatch(deps, input),
    removeProviderBatch: (input) => removeProviderBatch(deps, input),
    collectResults: (input) => withHeartbeats(() => collectResults(deps, input)),
    rescueLines: (input) => rescueLines(deps, input),
    finishBatch: (input) => withHeartbeats(() => finishBatch(deps, input)),
  };
}
