// OpenAI's files and batches: lines in a file, results in an output file and an error file.
// https://platform.openai.com/docs/guides/batch

import { isJson, objectOf, parseJson, stringOf } from '../wires/read-json.ts';
import type { Json } from '../wires/wire.ts';
import type { BatchReply, BatchRequest, BatchRoute } from './batch-wire.ts';
import { bodyOf, jsonLines, limitOf, pageAfter, prepared, seconds, stringsIn } from './batch-wire.ts';
import { newId } from './desk.ts';
import { fileRoute, type ShownFile } from './file-endpoints.ts';
import type { BatchLine } from './line.ts';
import type { BatchRefusal, LineResult, SimulatedBatch } from './simulated-batch.ts';
import type { SpooledFile } from './spool.ts';
import type { Stand } from './life.ts';

const MAX_LINES = 50_000;
const DAY_MS = 24 * 60 * 60 * 1_000;

export function openaiBatches(request: BatchRequest): BatchRoute | null {
  const { method, path } = request;
  const files = fileRoute(request, { prefix: 'file-', show: showFile, missing: notFound, resultFile });
  if (files) return files;
  const [, id, verb] = /^v1\/batches(?:\/([^/]+)(\/cancel)?)?$/.exec(path) ?? [];
  if (path === 'v1/batches') {
    if (method === 'POST') return { call: 'create', answer: () => create(request) };
    return method === 'GET' ? { call: 'list', answer: () => list(request) } : null;
  }
  if (!id) return null;
  if (method === 'POST' && verb) return { call: 'cancel', answer: () => withBatch(request, id, cancel) };
  return method === 'GET' && !verb ? { call: 'look', answer: () => withBatch(request, id, showNow) } : null;
}

async function create(request: BatchRequest): Promise<BatchReply> {
  const { desk, owner, format } = request;
  const body = await bodyOf(request);
  const inputFileId = stringOf(body['input_file_id']);
  const file = desk.file(owner, inputFileId);
  if (!file) return notFound(`No such File object: ${inputFileId}`);
  const endpoint = stringOf(body['endpoint']);
  const first = await firstLine(file.content);
  const model = stringOf(objectOf(objectOf(first)['body'])['model']);
  const refusal = refusalOf(objectOf(first), endpoint);
  const batch = desk.create({
    id: newId('batch_'),
    ...owner,
    format,
    model,
    endpoint,
    inputFileId,
    metadata: stringsIn(body['metadata']),
    displayName: null,
    input: file.content,
    readLine: (value) => readLine(value),
    ...(refusal && { refusal }),
    maxLines: MAX_LINES,
    keepsPart: true,
  });
  // As it is at first, however short its life.
  return { json: show(batch, { phase: 'waiting', end: null, done: 0, endedAtMs: null }) };
}

async function firstLine(content: SpooledFile): Promise<unknown> {
  for await (const { text } of content.lines()) return parseJson(text);
  return undefined;
}

function refusalOf(line: Json, endpoint: string): BatchRefusal | null {
  if (line['url'] === undefined || line['url'] === endpoint) return null;
  const message = `The URL provided for this request does not match the batch endpoint '${endpoint}'.`;
  return { code: 'mismatched_endpoint', message, line: 1 };
}

function readLine(value: unknown): BatchLine | null {
  const line = objectOf(value);
  return typeof line['custom_id'] === 'string' && isJson(line['body'])
    ? { id: line['custom_id'], body: line['body'] }
    : null;
}

async function list({ desk, owner, query }: BatchRequest): Promise<BatchReply> {
  const limit = limitOf(query, 'limit', 20);
  const idOf = ({ order }: SimulatedBatch) => order.id;
  const { page, hasMore } = pageAfter(desk.batches(owner), { after: query.get('after'), limit, idOf });
  await prepared(page);
  const data = page.map((batch) => show(batch, batch.at(Date.now())));
  const ends = { first_id: data[0]?.['id'] ?? null, last_id: data.at(-1)?.['id'] ?? null };
  return { json: { object: 'list', data, ...ends, has_more: hasMore } };
}

async function withBatch(
  { desk, owner }: BatchRequest,
  id: string,
  answer: (batch: SimulatedBatch) => BatchReply,
): Promise<BatchReply> {
  const batch = desk.batch(owner, id);
  if (!batch) return notFound(`No batch found with id '${id}'.`);
  await prepared([batch]);
  return answer(batch);
}

function showNow(batch: SimulatedBatch): BatchReply {
  return { json: show(batch, batch.at(Date.now())) };
}

function cancel(batch: SimulatedBatch): BatchReply {
  const { phase, end } = batch.at(Date.now());
  if (phase === 'ended') return conflict(`Cannot cancel a batch with status '${String(end)}'.`);
  batch.cancel(Date.now());
  const { done } = batch.at(Date.now());
  return { json: show(batch, { phase: 'cancelling', end: null, done, endedAtMs: null }) };
}

const words: Readonly<Record<Exclude<Stand['phase'], 'ended'>, string>> = {
  waiting: 'validating',
  running: 'in_progress',
  finalizing: 'finalizing',
  cancelling: 'cancelling',
};

function show(batch: SimulatedBatch, stand: Stand): Json {
  const { order, refusals } = batch;
  const { phase, end, endedAtMs } = stand;
  const tally = batch.tally(stand);
  const created = order.createdAtMs;
  const at = (ms: number | null) => (ms === null ? null : seconds(ms));
  const started = phase === 'waiting' || end === 'failed' ? null : created + order.durationMs * 0.1;
  const has = filesOf(batch, stand);
  return {
    id: order.id,
    object: 'batch',
    endpoint: order.endpoint,
    model: order.model,
    errors:
      end === 'failed' ? { object: 'list', data: refusals.map((refusal) => ({ ...refusal, param: null })) } : null,
    input_file_id: order.inputFileId,
    completion_window: '24h',
    status: phase === 'ended' ? end : words[phase],
    output_file_id: has.output ? outputId(batch) : null,
    error_file_id: has.error ? errorId(batch) : null,
    created_at: seconds(created),
    in_progress_at: at(started),
    expires_at: seconds(created + DAY_MS),
    finalizing_at: at(end === 'completed' || end === 'expired' ? endedAtMs : null),
    completed_at: at(end === 'completed' ? endedAtMs : null),
    failed_at: at(end === 'failed' ? endedAtMs : null),
    expired_at: at(end === 'expired' ? endedAtMs : null),
    cancelling_at: at(batch.cancelledAtMs),
    cancelled_at: at(end === 'cancelled' ? endedAtMs : null),
    request_counts: { total: tally.total, completed: tally.succeeded, failed: tally.failed },
    usage: {
      input_tokens: tally.inputTokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: tally.outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: tally.inputTokens + tally.outputTokens,
    },
    metadata: order.metadata,
  };
}

/** A file that would be empty is not made. */
function filesOf(batch: SimulatedBatch, stand: Stand): { readonly output: boolean; readonly error: boolean } {
  if (stand.phase !== 'ended' || stand.end === 'failed') return { output: false, error: false };
  const { total, succeeded } = batch.tally(stand);
  return { output: succeeded > 0, error: succeeded < total };
}

function outputId({ order }: SimulatedBatch): string {
  return `file-${order.id.slice('batch_'.length)}out`;
}

function errorId({ order }: SimulatedBatch): string {
  return `file-${order.id.slice('batch_'.length)}err`;
}

/** The lines of a results file; null: there is no such file. */
function resultFile({ desk, owner }: BatchRequest, id: string) {
  const batch = desk.batches(owner).find((each) => id === outputId(each) || id === errorId(each));
  if (!batch) return null;
  const stand = batch.at(Date.now());
  const isOutput = id === outputId(batch);
  const has = filesOf(batch, stand);
  if (!(isOutput ? has.output : has.error)) return null;
  const write = (result: LineResult) =>
    (result.end?.type === 'answer') === isOutput ? resultLine(batch, stand, result) : null;
  return {
    name: `${batch.order.id}_${isOutput ? 'output' : 'error'}.jsonl`,
    createdAtMs: stand.endedAtMs ?? 0,
    isOutput,
    lines: () => jsonLines(batch.results(stand), write),
  };
}

function resultLine(batch: SimulatedBatch, stand: Stand, { id, end }: LineResult): Json {
  const common = { id: `batch_req_${batch.order.id.slice(-12)}${id}`, custom_id: id };
  if (!end) {
    const error =
      stand.end === 'expired'
        ? { code: 'batch_expired', message: 'This request could not be executed before the completion window expired.' }
        : { code: 'batch_cancelled', message: 'This request was cancelled before it was executed.' };
    return { ...common, response: null, error };
  }
  const body = end.type === 'answer' ? end.body() : end.body;
  const status_code = end.type === 'answer' ? 200 : end.status;
  return { ...common, response: { status_code, request_id: end.requestId, body }, error: null };
}

function showFile(file: ShownFile): Json {
  return {
    id: file.id,
    object: 'file',
    bytes: file.bytes,
    created_at: seconds(file.createdAtMs),
    filename: file.name,
    purpose: file.isResult ? 'batch_output' : file.purpose,
    status: 'processed',
    expires_at: null,
    status_details: null,
  };
}

function notFound(message: string): BatchReply {
  return { status: 404, json: { error: { message, type: 'invalid_request_error', param: 'id', code: null } } };
}

function conflict(message: string): BatchReply {
  return { status: 409, json: { error: { message, type: 'invalid_request_error', param: null, code: null } } };
}
