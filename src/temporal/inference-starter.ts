// Starts the workflow of an inference under the id that its request has, or joins what is there. Judges nothing.

import { randomBytes } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { newInferenceId } from '../domain/ids.ts';
import type { EmbeddingsInput, Inference, InferenceInput } from '../domain/inference.ts';
import { longestMs, RUN_TIMEOUT_GRACE_MS, workflowTypeOf } from '../domain/inference.ts';
import type { NumberedRequest, StartInference, StartOutcome } from '../domain/inferences.ts';
import { epochOf } from '../domain/rescue.ts';
import { charactersOf, isUnreachable, startLimitMs } from './deadline.ts';
import { describeIfThere } from './rescue.ts';
import { startAttributes } from './search-attributes.ts';
import { Sequences } from './sequences.ts';
import { NotSent, StartGate } from './start-gate.ts';
import { TASK_QUEUE } from './task-queue.ts';

/**
 * A start takes the server about ten milliseconds of a CPU: so many are answered well within a round trip's limit, also
 * where others need the CPU.
 */
const MAX_STARTS_IN_FLIGHT = 16;

/** Each round of a contest among processes halves those who are left, at the least. */
const MAX_NUMBERS_TRIED = 12;

export class InferenceStarter {
  readonly #client: Client;
  readonly #roundTrip: <T>(call: () => Promise<T>, limitMs?: number) => Promise<T>;
  readonly #read: (id: string) => Promise<Inference>;
  readonly #sequences = new Sequences();
  readonly #gate = new StartGate(MAX_STARTS_IN_FLIGHT);

  constructor(parts: {
    readonly client: Client;
    readonly roundTrip: <T>(call: () => Promise<T>, limitMs?: number) => Promise<T>;
    /** Without its calls: many may join at once, and the worker has better to do. */
    readonly read: (id: string) => Promise<Inference>;
  }) {
    this.#client = parts.client;
    this.#roundTrip = parts.roundTrip;
    this.#read = parts.read;
  }

  async start(start: StartInference): Promise<StartOutcome> {
    const { identity } = start;
    if (identity.type === 'numbered') return this.#startNumbered(start, identity);
    const { id } = identity;
    const outcome = await this.#startUnder(id, start);
    return outcome.type === 'taken' ? this.#join(id, start) : outcome;
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
    const handle = await this.#gate.run(() => this.#roundTrip(send, startLimitMs(charactersOf(input))));
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
      const inference = await this.#read(id);
      if (inference.memo.fingerprint !== start.memo.fingerprint) return { type: 'conflict' };
      if (inference.status !== 'failed' && inference.status !== 'cancelled') return { type: 'joined', inference };
      return { type: 'started', inference: await this.#startNew(id, start, 'ALLOW_DUPLICATE_FAILED_ONLY') };
    } catch (error) {
      if (error instanceof NotSent || isUnreachable(error)) return unavailable(id, error);
      // Another equal request was quicker to start it again.
      if (error instanceof WorkflowExecutionAlreadyStartedError) {
        return { type: 'joined', inference: await this.#read(id) };
      }
      throw error;
    }
  }
}

function unavailable(id: string, error: unknown): Extract<StartOutcome, { type: 'unavailable' }> {
  return error instanceof NotSent
    ? { type: 'unavailable', startUnknown: false }
    : { type: 'unavailable', startUnknown: true, id };
}
