// A provider's HTTP API, made up by a test: real requests over a real port, and what came in.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { fetchOver } from '../../../activities/providers/batch/fetch.ts';
import type { BatchConnection, LaneResult } from '../../../activities/providers/batch/lane.ts';
import { createProviderConnections } from '../../../activities/providers/exchange.ts';
import { batchVendorOf, type ProviderSettings } from '../../../activities/providers/registry.ts';

export interface Arrival {
  /** `POST /v1/files?limit=1` */
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export type Reply =
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body: unknown }
  /** To the connection, by itself. */
  | { readonly write: (response: ServerResponse) => void };

/** By `POST /path`, without the query; a function is asked each time. */
export type Routes = Readonly<Record<string, Reply | ((arrival: Arrival) => Reply)>>;

export async function startApi(routes: Routes): Promise<{ readonly url: string; readonly arrivals: Arrival[] }> {
  const arrivals: Arrival[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const line = `${request.method} ${request.url}`;
      const arrival = { line, headers: request.headers, text: Buffer.concat(pieces).toString() };
      arrivals.push(arrival);
      const route = routes[line.replace(/\?.*/, '')];
      answer(response, typeof route === 'function' ? route(arrival) : route);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, arrivals };
}

function answer(response: ServerResponse, reply: Reply | undefined): void {
  if (reply && 'write' in reply) return reply.write(response);
  const { status = 200, headers = {}, body } = reply ?? { status: 404, body: { error: { message: 'No such path.' } } };
  const isText = typeof body === 'string';
  response.writeHead(status, { 'content-type': isText ? 'application/octet-stream' : 'application/json', ...headers });
  response.end(isText ? body : JSON.stringify(body));
}

const connections = createProviderConnections();

export async function connect(
  settings: ProviderSettings & { readonly baseUrl: string },
  signal = new AbortController().signal,
): Promise<BatchConnection> {
  const vendor = await batchVendorOf(settings);
  if (!vendor) throw new Error(`${settings.type} has no batches.`);
  const { baseUrl } = settings;
  return vendor.connect({
    settings: settings.type === 'simulated' ? settings : { apiKey: 'sk-test', ...settings },
    baseUrl,
    model: 'm-1',
    fetch: fetchOver(connections),
    signal,
  });
}

export async function collected(groups: AsyncIterable<readonly LaneResult[]>): Promise<readonly LaneResult[]> {
  const all: LaneResult[] = [];
  for await (const results of groups) all.push(...results);
  return all;
}

export async function linesFile(lines: readonly string[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-lines-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'lines.jsonl');
  await writeFile(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

export function jsonLines(...lines: readonly unknown[]): string {
  return lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
}
