// Anthropic's message batches: requests in the body, results in one stream. There is no place for metadata.
// https://platform.claude.com/docs/en/api/messages/batches

import { objectOf, objectsOf, stringOf } from '../wires/read-json.ts';
import type { Json } from '../wires/wire.ts';
import type { BatchReply, BatchRequest, BatchRoute } from './batch-wire.ts';
import { bodyOf, inlineLines, jsonLines, limitOf, pageAfter, prepared } from './batch-wire.ts';
import { newId } from './desk.ts';
import type { Stand } from './life.ts';
import type { LineResult, SimulatedBatch } from './simulated-batch.ts';

const MAX_LINES = 100_000;
const MAX_BYTES = 256 * 1_024 * 1_024;
const DAY_MS = 24 * 60 * 60 * 1_000;

export function anthropicBatches(request: BatchRequest): BatchRoute | null {
  const { method, path } = request;
  if (path === 'v1/messages/batches') {
    if (method === 'POST') return { call: 'create', answer: () => create(request) };
    return method === 'GET' ? { call: 'list', answer: () => list(request) } : null;
  }
  const [, id, verb] = /^v1\/messages\/batches\/([^/]+)(?:\/(cancel|results))?$/.exec(path) ?? [];
  if (!id) return null;
  const answer = (make: (request: BatchRequest, batch: SimulatedBatch) => BatchReply) => () =>
    withBatch(request, id, make);
  if (method === 'POST' && verb === 'cancel') return { call: 'cancel', answer: answer(cancel) };
  if (method === 'GET' && verb === 'results') return { call: 'results', answer: answer(results) };
  if (method === 'GET' && !verb) return { call: 'look', answer: answer(showNow) };
  return method === 'DELETE' && !verb ? { call: 'remove', answer: answer(remove) } : null;
}

async function create(request: BatchRequest): Promise<BatchReply> {
  const { desk, owner, format } = request;
  const requests = objectsOf((await bodyOf(request))['requests']);
  const problem = problemOf(requests);
  if (problem !== null) return invalid(problem);
  const input = desk.spool.open();
  await input.append(inlineLines(requests));
  if (input.bytes > MAX_BYTES) return error(413, 'request_too_large', 'Request exceeds the maximum size');
  const batch = desk.create({
    id: newId('msgbatch_'),
    ...owner,
    format,
    model: stringOf(objectOf(requests[0]?.['params'])['model']),
    endpoint: '/v1/messages',
    inputFileId: null,
    metadata: null,
    displayName: null,
    input,
    readLine: (value) => ({
      id: stringOf(objectOf(value)['custom_id']),
      body: { ...objectOf(objectOf(value)['params']) },
    }),
    maxLines: MAX_LINES,
    keepsPart: true,
  });
  return { json: show(request, batch, { phase: 'waiting', end: null, done: 0, endedAtMs: null }) };
}

/** The form of the requests is looked at before there is a batch; what is in `params` only when their turn comes. */
function problemOf(requests: readonly Json[]): string | null {
  if (requests.length === 0) return 'requests: List should have at least 1 item after validation, not 0';
  if (requests.length > MAX_LINES) return `requests: List should have at most ${MAX_LINES} items`;
  const ids = new Set<string>();
  for (const [index, { custom_id: id }] of requests.entries()) {
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(stringOf(id))) {
      return `requests.${index}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'`;
    }
    if (ids.has(stringOf(id))) return `requests.${index}.custom_id: custom_id must be unique within a batch`;
    ids.add(stringOf(id));
  }
  return null;
}

async function list(request: BatchRequest): Promise<BatchReply> {
  const { desk, owner, query } = request;
  const limit = limitOf(query, 'limit', 20);
  const idOf = ({ order }: SimulatedBatch) => order.id;
  const { page, hasMore } = pageAfter(desk.batches(owner), { after: query.get('after_id'), limit, idOf });
  await prepared(page);
  const data = page.map((batch) => show(request, batch, batch.at(Date.now())));
  const ends = { first_id: data[0]?.['id'] ?? null, last_id: data.at(-1)?.['id'] ?? null };
  return { json: { data, has_more: hasMore, ...ends } };
}

async function withBatch(
  request: BatchRequest,
  id: string,
  make: (request: BatchRequest, batch: SimulatedBatch) => BatchReply,
): Promise<BatchReply> {
  const batch = request.desk.batch(request.owner, id);
  if (!batch) return error(404, 'not_found_error', `Message batch ${id} not found`);
  await prepared([batch]);
  return make(request, batch);
}

function showNow(request: BatchRequest, batch: SimulatedBatch): BatchReply {
  return { json: show(request, batch, batch.at(Date.now())) };
}

function cancel(request: BatchRequest, batch: SimulatedBatch): BatchReply {
  const { phase, done } = batch.at(Date.now());
  if (phase === 'ended') return showNow(request, batch);
  batch.cancel(Date.now());
  return { json: show(request, batch, { phase: 'cancelling', end: null, done, endedAtMs: null }) };
}

function remove({ desk }: BatchRequest, batch: SimulatedBatch): BatchReply {
  const { id } = batch.order;
  if (batch.at(Date.now()).phase !== 'ended') return invalid(`Message batch ${id} has not ended and cannot be deleted`);
  desk.removeBatch(batch);
  return { json: { id, type: 'message_batch_deleted' } };
}

function results(_: BatchRequest, batch: SimulatedBatch): BatchReply {
  const stand = batch.at(Date.now());
  if (stand.phase !== 'ended') return invalid(`Results of ${batch.order.id} are not available before it has ended`);
  const write = ({ id, end }: LineResult) => ({ custom_id: id, result: resultOf(batch, stand, end) });
  return { chunks: jsonLines(batch.results(stand), write), contentType: 'application/x-jsonl' };
}

function resultOf(batch: SimulatedBatch, { end: batchEnd }: Stand, end: LineResult['end']): Json {
  if (batch.refusals[0]) {
    const { message } = batch.refusals[0];
    return { type: 'errored', error: { type: 'error', error: { type: 'invalid_request_error', message } } };
  }
  if (!end) return { type: batchEnd === 'expired' ? 'expired' : 'canceled' };
  if (end.type === 'error') return { type: 'errored', error: { ...objectOf(end.body), request_id: end.requestId } };
  const message = end.body();
  return {
    type: 'succeeded',
    message: { ...message, usage: { ...objectOf(message['usage']), service_tier: 'batch' } },
  };
}

function show({ base }: BatchRequest, batch: SimulatedBatch, stand: Stand): Json {
  const { order } = batch;
  const isEnded = stand.phase === 'ended';
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return {
    id: order.id,
    type: 'message_batch',
    processing_status: isEnded ? 'ended' : stand.phase === 'cancelling' ? 'canceling' : 'in_progress',
    request_counts: countsOf(batch, stand),
    created_at: time(order.createdAtMs),
    expires_at: time(order.createdAtMs + DAY_MS),
    ended_at: time(stand.endedAtMs),
    cancel_initiated_at: time(batch.cancelledAtMs),
    archived_at: null,
    results_url: isEnded ? `${base}/v1/messages/batches/${order.id}/results` : null,
  };
}

/** All but the first stay 0 until the batch has ended. */
function countsOf(batch: SimulatedBatch, { phase, end, ...stand }: Stand): Json {
  const { total, succeeded, failed } = batch.tally({ phase, end, ...stand });
  const none = { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 };
  if (phase !== 'ended') return { ...none, processing: total };
  const rest = total - succeeded - failed;
  const counts = { ...none, succeeded, errored: failed };
  // There is no such thing as a batch that failed as a whole.
  if (end === 'failed') return { ...none, errored: batch.lines.length };
  return end === 'expired' ? { ...counts, expired: rest } : { ...counts, canceled: rest };
}

function invalid(message: string): BatchReply {
  return error(400, 'invalid_request_error', message);
}

function error(status: number, type: string, message: string): BatchReply {
  return { status, json: { type: 'error', error: { type, message }, request_id: newId('req_') } };
}
