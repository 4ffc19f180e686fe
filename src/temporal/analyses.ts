// The port `Analyses` over Temporal and the records.

import type { WorkflowExecutionDescription } from '@temporalio/client';
import { Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import type {
  Analyses,
  AnalysisRecords,
  AnalysisStart,
  AnalysisView,
  GetAnalysisOutcome,
  StartAnalysisOutcome,
} from '../domain/analyses.ts';
import type { AnalysisInput, AnalysisManifest, AnalysisProgress } from '../domain/analysis.ts';
import { NO_ANALYSIS_PROGRESS } from '../domain/analysis.ts';
import type { Unavailable } from '../domain/inferences.ts';
import { isUnreachable, withinRoundTrip } from './deadline.ts';
import { describeIfThere } from './rescue.ts';
import { startAttributes } from './search-attributes.ts';
import { TASK_QUEUE } from './task-queue.ts';

export interface AnalysesOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly dataConverter: DataConverter;
  readonly records: Pick<AnalysisRecords, 'readEnd'>;
}

export function createAnalyses(options: AnalysesOptions): Analyses {
  return new TemporalAnalyses(options);
}

/** Beside the running workflow, from its start. */
interface AnalysisMemo {
  readonly owner: string | null;
  readonly model: string;
  readonly fingerprint: string;
  readonly progress: AnalysisProgress;
}

/** What every start of an analysis has, also that of a schedule. */
export function startOptions(input: AnalysisInput, fingerprint: string) {
  const { owner, model, deadline } = input;
  const memo: AnalysisMemo = { owner, model, fingerprint, progress: NO_ANALYSIS_PROGRESS };
  return {
    taskQueue: TASK_QUEUE,
    args: [input] as [AnalysisInput],
    memo: { ...memo },
    typedSearchAttributes: startAttributes({ owner, model, metadata: {} }),
    runMs: (deadline.type === 'duration' ? deadline.ms : LONGEST_DAY_MS) + GRACE_MS,
  };
}

const LONGEST_DAY_MS = 25 * 60 * 60_000;
/** Behind the deadline the results are still put together and announced, and for that it needs workers. */
const GRACE_MS = 48 * 60 * 60_000;

class TemporalAnalyses implements Analyses {
  readonly #client: Client;
  readonly #connection: NativeConnection;
  readonly #records: AnalysesOptions['records'];

  constructor({ connection, namespace, dataConverter, records }: AnalysesOptions) {
    this.#client = new Client({ connection, namespace, dataConverter });
    this.#connection = connection;
    this.#records = records;
  }

  start({ id, input, delayMs, fingerprint }: AnalysisStart): Promise<StartAnalysisOutcome> {
    return whenReachable(async (): Promise<StartAnalysisOutcome> => {
      const { runMs, ...options } = startOptions(input, fingerprint);
      try {
        await this.#roundTrip(() =>
          this.#client.workflow.start<(input: AnalysisInput) => Promise<AnalysisManifest>>('analysis', {
            ...options,
            workflowId: id,
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            workflowExecutionTimeout: delayMs + runMs,
            ...(delayMs > 0 && { startDelay: delayMs }),
          }),
        );
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
      const info = await this.#roundTrip(() => this.#client.workflow.getHandle(id).describe());
      if (memoOf(info).fingerprint !== fingerprint) return { type: 'conflict' };
      return { type: 'started', analysis: viewOf(info, await this.#records.readEnd(id)) };
    });
  }

  get(id: string): Promise<GetAnalysisOutcome> {
    return whenReachable(() => this.#find(id));
  }

  cancel(id: string): Promise<GetAnalysisOutcome> {
    return whenReachable(async () => {
      const found = await this.#find(id);
      if (found.type !== 'found' || found.analysis.state.type === 'ended') return found;
      await this.#roundTrip(() => this.#client.workflow.getHandle(id).cancel()).catch((error: unknown) => {
        // It has ended in the meantime.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
      return this.#find(id);
    });
  }

  async #find(id: string): Promise<GetAnalysisOutcome> {
    const end = await this.#records.readEnd(id);
    const info = await this.#roundTrip(() => describeIfThere(this.#client, id)).catch((error: unknown) => {
      // What has ended can be read without Temporal.
      if (end && isUnreachable(error)) return null;
      throw error;
    });
    if (info && info.type === 'analysis') {
      // It may have ended between the two looks.
      return {
        type: 'found',
        analysis: viewOf(info, end ?? (info.closeTime ? await this.#records.readEnd(id) : null)),
      };
    }
    return end ? { type: 'found', analysis: viewOfRecord(end) } : { type: 'not-found' };
  }

  #roundTrip<T>(call: () => Promise<T>): Promise<T> {
    return withinRoundTrip(this.#connection, call);
  }
}

function viewOfRecord(manifest: AnalysisManifest): AnalysisView {
  const { id, owner, model, createdAt } = manifest;
  return { id, owner, model, createdAt, startsAt: createdAt, runId: null, state: { type: 'ended', manifest } };
}

/** One that runs again, after a reset, is running, whatever the record of its end says. */
function viewOf(info: WorkflowExecutionDescription, end: AnalysisManifest | null): AnalysisView {
  const { owner, model, progress } = memoOf(info);
  const createdAt = info.startTime.toISOString();
  const startsAt = (info.executionTime ?? info.startTime).toISOString();
  const facts = { id: info.workflowId, owner, model, createdAt, startsAt, runId: info.runId };
  if (!info.closeTime) {
    const isCancelling = info.raw.workflowExtendedInfo?.cancelRequested === true;
    const waits = Date.parse(startsAt) > Date.now();
    const status = isCancelling ? 'cancelling' : waits ? 'scheduled' : progress.status;
    return { ...facts, state: { type: 'running', progress: { ...progress, status } } };
  }
  return {
    ...facts,
    state: { type: 'ended', manifest: end ?? withoutRecord(facts, info.closeTime, { info, progress }) },
  };
}

/** Ended from outside, or before it had begun. */
function withoutRecord(
  { id, owner, model, createdAt }: Pick<AnalysisView, 'id' | 'owner' | 'model' | 'createdAt'>,
  closeTime: Date,
  { info, progress }: { readonly info: WorkflowExecutionDescription; readonly progress: AnalysisProgress },
): AnalysisManifest {
  const isCancelled = info.status.name === 'CANCELLED';
  const message = `The workflow has ended without a result (${info.status.name.toLowerCase()}).`;
  return {
    id,
    status: isCancelled ? 'cancelled' : 'failed',
    stop: isCancelled ? 'cancelled' : null,
    fault: isCancelled ? null : { code: 'analysis_ended', message },
    model,
    owner,
    documents: progress.documents ?? 0,
    answered: 0,
    failed: progress.documents ?? 0,
    failures: {},
    split: 0,
    redriven: 0,
    outputFileId: null,
    batchIds: progress.batchIds,
    costUsd: null,
    syncUsd: null,
    estimateUsd: null,
    createdAt,
    endedAt: closeTime.toISOString(),
  };
}

/** Written by us at the start of every analysis, so it has this shape. */
function memoOf(info: Pick<WorkflowExecutionDescription, 'memo'>): AnalysisMemo {
  return info.memo as unknown as AnalysisMemo;
}

export async function whenReachable<T>(call: () => Promise<T>): Promise<T | Unavailable> {
  try {
    return await call();
  } catch (error) {
    if (isUnreachable(error)) return { type: 'unavailable', startUnknown: false };
    throw error;
  }
}
