// The port through which the HTTP side starts, reads and cancels batches; Temporal and the records are behind it.
// Everything that can be expected to go wrong is a value here, not an exception.

import type { BatchManifest, BatchProgress, BatchStart, LineFault } from './batch.ts';
import type { Unavailable } from './inferences.ts';

export interface BatchView {
  readonly start: BatchStart;
  /** Of the workflow; null when Temporal does not know it, or no longer, and of one in a list that has ended. */
  readonly runId: string | null;
  readonly state: BatchState;
}

export type BatchState =
  | { readonly type: 'running'; readonly progress: BatchProgress; readonly lanes: readonly RunningLane[] }
  | { readonly type: 'ended'; readonly manifest: BatchManifest };

/** A provider's batch that is waited for. */
export interface RunningLane {
  /** Index of the lane. */
  readonly lane: number;
  readonly portion: number;
  /** Lines that are done, as the provider tells; null: it does not. */
  readonly done: number | null;
}

export type StartBatchOutcome =
  | { readonly type: 'started'; readonly batch: BatchView }
  /** What an earlier request with the same Idempotency-Key and body started; it may have ended. */
  | { readonly type: 'joined'; readonly batch: BatchView }
  /** The same Idempotency-Key with another body. */
  | { readonly type: 'conflict' }
  /** Whoever sends the same under an Idempotency-Key starts or joins it; `GET` of its id tells as well. */
  | (Unavailable & { readonly id: string });

export type GetBatchOutcome =
  | { readonly type: 'found'; readonly batch: BatchView }
  | { readonly type: 'not-found' }
  | Unavailable;

export type ListBatchesOutcome =
  | { readonly type: 'page'; readonly batches: readonly BatchView[]; readonly hasMore: boolean }
  /** `after` names no batch of the owner. */
  | { readonly type: 'not-found' }
  | Unavailable;

export interface Batches {
  /** The id in its input is new, or made from an Idempotency-Key: then what is there is joined. */
  start(start: BatchStart): Promise<StartBatchOutcome>;
  /** Needs no worker, and for what has ended no Temporal. */
  get(id: string): Promise<GetBatchOutcome>;
  /** Newest first; `owner` null: everybody's. Without the lanes of those that run. */
  list(query: {
    readonly owner: string | null;
    readonly limit: number;
    readonly after?: string;
  }): Promise<ListBatchesOutcome>;
  /** Asks for the cancellation of a running one; one that has ended stays as it is. */
  cancel(id: string): Promise<GetBatchOutcome>;
}

/** Nothing of it is known yet. */
export const NO_PROGRESS: BatchProgress = { status: 'validating', total: 0, answered: 0, steps: [], costUsd: null };

/** One that ended without a record of its end: what can still be said of it. */
export function endWithoutRecord(
  start: BatchStart,
  end: {
    readonly status: 'failed' | 'cancelled';
    readonly fault: Pick<LineFault, 'code' | 'message'> | null;
    readonly endedAt: string;
    /** As far as it is known. */
    readonly progress?: BatchProgress;
  },
): BatchManifest {
  const { status, fault, endedAt, progress = NO_PROGRESS } = end;
  const { total, answered, steps, costUsd } = progress;
  return {
    id: start.input.id,
    status,
    stop: status === 'cancelled' ? 'cancelled' : null,
    faults: fault ? [{ ...fault, param: null, line: null }] : [],
    total,
    answered,
    failed: 0,
    outputFileId: null,
    errorFileId: null,
    steps,
    usage: { inputTokens: null, cachedInputTokens: null, outputTokens: null, reasoningTokens: null },
    costUsd,
    syncUsd: null,
    endedAt,
    ...(progress.estimateUsd !== undefined && { estimateUsd: progress.estimateUsd }),
    ...(progress.reachedAt && { reachedAt: progress.reachedAt }),
  };
}
