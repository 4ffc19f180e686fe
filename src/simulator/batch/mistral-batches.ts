// Mistral's files and batch jobs: lines in a file or in the body, one model a job, results in two files.
// https://docs.mistral.ai/capabilities/batch/

import { isJson, objectOf, objectsOf, stringOf, stringsOf } from '../wires/read-json.ts';
import type { Json } from '../wires/wire.ts';
import type { BatchReply, BatchRequest, BatchRoute } from './batch-wire.ts';
import { bodyOf, inlineLines, jsonLines, limitOf, prepared, seconds, stringsIn } from './batch-wire.ts';
import { newId } from './desk.ts';
import { fileRoute, type ResultFile, type ShownFile } from './file-endpoints.ts';
import type { Stand } from './life.ts';
import type { BatchLine } from './line.ts';
import type { LineResult, SimulatedBatch } from './simulated-batch.ts';

const MAX_LINES = 100_000;

export function mistralBatches(request: BatchRequest): BatchRoute | null {
  const { method, path } = request;
  const files = fileRoute(request, { prefix: '', show: showFile, missing: notFound, resultFile });
  if (files) return files;
  if (path === 'v1/batch/jobs') {
    if (method === 'POST') return { call: 'create', answer: () => create(request) };
    return method === 'GET' ? { call: 'list', answer: () => list(request) } : null;
  }
  const [, id, verb] = /^v1\/batch\/jobs\/([^/]+)(\/cancel)?$/.exec(path) ?? [];
  if (!id) return null;
  if (verb) return method === 'POST' ? { call: 'cancel', answer: () => withBatch(request, id, cancel) } : null;
  if (method === 'GET') return { call: 'look', answer: () => withBatch(request, id, showNow) };
  return method === 'DELETE' ? { call: 'remove', answer: () => withBatch(request, id, remove) } : null;
}

async function create(request: BatchRequest): Promise<BatchReply> {
  const { desk, owner, format } = request;
  const body = await bodyOf(request);
  const [fileId = null] = stringsOf(body['input_files']);
  const file = fileId === null ? null : desk.file(owner, fileId);
  const inline = objectsOf(body['requests']);
  if (fileId !== null && !file) return notFound(`No file matches the given query: ${fileId}`);
  if (!file && inline.length === 0) return invalid('Either input_files or requests is required.');
  const input = file?.content ?? desk.spool.open();
  if (!file) await input.append(inlineLines(inline));
  const batch = desk.create({
    id: newId(''),
    ...owner,
    format,
    model: stringOf(body['model']),
    endpoint: stringOf(body['endpoint']),
    inputFileId: fileId,
    metadata: stringsIn(body['metadata']),
    displayName: null,
    input,
    readLine,
    maxLines: MAX_LINES,
    keepsPart: true,
  });
  return { json: show(batch, { phase: 'waiting', end: null, done: 0, endedAtMs: null }) };
}

function readLine(value: unknown): BatchLine | null {
  const { custom_id: id, body } = objectOf(value);
  return typeof id === 'string' && isJson(body) ? { id, body } : null;
}

async function list({ desk, owner, query }: BatchRequest): Promise<BatchReply> {
  const page = limitOf(query, 'page', 0);
  const size = limitOf(query, 'page_size', 100);
  const model = query.get('model');
  const after = Date.parse(query.get('created_after') ?? '') || 0;
  const all = desk
    .batches(owner)
    .filter(({ order }) => (model === null || order.model === model) && order.createdAtMs >= after);
  const inOrder = query.get('order_by') === 'created' ? all.toReversed() : all;
  const shown = inOrder.slice(page * size, (page + 1) * size);
  await prepared(shown);
  const data = shown.map((batch) => show(batch, batch.at(Date.now())));
  return { json: { object: 'list', data, total: all.length } };
}

async function withBatch(
  request: BatchRequest,
  id: string,
  make: (batch: SimulatedBatch, request: BatchRequest) => BatchReply,
): Promise<BatchReply> {
  const batch = request.desk.batch(request.owner, id);
  if (!batch) return notFound(`Job ${id} does not exist.`);
  await prepared([batch]);
  return make(batch, request);
}

function showNow(batch: SimulatedBatch): BatchReply {
  return { json: show(batch, batch.at(Date.now())) };
}

function cancel(batch: SimulatedBatch): BatchReply {
  const { phase, done } = batch.at(Date.now());
  if (phase === 'ended') return showNow(batch);
  batch.cancel(Date.now());
  return { json: show(batch, { phase: 'cancelling', end: null, done, endedAtMs: null }) };
}

function remove(batch: SimulatedBatch, { desk }: BatchRequest): BatchReply {
  desk.removeBatch(batch);
  return { json: { id: batch.order.id, object: 'batch', deleted: true } };
}

const states: Readonly<Record<Exclude<Stand['phase'], 'ended'>, string>> = {
  waiting: 'QUEUED',
  running: 'RUNNING',
  finalizing: 'RUNNING',
  cancelling: 'CANCELLATION_REQUESTED',
};

const ends: Readonly<Record<NonNullable<Stand['end']>, string>> = {
  completed: 'SUCCESS',
  failed: 'FAILED',
  expired: 'TIMEOUT_EXCEEDED',
  cancelled: 'CANCELLED',
};

function show(batch: SimulatedBatch, stand: Stand): Json {
  const { order, refusals } = batch;
  const { phase, end, endedAtMs } = stand;
  const { total, succeeded, failed } = batch.tally(stand);
  const isStarted = phase !== 'waiting' && end !== 'failed';
  return {
    id: order.id,
    object: 'batch',
    input_files: order.inputFileId === null ? [] : [order.inputFileId],
    metadata: order.metadata,
    endpoint: order.endpoint,
    model: order.model,
    agent_id: null,
    output_file: phase === 'ended' && succeeded > 0 ? outputId(batch) : null,
    error_file: phase === 'ended' && failed > 0 ? errorId(batch) : null,
    errors: end === 'failed' ? refusals.map(({ code, message }) => ({ message: `${code}: ${message}`, count: 1 })) : [],
    outputs: null,
    status: end === null ? states[phase === 'ended' ? 'finalizing' : phase] : ends[end],
    created_at: seconds(order.createdAtMs),
    total_requests: total,
    completed_requests: succeeded + failed,
    succeeded_requests: succeeded,
    failed_requests: failed,
    started_at: isStarted ? seconds(order.createdAtMs + order.durationMs * 0.1) : null,
    completed_at: endedAtMs === null ? null : seconds(endedAtMs),
  };
}

/** Ids of files are UUIDs without anything before them. */
function outputId({ order }: SimulatedBatch): string {
  return `${order.id}0`;
}

function errorId({ order }: SimulatedBatch): string {
  return `${order.id}1`;
}

function resultFile({ desk, owner }: BatchRequest, id: string): ResultFile | null {
  const batch = desk.batches(owner).find((each) => id === outputId(each) || id === errorId(each));
  if (!batch) return null;
  const stand = batch.at(Date.now());
  const isOutput = id === outputId(batch);
  const { succeeded, failed } = batch.tally(stand);
  if (stand.phase !== 'ended' || (isOutput ? succeeded : failed) === 0) return null;
  const write = ({ id: lineId, end }: LineResult): Json | null =>
    end && (end.type === 'answer') === isOutput ? resultLine(batch, lineId, end) : null;
  return {
    name: `${batch.order.id}_${isOutput ? 'results' : 'errors'}.jsonl`,
    createdAtMs: stand.endedAtMs ?? 0,
    isOutput,
    lines: () => jsonLines(batch.results(stand), write),
  };
}

function resultLine(batch: SimulatedBatch, id: string, end: NonNullable<LineResult['end']>): Json {
  const response =
    end.type === 'answer' ? { status_code: 200, body: end.body() } : { status_code: end.status, body: end.body };
  return { id: `batch-${batch.order.id.slice(-8)}-${id}`, custom_id: id, response, error: null };
}

function showFile(file: ShownFile): Json {
  const result = file.isOutput ? 'batch_result' : 'batch_error';
  return {
    id: file.id,
    object: 'file',
    bytes: file.bytes,
    created_at: seconds(file.createdAtMs),
    filename: file.name,
    purpose: 'batch',
    sample_type: file.isResult ? result : 'batch_request',
    num_lines: null,
    mimetype: 'application/jsonl',
    source: file.isResult ? 'mistral' : 'upload',
    signature: null,
    expires_at: null,
    visibility: 'workspace',
    deleted: false,
  };
}

function notFound(detail: string): BatchReply {
  return { status: 404, json: { detail } };
}

function invalid(message: string): BatchReply {
  const detail = [{ type: 'value_error', loc: ['body'], msg: message }];
  return { status: 422, json: { detail } };
}
