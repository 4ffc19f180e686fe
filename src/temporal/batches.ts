// The port `Batches`: a record of each batch beside Temporal, and its workflow in it. What has ended is read from the
// records alone. Judges nothing.

import type { WorkflowExecutionDescription } from '@temporalio/client';
import { Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import type { BatchInput, BatchManifest, BatchStart } from '../domain/batch.ts';
import type { BatchRecords } from '../domain/batch-records.ts';
import type { Batches, BatchView, GetBatchOutcome, ListBatchesOutcome, StartBatchOutcome } from '../domain/batches.ts';
import { NO_PROGRESS } from '../domain/batches.ts';
import type { Unavailable } from '../domain/inferences.ts';
import { BatchPages } from './batch-pages.ts';
import { isUnreachable, withinRoundTrip } from './deadline.ts';
import { OneAtATime } from './one-at-a-time.ts';
import type { BatchMemo } from './read-batch.ts';
import { memoOf, runningLanes, stateOfRun, stateWithoutRun } from './read-batch.ts';
import { describeIfThere } from './rescue.ts';
import { startAttributes } from './search-attributes.ts';
import { TASK_QUEUE } from './task-queue.ts';

export interface BatchesOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly dataConverter: DataConverter;
  readonly records: BatchRecords;
  /** @default Date.now */
  readonly now?: () => number;
}

export function createBatches(options: BatchesOptions): Batches {
  return new TemporalBatches(options);
}

type Attempted = Exclude<StartBatchOutcome, { readonly type: 'unavailable' }>;

/** Behind the deadline a batch is still put together and announced, and for that it needs workers. */
const GRACE_MS = 24 * 60 * 60_000;

class TemporalBatches implements Batches {
  readonly #client: Client;
  readonly #records: BatchRecords;
  readonly #connection: NativeConnection;
  readonly #now: () => number;
  /** By id: what two equal requests write must not cross. */
  readonly #starts = new OneAtATime();
  readonly #pages: BatchPages;

  constructor({ connection, namespace, dataConverter, records, now = Date.now }: BatchesOptions) {
    this.#client = new Client({ connection, namespace, dataConverter });
    this.#connection = connection;
    this.#records = records;
    this.#now = now;
    this.#pages = new BatchPages(records, (start) => this.#row(start));
  }

  start(start: BatchStart): Promise<StartBatchOutcome> {
    return this.#starts.run(start.input.id, async () => {
      const outcome = await whenReachable(() => this.#startOrJoin(start));
      return outcome.type === 'unavailable' ? { ...outcome, startUnknown: true, id: start.input.id } : outcome;
    });
  }

  get(id: string): Promise<GetBatchOutcome> {
    return whenReachable(async () => {
      const start = await this.#records.readStart(id);
      return start ? { type: 'found', batch: await this.#view(start, { withLanes: true }) } : { type: 'not-found' };
    });
  }

  list(query: Parameters<Batches['list']>[0]): Promise<ListBatchesOutcome> {
    return whenReachable<ListBatchesOutcome>(() => this.#pages.page(query));
  }

  cancel(id: string): Promise<GetBatchOutcome> {
    return whenReachable(async () => {
      const start = await this.#records.readStart(id);
      if (!start) return { type: 'not-found' };
      const before = await this.#view(start, { withLanes: false });
      if (before.state.type === 'ended' || before.runId === null) return { type: 'found', batch: before };
      await this.#roundTrip(() => this.#client.workflow.getHandle(id).cancel()).catch((error: unknown) => {
        // It has ended in the meantime.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
      return { type: 'found', batch: await this.#view(start, { withLanes: true }) };
    });
  }

  /** The record first: whatever dies between leaves a batch that can be seen, and be started by the same key. */
  async #startOrJoin(start: BatchStart): Promise<Attempted> {
    const { id } = start.input;
    const known = await this.#records.readStart(id);
    if (!known) {
      await this.#records.writeStart(start);
      return this.#startNew(start);
    }
    if (known.fingerprint !== start.fingerprint) return { type: 'conflict' };
    if (await this.#records.readEnd(id)) return this.#joined(known);
    const info = await this.#describe(id);
    if (info && (!info.closeTime || info.status.name === 'COMPLETED')) return this.#joined(known);
    // What was never started, or was ended from outside, gets its time anew.
    const again = { ...known, createdAt: start.createdAt };
    await this.#records.writeStart(again);
    return this.#startNew(again);
  }

  async #startNew(start: BatchStart): Promise<Attempted> {
    const { input, fingerprint, metadata } = start;
    const { id, model, owner, deadlineMs } = input;
    const memo: BatchMemo = { owner, fingerprint, progress: NO_PROGRESS };
    const send = () =>
      this.#client.workflow.start<(input: BatchInput) => Promise<BatchManifest>>('batch', {
        workflowId: id,
        taskQueue: TASK_QUEUE,
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        workflowExecutionTimeout: deadlineMs + GRACE_MS,
        memo: { ...memo },
        typedSearchAttributes: startAttributes({ owner, model, metadata: metadata ?? {} }),
      });
    try {
      const { firstExecutionRunId: runId } = await this.#roundTrip(send);
      return { type: 'started', batch: { start, runId, state: { type: 'running', progress: NO_PROGRESS, lanes: [] } } };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      // Another process was quicker with the same key.
      const info = await this.#describe(id);
      return info && memoOf(info)?.fingerprint !== fingerprint ? { type: 'conflict' } : this.#joined(start);
    }
  }

  async #joined(start: BatchStart): Promise<Attempted> {
    return { type: 'joined', batch: await this.#view(start, { withLanes: false }) };
  }

  /** One of many: what has ended costs Temporal nothing, and so has no run. */
  async #row(start: BatchStart): Promise<BatchView> {
    const manifest = await this.#records.readEnd(start.input.id);
    if (manifest) return { start, runId: null, state: { type: 'ended', manifest } };
    return this.#view(start, { withLanes: false });
  }

  async #view(start: BatchStart, { withLanes }: { readonly withLanes: boolean }): Promise<BatchView> {
    const { id } = start.input;
    const end = await this.#records.readEnd(id);
    const info = await this.#describe(id).catch((error: unknown) => {
      // What has ended can be read without Temporal.
      if (end && isUnreachable(error)) return null;
      throw error;
    });
    const runId = info?.runId ?? null;
    // It may have ended between the two looks.
    const manifest = end ?? (info?.closeTime ? await this.#records.readEnd(id) : null);
    if (manifest) return { start, runId, state: { type: 'ended', manifest } };
    if (!info) return { start, runId, state: stateWithoutRun(start, this.#now()) };
    const state = stateOfRun(start, info);
    if (!withLanes || state.type === 'ended') return { start, runId, state };
    const lanes = await runningLanes(this.#client, info, (child) => this.#describe(child));
    return { start, runId, state: { ...state, lanes } };
  }

  #describe(id: string): Promise<WorkflowExecutionDescription | null> {
    return this.#roundTrip(() => describeIfThere(this.#client, id));
  }

  #roundTrip<T>(call: () => Promise<T>): Promise<T> {
    return withinRoundTrip(this.#connection, call);
  }
}

async function whenReachable<T>(call: () => Promise<T>): Promise<T | Unavailable> {
  try {
    return await call();
  } catch (error) {
    if (isUnreachable(error)) return { type: 'unavailable', startUnknown: false };
    throw error;
  }
}
