// What a wire's batch API is made of, and what its parts share: replies, pages, result lines sent as they are made.

import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { objectOf, parseJson } from '../wires/read-json.ts';
import type { Headers, Json, WireFormat } from '../wires/wire.ts';
import type { BatchCall } from './batch-fault.ts';
import type { BatchDesk, Owner } from './desk.ts';
import type { LineResult, SimulatedBatch } from './simulated-batch.ts';

export interface BatchRequest {
  readonly owner: Owner;
  readonly method: string;
  /** Behind `/{account}/{wire}/`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  /** `http://…/{account}/{wire}`, for addresses that the provider gives out. */
  readonly base: string;
  readonly format: WireFormat;
  readonly desk: BatchDesk;
}

export type BatchReply =
  | {
      readonly status?: number;
      readonly headers?: Headers;
      /** A string is sent as it is. */
      readonly json: unknown;
    }
  | { readonly chunks: AsyncIterable<string | Uint8Array>; readonly contentType: string };

export interface BatchRoute {
  readonly call: BatchCall;
  readonly answer: () => BatchReply | Promise<BatchReply>;
}

/** Null: no such path. */
export type BatchWire = (request: BatchRequest) => BatchRoute | null;

/** Long enough for a batch of thousands; a larger one is seen while its lines are still being read. */
const PREPARING_MS = 1_000;

/** When a batch is looked at, its lines have been read if that does not take long: a small batch is done at the first look. */
export async function prepared(batches: readonly SimulatedBatch[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, PREPARING_MS);
  });
  await Promise.race([late, Promise.all(batches.map((batch) => batch.prepared))]);
  clearTimeout(timer);
}

export async function bodyOf({ request }: BatchRequest): Promise<Json> {
  return objectOf(parseJson(await text(request)));
}

/** `after` is an id, as in OpenAI's and Anthropic's lists. */
export function pageAfter<T>(
  all: readonly T[],
  { after, limit, idOf }: { readonly after: string | null; readonly limit: number; readonly idOf: (one: T) => string },
): { readonly page: readonly T[]; readonly hasMore: boolean } {
  const from = after === null ? 0 : all.findIndex((one) => idOf(one) === after) + 1;
  return { page: all.slice(from, from + limit), hasMore: from + limit < all.length };
}

export function limitOf(query: URLSearchParams, name: string, usual: number): number {
  return Number(query.get(name) ?? usual);
}

export function stringsIn(value: unknown): Readonly<Record<string, string>> | null {
  const entries = Object.entries(objectOf(value)).map(([key, each]) => [key, String(each)] as const);
  return entries.length > 0 ? Object.fromEntries(entries) : null;
}

/** Lines of JSON; null: the line is not in this file. */
export async function* jsonLines(
  results: AsyncIterable<LineResult>,
  write: (result: LineResult) => Json | null,
): AsyncGenerator<string> {
  for await (const result of results) {
    const line = write(result);
    if (line) yield `${JSON.stringify(line)}\n`;
  }
}

export async function sizeOf(chunks: AsyncIterable<string>): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks) bytes += Buffer.byteLength(chunk);
  return bytes;
}

/** What was sent inline, one line each, so that it need not stay in memory. */
export function* inlineLines(requests: readonly unknown[]): Generator<Buffer> {
  for (let from = 0; from < requests.length; from += 500) {
    const lines = requests.slice(from, from + 500).map((request) => `${JSON.stringify(request)}\n`);
    yield Buffer.from(lines.join(''));
  }
}

export function seconds(ms: number): number {
  return Math.floor(ms / 1_000);
}
