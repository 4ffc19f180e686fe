// The results of Gemini's batches: in a file, or in the operation itself.

import { errorBody } from '../error-body.ts';
import { isJson, objectOf } from '../wires/read-json.ts';
import type { Json } from '../wires/wire.ts';
import type { BatchDesk, Owner } from './desk.ts';
import { jsonLines } from './batch-wire.ts';
import type { LineEnd } from './line.ts';
import type { SimulatedBatch } from './simulated-batch.ts';

export function resultsFileName({ order }: SimulatedBatch): string {
  return `files/batch-${order.id.slice('batches/'.length)}`;
}

/** Null: there is no such file. */
export function resultsFile(desk: BatchDesk, owner: Owner, name: string): AsyncIterable<string> | null {
  const batch = desk.batches(owner).find((each) => resultsFileName(each) === name && each.order.inputFileId !== null);
  const stand = batch?.at(Date.now());
  if (!batch || !stand || stand.end !== 'completed' || desk.isRemoved(name)) return null;
  return jsonLines(batch.results(stand), ({ id, end }) => end && { key: id, ...responseOf(end) });
}

export function responseOf(end: LineEnd): Json {
  return end.type === 'answer' ? { response: end.body() } : { error: statusOf(end.status, end.body) };
}

/** A google.rpc.Status has gRPC's number where the HTTP error has its own. */
function statusOf(status: number, body: unknown): Json {
  const error = objectOf(objectOf(body)['error']);
  const code = codes[status] ?? 2;
  if (isJson(objectOf(body)['error'])) return { ...error, code };
  const plain = objectOf(objectOf(errorBody('google', 'server-error').body)['error']);
  return { ...plain, code, message: typeof body === 'string' ? body : JSON.stringify(body) };
}

const codes: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 500: 13, 503: 14, 504: 4 };
