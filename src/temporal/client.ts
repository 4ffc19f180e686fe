// The port `Inferences` over Temporal: starts, reads and steers the workflows. The only importer of @temporalio/client
// (with its neighbours in this folder); it judges nothing.

import { randomBytes } from 'node:crypto';
import { Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import type { Resolution } from '../domain/hold.ts';
import { newInferenceId } from '../domain/ids.ts';
import type { EmbeddingsInput, Inference, InferenceInput } from '../domain/inference.ts';
import { longestMs, RUN_TIMEOUT_GRACE_MS, workflowTypeOf } from '../domain/inference.ts';
import type {
  GetOutcome,
  Inferences,
  ListInferences,
  ListOutcome,
  NumberedRequest,
  PromptOutcome,
  ReplayOutcome,
  RescueOutcome,
  ResolveOutcome,
  StartInference,
  StartOutcome,
  Unavailable,
  WaitOutcome,
} from '../domain/inferences.ts';
import { epochOf } from '../domain/rescue.ts';
import { charactersOf, isUnreachable, startLimitMs, withinRoundTrip } from './deadline.ts';
import { InferenceList } from './inference-list.ts';
import { inferenceOf, withEnding } from './read-inference.ts';
import { readInput } from './read-input.ts';
import { replayInference } from './replay-inference.ts';
import { describeIfThere, findRescuable } from './rescue.ts';
import { NOT_HELD, RESOLVE_LIMIT_MS, resolveInference, resolverInterceptor } from './resolve-inference.ts';
import { startAttributes } from './search-attributes.ts';
import { Sequences } from './sequences.ts';
import { NotSent, StartGate } from './start-gate.ts';
import { hasRecentPoller, TASK_QUEUE } from './task-queue.ts';
import { Waiters } from './waiters.ts';

export interface InferencesOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly dataConverter: DataConverter;
  /** Ends the calls of a cancelled inference at once when they run in this process. */
  readonly abortLocalCalls: (id: string) => void;
  /** Whether this process has a worker that polls; null when workers are elsewhere. */
  readonly hasLocalWorker: () => boolean | null;
}

export function createInferences(options: InferencesOptions): Inferences {
  return new TemporalInferences(options);
}

/**
 * A start takes the server about ten milliseconds of a CPU: so many are answered well within a round trip's limit, also
 * where others need the CPU.
 */
const MAX_STARTS_IN_FLIGHT = 16;

/** Each round of a contest among processes halves those who are left, at the least. */
const MAX_NUMBERS_TRIED = 12;

class TemporalInferences implements Inferences {
  readonly #options: InferencesOptions;
  readonly #client: Client;
  readonly #waiters: Waiters;
  readonly #list: InferenceList;
  readonly #sequences = new Sequences();
  readonly #startGate = new StartGate(MAX_STARTS_IN_FLIGHT);

  constructor(options: InferencesOptions) {
    const { connection, namespace, dataConverter } = options;
    this.#options = options;
    const interceptors = { workflow: [resolverInterceptor] };
    this.#client = new Client({ connection, namespace, dataConverter, interceptors });
    this.#waiters = new Waiters(this.#client);
    this.#list = new InferenceList(this.#client, (call) => withinRoundTrip(connection, call));
  }

  async start(start: StartInference): Promise<StartOutcome> {
    const { identity } = start;
    if (identity.type === 'numbered') return this.#startNumbered(start, identity);
    const { id } = identity;
    const outcome = await this.#startUnder(id, start);
    return outcome.type === 'taken' ? this.#join(id, start) : outcome;
  }

  rescue(retry: NumberedRequest): Promise<RescueOutcome> {
    return this.#whenReachable(async () => {
      const found = await findRescuable((id) => this.#roundTrip(() => describeIfThere(this.#client, id)), retry);
      if (!found) return { type: 'none' };
      // Many may join at once: nobody's answer needs the calls so far, and the worker has better to do.
      const read = () => inferenceOf(this.#client, found, { isAsked: false });
      return { type: 'joined', inference: await this.#roundTrip(read) };
    });
  }

  get(id: string): Promise<GetOutcome> {
    return this.#asOutcome(async () => ({ type: 'found', inference: await this.#read(id) }));
  }

  prompt(id: string): Promise<PromptOutcome> {
    return this.#asOutcome<PromptOutcome>(async () => {
      const { prompt } = await this.#roundTrip(() => readInput(this.#client, id));
      return { type: 'found', prompt };
    });
  }

  wait(
    id: string,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal; readonly from?: Inference },
  ): Promise<WaitOutcome> {
    return this.#asOutcome<WaitOutcome>(async () => {
      const { from } = options;
      if (!from) {
        const inference = await this.#read(id);
        if (inference.endedAt) return { type: 'found', inference };
      }
      const waited = await this.#waiters.wait(id, options);
      if (waited.type === 'pending') return waited;
      return { type: 'found', inference: from ? withEnding(from, waited.ending) : await this.#read(id) };
    });
  }

  cancel(id: string): Promise<GetOutcome> {
    return this.#asOutcome(async () => {
      // Its worker is not asked for the calls so far: it may be busy or away, and the cancel would wait for it.
      const inference = await this.#read(id, { isAsked: false });
      if (inference.endedAt) return { type: 'found', inference };
      await this.#roundTrip(() => this.#client.workflow.getHandle(id).cancel());
      this.#options.abortLocalCalls(id);
      return { type: 'found', inference: await this.#read(id) };
    });
  }

  replay(id: string): Promise<ReplayOutcome> {
    return this.#asOutcome<ReplayOutcome>(async () => {
      const { status, endedAt, runId } = await this.#read(id);
      if (!endedAt || status === 'succeeded') return { type: 'not-replayable', status };
      const ended = { workflowId: id, runId };
      return { type: 'replayed', runId: await this.#roundTrip(() => replayInference(this.#client, ended)) };
    });
  }

  resolve(id: string, resolution: Resolution, by: string | null): Promise<ResolveOutcome> {
    return this.#asOutcome<ResolveOutcome>(async () => {
      // What is not held by a running workflow nobody has to ask.
      const { waitingFor } = await this.#read(id, { isAsked: false });
      if (waitingFor !== 'resolution') return NOT_HELD;
      return this.#roundTrip(() => resolveInference(this.#client, { id, resolution, by }), RESOLVE_LIMIT_MS);
    });
  }

  list(query: ListInferences): Promise<ListOutcome> {
    return this.#whenReachable(() => this.#list.page(query));
  }

  async notReadyReason(): Promise<string | null> {
    const { namespace, hasLocalWorker } = this.#options;
    try {
      const polls = hasLocalWorker() ?? (await this.#roundTrip(() => hasRecentPoller(this.#client, namespace)));
      if (!polls) return 'no worker is polling';
      await this.#roundTrip(() => this.#client.workflowService.getSystemInfo({}));
      return null;
    } catch (error) {
      if (isUnreachable(error)) return 'Temporal cannot be reached';
      throw error;
    }
  }

  /** Under the next free number of its kind. The first guess is right unless another process has taken equal requests. */
  async #startNumbered(start: StartInference, { idOf, nowMs }: NumberedRequest): Promise<StartOutcome> {
    const epoch = epochOf(nowMs);
    const kind = idOf({ epoch, sequence: 0 });
    const isTaken = async (sequence: number) =>
      (await this.#roundTrip(() => describeIfThere(this.#client, idOf({ epoch, sequence })))) !== null;
    let sequence = this.#sequences.take(kind);
    try {
      for (let tries = 1; tries <= MAX_NUMBERS_TRIED; tries++) {
        const outcome = await this.#startUnder(idOf({ epoch, sequence }), start);
        if (outcome.type === 'unavailable') this.#sequences.giveBack(kind, sequence);
        if (outcome.type !== 'taken') return outcome;
        // A start is as good a question as any, and wins the number with it; only who is far behind has to search.
        sequence = tries === 1 ? this.#sequences.take(kind) : await this.#sequences.takeAfter(kind, sequence, isTaken);
      }
    } catch (error) {
      this.#sequences.giveBack(kind, sequence);
      if (isUnreachable(error)) return { type: 'unavailable', startUnknown: false };
      throw error;
    }
    // So many are ahead of it, again and again: it is served all the same, but a retry of it would not be rescued.
    this.#sequences.giveBack(kind, sequence);
    const outcome = await this.#startUnder(newInferenceId({ nowMs, random: randomBytes(10) }), start);
    if (outcome.type === 'taken') throw new Error('A random id was taken.');
    return outcome;
  }

  async #startUnder(
    id: string,
    start: StartInference,
  ): Promise<Exclude<StartOutcome, { type: 'joined' | 'conflict' }> | { readonly type: 'taken' }> {
    start.onId(id);
    try {
      return { type: 'started', inference: await this.#startNew(id, start, 'REJECT_DUPLICATE') };
    } catch (error) {
      if (error instanceof NotSent || isUnreachable(error)) return unavailable(id, error);
      if (error instanceof WorkflowExecutionAlreadyStartedError) return { type: 'taken' };
      throw error;
    }
  }

  async #startNew(
    id: string,
    { input, memo, priority }: StartInference,
    workflowIdReusePolicy: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE_FAILED_ONLY',
  ): Promise<Inference> {
    const createdAt = new Date().toISOString();
    const send = () =>
      this.#client.workflow.start<(input: InferenceInput | EmbeddingsInput) => Promise<unknown>>(
        workflowTypeOf(input),
        {
          workflowId: id,
          taskQueue: TASK_QUEUE,
          args: [input],
          requestEagerStart: true,
          workflowIdConflictPolicy: 'FAIL',
          workflowIdReusePolicy,
          workflowRunTimeout: longestMs(input) + RUN_TIMEOUT_GRACE_MS,
          memo: { inference: memo, createdAt },
          typedSearchAttributes: startAttributes(memo),
          priority: { priorityKey: priority },
        },
      );
    const handle = await this.#startGate.run(() => this.#roundTrip(send, startLimitMs(charactersOf(input))));
    return {
      id,
      runId: handle.firstExecutionRunId,
      status: 'running',
      waitingFor: null,
      memo,
      createdAt,
      endedAt: null,
      result: null,
      failure: null,
      calls: [],
      heldVerdict: null,
    };
  }

  /** The id is taken: by the same request, which is joined or, if it failed, started again, or by another one. */
  async #join(id: string, start: StartInference): Promise<StartOutcome> {
    try {
      // Many may join at once: nobody's answer needs the calls so far, and the worker has better to do.
      const inference = await this.#read(id, { isAsked: false });
      if (inference.memo.fingerprint !== start.memo.fingerprint) return { type: 'conflict' };
      if (inference.status !== 'failed' && inference.status !== 'cancelled') return { type: 'joined', inference };
      return { type: 'started', inference: await this.#startNew(id, start, 'ALLOW_DUPLICATE_FAILED_ONLY') };
    } catch (error) {
      if (error instanceof NotSent || isUnreachable(error)) return unavailable(id, error);
      // Another equal request was quicker to start it again.
      if (error instanceof WorkflowExecutionAlreadyStartedError) {
        return { type: 'joined', inference: await this.#read(id, { isAsked: false }) };
      }
      throw error;
    }
  }

  async #read(id: string, options?: { readonly isAsked: boolean }): Promise<Inference> {
    const info = await this.#roundTrip(() => this.#client.workflow.getHandle(id).describe());
    return this.#roundTrip(() => inferenceOf(this.#client, info, options));
  }

  #roundTrip<T>(call: () => Promise<T>, limitMs?: number): Promise<T> {
    return withinRoundTrip(this.#options.connection, call, limitMs);
  }

  async #asOutcome<T>(call: () => Promise<T>): Promise<T | { readonly type: 'not-found' } | Unavailable> {
    try {
      return await this.#whenReachable(call);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return { type: 'not-found' };
      throw error;
    }
  }

  async #whenReachable<T>(call: () => Promise<T>): Promise<T | Unavailable> {
    try {
      return await call();
    } catch (error) {
      if (isUnreachable(error)) return { type: 'unavailable', startUnknown: false };
      throw error;
    }
  }
}

function unavailable(id: string, error: unknown): Extract<StartOutcome, { type: 'unavailable' }> {
  return error instanceof NotSent
    ? { type: 'unavailable', startUnknown: false }
    : { type: 'unavailable', startUnknown: true, id };
}
