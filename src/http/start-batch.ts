// From a parsed request to a started or joined batch. The only place where the HTTP side starts batches.

import { createHash, randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { BatchInput, BatchStart } from '../domain/batch.ts';
import type { BatchView, StartBatchOutcome } from '../domain/batches.ts';
import type { Catalog, ModelEntry } from '../domain/catalog.ts';
import { findModel, findTarget } from '../domain/catalog.ts';
import { isFileId, newBatchId } from '../domain/ids.ts';
import type { Target } from '../domain/target.ts';
import { targetName } from '../domain/target.ts';
import type { Caller } from './auth.ts';
import { modelOfLine } from './batch-line.ts';
import { checkWebhookUrl } from './webhook-url.ts';
import type { BatchBody } from './batch-schema.ts';
import { ApiError, batchMayBeStarted, temporalUnavailable } from './errors.ts';
import { firstLine } from './first-line.ts';
import type { HttpContext } from './http-context.ts';
import { fingerprintOf, isRetry } from './idempotency.ts';
import { readOwnFile } from './own-file.ts';
import { refuseDuringShutdown } from './start-inference.ts';
import { durationOf } from './strategy.ts';

const DEFAULT_WINDOW = '24h';
/** A line with files in it is long; one without an end is none. */
const MAX_LINE_BYTES = 64_000_000;
/** A client that retries by itself does so within minutes. */
const RETRY_WINDOW_MS = 15 * 60_000;
const RETRIES_AMONG = 20;

export async function startBatch(
  context: HttpContext,
  request: FastifyRequest,
  wanted: { readonly body: BatchBody; readonly idempotencyKey: string | undefined },
): Promise<BatchView> {
  const { batches, waiting, now } = context;
  const { caller, headers } = request;
  const { body, idempotencyKey } = wanted;
  refuseDuringShutdown(waiting);
  const fingerprint = fingerprintOf('batches', body);
  const isJoinable = idempotencyKey !== undefined;
  if (!isJoinable && isRetry(headers)) {
    const earlier = await findEarlier(context, caller, fingerprint);
    if (earlier) return earlier;
  }
  const id = isJoinable
    ? idempotentBatchId(caller, idempotencyKey)
    : newBatchId({ nowMs: now(), random: randomBytes(10) });
  const known = isJoinable ? await knownStart(context, id) : null;
  const createdAt = new Date(now()).toISOString();
  // The file may be gone since, and a new configuration changes nothing of what was asked for.
  const start =
    known?.fingerprint === fingerprint
      ? { ...known, createdAt }
      : await resolveStart(context, { id, body, caller, fingerprint, createdAt });
  return startedOf(await batches.start(start), isJoinable);
}

function startedOf(outcome: StartBatchOutcome, isJoinable: boolean): BatchView {
  if (outcome.type === 'unavailable') throw batchMayBeStarted(outcome.id, { shouldRetry: isJoinable });
  if (outcome.type !== 'conflict') return outcome.batch;
  throw new ApiError({
    code: 'idempotency_key_reused',
    message: 'This Idempotency-Key was used for another request. Nothing was started or changed.',
    param: 'idempotency-key',
  });
}

/** The same key of the same caller always names the same batch. */
function idempotentBatchId(caller: Caller, idempotencyKey: string): string {
  const hash = createHash('sha256').update(JSON.stringify([caller.name, idempotencyKey]));
  return `batch_${hash.digest('hex')}`;
}

async function knownStart({ batches }: HttpContext, id: string): Promise<BatchStart | null> {
  const outcome = await batches.get(id);
  if (outcome.type === 'unavailable') throw temporalUnavailable({ shouldRetry: true });
  return outcome.type === 'found' ? outcome.batch.start : null;
}

/** What the first try of a client that retries by itself has started: a batch is paid for, so never twice. */
async function findEarlier(
  { batches, now }: HttpContext,
  caller: Caller,
  fingerprint: string,
): Promise<BatchView | null> {
  const outcome = await batches.list({ owner: caller.isOperator ? null : caller.name, limit: RETRIES_AMONG });
  if (outcome.type === 'unavailable') throw temporalUnavailable({ shouldRetry: true });
  if (outcome.type === 'not-found') return null;
  const isSame = ({ start }: BatchView) =>
    start.fingerprint === fingerprint &&
    start.input.owner === caller.name &&
    now() - Date.parse(start.createdAt) < RETRY_WINDOW_MS;
  return outcome.batches.find(isSame) ?? null;
}

interface Wanted extends Pick<BatchStart, 'fingerprint' | 'createdAt'> {
  readonly id: string;
  readonly body: BatchBody;
  readonly caller: Caller;
}

async function resolveStart(context: HttpContext, wanted: Wanted): Promise<BatchStart> {
  const { id, body, caller, fingerprint, createdAt } = wanted;
  const { catalog } = context;
  if (body.webhook_url != null) checkWebhookUrl(context, body.webhook_url);
  const { model, entry } = await modelOfFile(context, body.input_file_id, caller);
  const completionWindow = body.completion_window ?? DEFAULT_WINDOW;
  const input: BatchInput = {
    id,
    inputFileId: body.input_file_id,
    endpoint: body.endpoint,
    model,
    ...(entry.expect && { expect: entry.expect }),
    settings: entry.settings,
    lanes: lanesOf(catalog, entry, body.lanes),
    deadlineMs: durationOf(body.deadline ?? completionWindow) ?? 0,
    rescue: body.rescue ?? 'sync',
    maxCostUsd: body.max_cost_usd ?? null,
    ...(body.webhook_url != null && { webhookUrl: body.webhook_url }),
    rules: catalog.batchRules,
    owner: caller.name,
    configHash: catalog.configHash,
  };
  return { input, createdAt, metadata: body.metadata ?? null, completionWindow, fingerprint };
}

/** The model that the first line asks for; that the others ask for the same is seen when the batch is planned. */
async function modelOfFile(
  { files, catalog }: HttpContext,
  fileId: string,
  caller: Caller,
): Promise<{ readonly model: string; readonly entry: ModelEntry }> {
  const refused = (code: 'invalid_value' | 'file_not_found' | 'model_not_found', message: string) =>
    new ApiError({ code, message: `${message} Nothing was started.`, param: 'input_file_id' });
  const gone = () => refused('file_not_found', `There is no file ${JSON.stringify(fileId)}.`);
  if (!isFileId(fileId)) throw gone();
  const file = await readOwnFile(files, fileId, caller).catch((error: unknown) => {
    throw error instanceof ApiError ? gone() : error;
  });
  if (file.purpose !== 'batch') {
    throw refused('invalid_value', `The purpose of file ${fileId} is ${file.purpose}, and must be batch.`);
  }
  const content = await files.read(fileId);
  if (!content) throw gone();
  const line = await firstLine(content, MAX_LINE_BYTES);
  if (line === null) throw refused('invalid_value', `File ${fileId} has no lines.`);
  const model = modelOfLine(line);
  if (typeof model !== 'string') throw refused('invalid_value', `Line 1 of file ${fileId}: ${model.fault.message}`);
  const entry = findModel(catalog, model);
  if (entry) return { model, entry };
  throw refused(
    'model_not_found',
    `There is no model ${JSON.stringify(model.slice(0, 255))}, for which line 1 of file ${fileId} asks.`,
  );
}

/** A target that the model itself names is a lane with what it needs there to answer alike. */
function lanesOf(catalog: Catalog, entry: ModelEntry, names: BatchBody['lanes']): readonly Target[] {
  const { settings, batchTargets } = entry;
  if (!names) return batchTargets ?? settings.targets;
  const own = [...(batchTargets ?? []), ...settings.targets];
  return names.map((name, index) => {
    const refused = (why: string) =>
      new ApiError({ code: 'invalid_value', message: `lanes[${index}] ${why}.`, param: `lanes[${index}]` });
    if (names.indexOf(name) < index) throw refused('is a lane already');
    const target = own.find((one) => targetName(one) === name) ?? findTarget(catalog, name);
    if (!target) throw refused('must be provider/model of a configured provider');
    return target;
  });
}
