// Answers the calls of the batch APIs, and makes the faults of such calls.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { errorBody } from '../error-body.ts';
import type { Wire } from '../simulator.ts';
import type { WireFormat } from '../wires/wire.ts';
import { anthropicBatches } from './anthropic-batches.ts';
import type { BatchCallFault } from './batch-fault.ts';
import type { BatchReply, BatchRoute, BatchWire } from './batch-wire.ts';
import type { BatchDesk } from './desk.ts';
import { newId } from './desk.ts';
import { googleBatches } from './google-batches.ts';
import { mistralBatches } from './mistral-batches.ts';
import { openaiBatches } from './openai-batches.ts';

const wires: Readonly<Partial<Record<Wire, BatchWire>>> = {
  openai: openaiBatches,
  anthropic: anthropicBatches,
  google: googleBatches,
  mistral: mistralBatches,
};

interface Serving {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly account: string;
  readonly wire: Wire;
  readonly path: string;
  readonly format: WireFormat;
  readonly desk: BatchDesk;
}

/** False: this is no call of a batch API, and nothing has been sent. */
export async function serveBatches(serving: Serving): Promise<boolean> {
  const { request, response, account, wire, path, format, desk } = serving;
  const { method = '', url = '', headers } = request;
  const query = new URL(url, 'http://simulator').searchParams;
  const base = `http://${headers.host}/${encodeURIComponent(account)}/${wire}`;
  const owner = { account, wire };
  const route = wires[wire]?.({ owner, method, path, query, request, base, format, desk });
  if (!route) return false;
  const fault = desk.rules.forCall({ account, call: route.call });
  const reply = fault?.type === 'error' ? await refused(serving, fault) : await route.answer();
  request.resume();
  if (fault?.type === 'lost-reply') response.socket?.resetAndDestroy();
  else await send(serving, { route, reply, cutAfter: fault?.type === 'cut-results' ? fault.afterLines : Infinity });
  return true;
}

/** A client that is still sending would take an early answer for a broken connection. */
async function refused(
  { request, wire, format }: Serving,
  { situation, retryAfterMs }: Extract<BatchCallFault, { type: 'error' }>,
): Promise<BatchReply> {
  request.resume();
  if (!request.complete) await finished(request, { writable: false });
  const requestId = format.requestId(newId(''));
  const error = errorBody(wire, situation, { requestId, ...(retryAfterMs !== undefined && { retryAfterMs }) });
  return { status: error.status, headers: error.headers, json: error.body };
}

async function send(
  { response, format }: Serving,
  { reply, cutAfter }: { readonly route: BatchRoute; readonly reply: BatchReply; readonly cutAfter: number },
): Promise<void> {
  const common = format.headers({ id: newId(''), atMs: Date.now(), limit: null });
  if ('json' in reply) {
    const text = typeof reply.json === 'string' ? reply.json : JSON.stringify(reply.json);
    response.writeHead(reply.status ?? 200, { ...common, 'content-type': 'application/json', ...reply.headers });
    response.end(text);
    return;
  }
  response.writeHead(200, { ...common, 'content-type': reply.contentType });
  let left = cutAfter;
  for await (const chunk of reply.chunks) {
    if (response.destroyed) return;
    if (left-- <= 0) {
      response.socket?.destroySoon();
      return;
    }
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      response.off('drain', end).off('close', end);
      resolve();
    };
    response.on('drain', end).on('close', end);
  });
}
