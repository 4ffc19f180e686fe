// Gemini's batches: long-running operations over requests in the body or in a file, whose results lie where they came
// from. Of one that has expired or was cancelled there are none. https://ai.google.dev/gemini-api/docs/batch-api

import { isJson, objectOf, objectsOf, stringOf } from '../wires/read-json.ts';
import type { Json } from '../wires/wire.ts';
import type { BatchReply, BatchRequest, BatchRoute } from './batch-wire.ts';
import { bodyOf, inlineLines, limitOf, prepared } from './batch-wire.ts';
import { newId } from './desk.ts';
import { googleFileRoute, problem } from './google-files.ts';
import type { Stand } from './life.ts';
import type { BatchLine } from './line.ts';
import { responseOf, resultsFileName } from './google-results.ts';
import type { SimulatedBatch } from './simulated-batch.ts';

const MAX_INLINE_BYTES = 20 * 1_024 * 1_024;

export function googleBatches(request: BatchRequest): BatchRoute | null {
  const { method, path } = request;
  const files = googleFileRoute(request);
  if (files) return files;
  const [, model] = /^v1beta\/models\/(.+):batchGenerateContent$/.exec(path) ?? [];
  if (model && method === 'POST') return { call: 'create', answer: () => create(request, decodeURIComponent(model)) };
  if (path === 'v1beta/batches' && method === 'GET') return { call: 'list', answer: () => list(request) };
  const [, id, verb] = /^v1beta\/batches\/([^/:]+)(:cancel)?$/.exec(path) ?? [];
  if (!id) return null;
  const name = `batches/${id}`;
  if (verb) return method === 'POST' ? { call: 'cancel', answer: () => withBatch(request, name, cancel) } : null;
  if (method === 'GET') return { call: 'look', answer: () => withBatch(request, name, showNow) };
  return method === 'DELETE' ? { call: 'remove', answer: () => withBatch(request, name, remove) } : null;
}

async function create(request: BatchRequest, model: string): Promise<BatchReply> {
  const { desk, owner, format } = request;
  const batch = objectOf((await bodyOf(request))['batch']);
  const config = objectOf(batch['inputConfig']);
  const fileName = stringOf(config['fileName']);
  const file = fileName === '' ? null : desk.file(owner, fileName);
  const inline = objectsOf(objectOf(config['requests'])['requests']);
  if (fileName !== '' && !file) return problem(404, 'NOT_FOUND', 'The file does not exist, or it has expired.');
  if (!file && inline.length === 0) return problem(400, 'INVALID_ARGUMENT', 'The batch has no requests.');
  const input = file?.content ?? desk.spool.open();
  if (!file) {
    await input.append(inlineLines(inline.map((each, index) => ({ ...each, key: keyOf(each) ?? String(index) }))));
    if (input.bytes > MAX_INLINE_BYTES)
      return problem(400, 'INVALID_ARGUMENT', 'Request payload size exceeds the limit.');
  }
  const created = desk.create({
    id: newId('batches/'),
    ...owner,
    format,
    model,
    endpoint: 'generateContent',
    inputFileId: file?.id ?? null,
    metadata: null,
    displayName: stringOf(batch['displayName']),
    input,
    readLine,
    maxLines: Infinity,
    keepsPart: false,
  });
  return { json: show(created, { phase: 'waiting', end: null, done: 0, endedAtMs: null }) };
}

function keyOf({ metadata }: Json): string | undefined {
  const key = objectOf(metadata)['key'];
  return typeof key === 'string' ? key : undefined;
}

function readLine(value: unknown): BatchLine | null {
  const { key, request } = objectOf(value);
  return isJson(request) ? { id: stringOf(key), body: request } : null;
}

async function list({ desk, owner, query }: BatchRequest): Promise<BatchReply> {
  const from = limitOf(query, 'pageToken', 0);
  const size = limitOf(query, 'pageSize', 50);
  const all = desk.batches(owner);
  const page = all.slice(from, from + size);
  await prepared(page);
  const operations = page.map((batch) => show(batch, batch.at(Date.now())));
  return { json: { operations, ...(from + size < all.length && { nextPageToken: String(from + size) }) } };
}

async function withBatch(
  request: BatchRequest,
  name: string,
  make: (batch: SimulatedBatch, request: BatchRequest) => BatchReply | Promise<BatchReply>,
): Promise<BatchReply> {
  const batch = request.desk.batch(request.owner, name);
  if (!batch) return problem(404, 'NOT_FOUND', 'Requested entity was not found.');
  await prepared([batch]);
  return make(batch, request);
}

/** Results of requests in the body are in the operation itself. */
async function showNow(batch: SimulatedBatch): Promise<BatchReply> {
  const stand = batch.at(Date.now());
  const shown = show(batch, stand);
  if (batch.order.inputFileId !== null || stand.end !== 'completed') return { json: shown };
  const inlinedResponses: Json[] = [];
  for await (const { id, end } of batch.results(stand)) {
    if (end) inlinedResponses.push({ ...responseOf(end), metadata: { key: id } });
  }
  const output = { inlinedResponses: { inlinedResponses } };
  return { json: { ...shown, metadata: { ...objectOf(shown['metadata']), output }, response: output } };
}

function cancel(batch: SimulatedBatch): BatchReply {
  if (batch.at(Date.now()).phase !== 'ended') batch.cancel(Date.now());
  return { json: {} };
}

function remove(batch: SimulatedBatch, { desk }: BatchRequest): BatchReply {
  desk.removeBatch(batch);
  return { json: {} };
}

const states: Readonly<Record<Exclude<Stand['phase'], 'ended'>, string>> = {
  waiting: 'BATCH_STATE_PENDING',
  running: 'BATCH_STATE_RUNNING',
  finalizing: 'BATCH_STATE_RUNNING',
  cancelling: 'BATCH_STATE_RUNNING',
};

const ends: Readonly<Record<NonNullable<Stand['end']>, string>> = {
  completed: 'BATCH_STATE_SUCCEEDED',
  failed: 'BATCH_STATE_FAILED',
  expired: 'BATCH_STATE_EXPIRED',
  cancelled: 'BATCH_STATE_CANCELLED',
};

function show(batch: SimulatedBatch, stand: Stand): Json {
  const { order, refusals } = batch;
  const { total, succeeded, failed } = batch.tally(stand);
  const { phase, end, endedAtMs } = stand;
  const time = (ms: number) => new Date(ms).toISOString();
  const output =
    end === 'completed' && order.inputFileId !== null ? { responsesFile: resultsFileName(batch) } : undefined;
  return {
    name: order.id,
    done: phase === 'ended',
    metadata: {
      '@type': 'type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch',
      model: `models/${order.model}`,
      displayName: order.displayName,
      state: end === null ? states[phase === 'ended' ? 'finalizing' : phase] : ends[end],
      createTime: time(order.createdAtMs),
      updateTime: time(endedAtMs ?? order.createdAtMs),
      ...(endedAtMs !== null && { endTime: time(endedAtMs) }),
      inputConfig: order.inputFileId === null ? {} : { fileName: order.inputFileId },
      batchStats: statsOf({ total, succeeded, failed }),
      name: order.id,
      ...(output && { output }),
    },
    ...(output && { response: output }),
    ...(end === 'failed' && { error: { code: 3, message: `${refusals[0]?.code}: ${refusals[0]?.message}` } }),
    ...(end === 'cancelled' && { error: { code: 1, message: 'The operation was cancelled.' } }),
    ...(end === 'expired' && { error: { code: 4, message: 'The batch expired before it was done.' } }),
  };
}

/** 64-bit integers are strings, and those that are 0 are left out. */
function statsOf(counts: { readonly total: number; readonly succeeded: number; readonly failed: number }): Json {
  const { total, succeeded, failed } = counts;
  const entries = {
    requestCount: total,
    successfulRequestCount: succeeded,
    failedRequestCount: failed,
    pendingRequestCount: total - succeeded - failed,
  };
  return Object.fromEntries(
    Object.entries(entries)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => [name, String(count)]),
  );
}
