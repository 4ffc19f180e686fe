// The port `Inferences` over Temporal: starts, reads and steers the workflows. The only importer of @temporalio/client
// (with its neighbours in this folder); it judges nothing.

import { Client, WorkflowNotFoundError } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import type { Resolution } from '../domain/hold.ts';
import type { Inference } from '../domain/inference.ts';
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
import { isUnreachable, withinRoundTrip } from './deadline.ts';
import { InferenceList } from './inference-list.ts';
import { InferenceStarter } from './inference-starter.ts';
import { inferenceOf, withEnding } from './read-inference.ts';
import { readInput } from './read-input.ts';
import { replayInference } from './replay-inference.ts';
import { describeIfThere, findRescuable } from './rescue.ts';
import { NOT_HELD, RESOLVE_LIMIT_MS, resolveInference, resolverInterceptor } from './resolve-inference.ts';
import { hasRecentPoller } from './task-queue.ts';
import { Waiters } from './waiters.ts';

export interface InferencesOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly dataConverter: DataConverter;
  /** Ends the calls of a cancelled inference at once when they run in this process. */
  readonly abortLocalCalls: (runId: string) => void;
  /** Whether this process has a worker that polls; null when workers are elsewhere. */
  readonly hasLocalWorker: () => boolean | null;
}

export function createInferences(options: InferencesOptions): Inferences {
  return new TemporalInferences(options);
}

class TemporalInferences implements Inferences {
  readonly #options: InferencesOptions;
  readonly #client: Client;
  readonly #waiters: Waiters;
  readonly #list: InferenceList;
  readonly #starter: InferenceStarter;

  constructor(options: InferencesOptions) {
    const { connection, namespace, dataConverter } = options;
    this.#options = options;
    const interceptors = { workflow: [resolverInterceptor] };
    this.#client = new Client({ connection, namespace, dataConverter, interceptors });
    this.#waiters = new Waiters(this.#client);
    this.#starter = new InferenceStarter({
      client: this.#client,
      roundTrip: (call, limitMs) => this.#roundTrip(call, limitMs),
      read: (id) => this.#read(id, { withCalls: false }),
    });
    this.#list = new InferenceList(this.#client, (call) => withinRoundTrip(connection, call));
  }

  start(start: StartInference): Promise<StartOutcome> {
    return this.#starter.start(start);
  }

  rescue(retry: NumberedRequest): Promise<RescueOutcome> {
    return this.#whenReachable(async () => {
      const found = await findRescuable((id) => this.#roundTrip(() => describeIfThere(this.#client, id)), retry);
      if (!found) return { type: 'none' };
      // Many may join at once: nobody's answer needs the calls so far, and the worker has better to do.
      const read = () => inferenceOf(this.#client, found, { withCalls: false });
      return { type: 'joined', inference: await this.#roundTrip(read) };
    });
  }

  get(id: string, options?: { readonly withCalls: boolean }): Promise<GetOutcome> {
    return this.#asOutcome(async () => ({ type: 'found', inference: await this.#read(id, options) }));
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
      const inference = await this.#read(id, { withCalls: false });
      if (inference.endedAt) return { type: 'found', inference };
      await this.#roundTrip(() => this.#client.workflow.getHandle(id).cancel());
      this.#options.abortLocalCalls(inference.runId);
      return { type: 'found', inference };
    });
  }

  replay(id: string): Promise<ReplayOutcome> {
    return this.#asOutcome<ReplayOutcome>(async () => {
      const { status, endedAt, runId } = await this.#read(id, { withCalls: false });
      if (!endedAt || status === 'succeeded') return { type: 'not-replayable', status };
      const ended = { workflowId: id, runId };
      return { type: 'replayed', runId: await this.#roundTrip(() => replayInference(this.#client, ended)) };
    });
  }

  resolve(id: string, resolution: Resolution, by: string | null): Promise<ResolveOutcome> {
    return this.#asOutcome<ResolveOutcome>(async () => {
      // What is not held by a running workflow nobody has to ask.
      const { waitingFor } = await this.#read(id, { withCalls: false });
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

  async #read(id: string, options?: { readonly withCalls: boolean }): Promise<Inference> {
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
