// The short activities of a provider's batch: create it once, look at it, cancel it, know it again, clear up behind it.

import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BatchRules, StepEnd, StepFailure } from '../../src/domain/batch.ts';
import type { Target } from '../../src/domain/target.ts';
import type { BatchConnection, UploadedLines } from '../providers/batch/lane.ts';
import type { BatchDeps } from './batch-deps.ts';
import { connectLane, rejectionOf } from './connect-lane.ts';
import { lineOf } from './line-id.ts';
import { readPart, writePart } from './step-records.ts';

export interface CreateProviderBatchInput {
  readonly target: Target;
  readonly key: string;
  readonly uploaded: UploadedLines;
  /** The blob with the lines, of a provider that takes them with the creation. */
  readonly spool: string | null;
  readonly count: number;
  /** It has been found out that there is none. */
  readonly isNotThere: boolean;
}

export type CreateProviderBatchResult =
  | { readonly type: 'created'; readonly id: string }
  /** One of these may be it. */
  | { readonly type: 'possible'; readonly ids: readonly string[] };

/** A reply may get lost, and the worker too: that it is asked for is written down first, and whoever finds that looks. */
export async function createProviderBatch(
  deps: BatchDeps,
  input: CreateProviderBatchInput,
): Promise<CreateProviderBatchResult> {
  const { target, key, uploaded, count, isNotThere } = input;
  const known = await readPart<CreateProviderBatchResult>(deps, { key, part: 'created' });
  if (known) return known;
  const connection = await connectLane(deps, target);
  const asked = await readPart<{ readonly atMs: number }>(deps, { key, part: 'asked' });
  if (asked) {
    const { certain, possible } = await connection.find({ key, uploaded, sinceMs: asked.atMs, count });
    const [id] = certain;
    if (id !== undefined) return created(deps, key, id);
    if (possible.length > 0 && !isNotThere) return { type: 'possible', ids: possible };
  } else await writePart(deps, { key, part: 'asked' }, { atMs: Date.now() });
  return created(deps, key, await create(deps, input, connection));
}

async function created(deps: BatchDeps, key: string, id: string): Promise<CreateProviderBatchResult> {
  const result = { type: 'created' as const, id };
  await writePart(deps, { key, part: 'created' }, result);
  return result;
}

async function create(
  deps: BatchDeps,
  { key, uploaded, spool, count }: CreateProviderBatchInput,
  connection: BatchConnection,
): Promise<string> {
  const path = spool === null ? null : join(tmpdir(), `holdfast-${randomUUID()}.jsonl`);
  try {
    if (path !== null && spool !== null) await copyBlob(deps, spool, path);
    return await connection.create({ key, uploaded, path, count });
  } finally {
    if (path !== null) await rm(path, { force: true });
  }
}

async function copyBlob({ blobs }: BatchDeps, key: string, path: string): Promise<void> {
  const content = await blobs.read(key);
  if (!content) throw new Error(`The blob ${key} is gone from the blob store.`);
  await pipeline(content, createWriteStream(path, { mode: 0o600 }));
}

export interface AwaitProviderBatchInput {
  readonly target: Target;
  readonly key: string;
  readonly id: string;
  readonly rules: BatchRules;
  /** From the first look: then it is no longer waited for. */
  readonly timeMs: number;
}

/** `end` null: the time is up. `failure`: of one that was rejected as a whole. */
export interface AwaitProviderBatchResult {
  readonly end: StepEnd | null;
  readonly failure?: StepFailure;
}

/** What is remembered between looks. */
interface Seen {
  readonly done: number | null;
  /** By the server's clock; since when `done` is what it is. */
  readonly sinceMs: number;
}

/** Each look is an attempt that fails until the batch has ended: waiting leaves nothing in the history. */
export async function awaitProviderBatch(
  deps: BatchDeps,
  { target, key, id, rules, timeMs }: AwaitProviderBatchInput,
): Promise<AwaitProviderBatchResult> {
  // It is not kept there once it has been read.
  if (await readPart(deps, { key, part: 'collected' })) return { end: 'completed' };
  const context = Context.current();
  const { scheduledTimestampMs, currentAttemptScheduledTimestampMs: nowMs, attempt, heartbeatDetails } = context.info;
  const before = (heartbeatDetails as Seen | undefined) ?? { done: null, sinceMs: nowMs };
  const connection = await connectLane(deps, target);
  const look = await connection.look(id).catch((error: unknown) => {
    // Whoever cannot be asked makes no progress either: it is stuck after the same time.
    deps.logger.debug({ target: `${target.provider}/${target.model}`, batch: id }, 'A look at a batch has failed.');
    return error instanceof ApplicationFailure && error.type !== 'model-not-found' ? null : Promise.reject(error);
  });
  if (look?.state === 'ended') {
    const end = look.end ?? 'completed';
    return end === 'failed' ? { end, failure: await rejectionOf(deps, target, look) } : { end };
  }
  const done = look?.done ?? before.done;
  const seen: Seen = done === before.done ? before : { done, sinceMs: nowMs };
  context.heartbeat(seen);
  if (nowMs - seen.sinceMs >= rules.stuckAfterMs) return { end: 'stuck' };
  const leftMs = timeMs - (nowMs - scheduledTimestampMs);
  if (leftMs <= 0) return { end: null };
  const delayMs = Math.min(rules.pollIntervalMs * Math.min(1.2 ** (attempt - 1), 10), leftMs);
  throw ApplicationFailure.create({
    type: 'pending',
    message: `${look?.state ?? 'unknown'}${done === null ? '' : `, ${done} lines done`}`,
    nextRetryDelay: Math.max(1, Math.round(delayMs)),
    category: ApplicationFailureCategory.BENIGN,
  });
}

export async function cancelProviderBatch(
  deps: BatchDeps,
  { target, id }: { readonly target: Target; readonly id: string },
): Promise<void> {
  await (await connectLane(deps, target)).cancel(id);
}

/** Whether a batch that has ended holds the lines of this key; its first result tells. */
export async function recogniseBatch(
  deps: BatchDeps,
  { target, key, id }: { readonly target: Target; readonly key: string; readonly id: string },
): Promise<boolean> {
  const connection = await connectLane(deps, target);
  for await (const [first] of connection.results(id)) if (first) return lineOf(key, first.id) !== null;
  return false;
}

/** Neither prompts nor answers stay at the provider longer than they have to. */
export async function removeProviderBatch(
  deps: BatchDeps,
  { target, id, uploaded }: { readonly target: Target; readonly id: string; readonly uploaded: UploadedLines },
): Promise<void> {
  await (await connectLane(deps, target)).remove(id, uploaded);
}
