// Simulated providers: one real HTTP server that speaks each provider's wire format, for any number of accounts.
// Faults are injected by rule. Knows nothing of Holdfast: whatever calls it cannot tell it from the real thing.

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BatchRule } from './batch/batch-fault.ts';
import { BatchDesk } from './batch/desk.ts';
import { serveBatches } from './batch/serve.ts';
import type { FaultName, FaultRule } from './fault.ts';
import { isHarmless } from './fault.ts';
import type { LedgerEntry, RecordedBatch } from './ledger.ts';
import { Ledger, recordOf } from './ledger.ts';
import type { Pacing } from './plan.ts';
import { planReply } from './plan.ts';
import { RuleBook } from './rule-book.ts';
import { send } from './send.ts';
import { anthropic } from './wires/anthropic.ts';
import { bedrock } from './wires/bedrock.ts';
import { cohere } from './wires/cohere.ts';
import { deepseek } from './wires/deepseek.ts';
import { google, vertex } from './wires/google.ts';
import { mistral } from './wires/mistral.ts';
import { openai } from './wires/openai.ts';
import * as dialects from './wires/openai-dialects.ts';
import { objectOf, parseJson, stringOf } from './wires/read-json.ts';
import type { Route, WireFormat } from './wires/wire.ts';

export type Wire =
  | 'openai'
  | 'anthropic'
  | 'google'
  | 'mistral'
  | 'deepseek'
  | 'cohere'
  | 'bedrock'
  | 'vertex'
  | keyof typeof dialects;

export interface SimulatorOptions {
  /** @default 0, any free port */
  readonly port?: number;
  /** @default 127.0.0.1 */
  readonly host?: string;
  /** From the headers to the first token. @default 0 */
  readonly firstTokenDelayMs?: number;
  /** Between tokens. @default 0 */
  readonly tokenDelayMs?: number;
  /** How many requests are remembered; the oldest are forgotten first. @default 10000 */
  readonly maxRecordedRequests?: number;
  /** From the creation of a batch to its end. @default 0, done at the first look */
  readonly batchMs?: number;
}

export interface RecordedRequest {
  readonly account: string;
  readonly wire: Wire;
  readonly model: string;
  readonly stream: boolean;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined when it was not JSON. */
  readonly body: unknown;
  /** The last message of the user; empty when the provider would call the body invalid. */
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** `client-gone`: the client closed the connection before it had the whole answer. */
  readonly outcome: 'pending' | 'answered' | 'faulted' | 'client-gone';
  /** When that was known; milliseconds since the epoch, null while it is pending. */
  readonly settledAtMs: number | null;
  readonly fault?: FaultName;
}

export interface Simulator {
  readonly url: string;
  /** The base URL as the provider's `baseUrl` setting takes it; `account` is any name: one server plays many providers. */
  baseUrl(account: string, wire: Wire): string;
  /** Adds a rule; the newest that matches wins. Returns what removes it. */
  inject(rule: FaultRule): () => void;
  /** The same for batches: all rules that match one befall it, of two faults of a type the newer. */
  injectBatch(rule: BatchRule): () => void;
  /** The inference requests that arrived, in order, and what became of each. */
  readonly requests: readonly RecordedRequest[];
  /** The batches that were ever created, in order, as they stand now. */
  readonly batches: readonly RecordedBatch[];
  /** What the providers would bill by now, for whole answers and for the lines of batches. */
  ledger(): readonly LedgerEntry[];
  /** Forgets rules, requests, files and batches. */
  clear(): void;
  close(): Promise<void>;
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, host = '127.0.0.1', maxRecordedRequests = 10_000 } = options;
  const { firstTokenDelayMs = 0, tokenDelayMs = 0, batchMs = 0 } = options;
  const rules = new RuleBook();
  const requests: Recording[] = [];
  const desk = new BatchDesk(batchMs);
  const ledger = new Ledger();
  const record = (recording: Recording) => {
    requests.push(recording);
    if (requests.length > maxRecordedRequests) requests.shift();
  };
  const server = createServer((request, response) => {
    const pacing = { firstTokenDelayMs, tokenDelayMs };
    serve({ request, response, rules, record, pacing, desk, ledger }).catch((error: unknown) => {
      // A client that left while it still sent its body sees nothing; anything else must not pass as a fault.
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(`The simulator itself failed: ${String(error)}`);
    });
  });
  // Node's 5 s are far shorter than any provider's, and a pooled connection that just closed looks like a fault.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const url = `http://${host}:${(server.address() as AddressInfo).port}`;
  return {
    url,
    baseUrl: (account, wire) => `${url}/${encodeURIComponent(account)}/${wire}${baseVersions[wire] ?? '/v1'}`,
    inject: (rule) => rules.add(rule, Date.now()),
    injectBatch: (rule) => desk.rules.add(rule),
    requests,
    get batches() {
      return desk.everCreated.map((batch) => recordOf(batch, Date.now()));
    },
    ledger: () => ledger.with(desk.everCreated, Date.now()),
    clear() {
      rules.clear();
      requests.length = 0;
      ledger.clear();
      desk.clear();
    },
    close: () =>
      new Promise((resolve, reject) => {
        desk.clear();
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Recording = Mutable<RecordedRequest>;

const formats: Readonly<Record<Wire, WireFormat>> = {
  openai,
  anthropic,
  google,
  mistral,
  deepseek,
  cohere,
  bedrock,
  vertex,
  ...dialects,
};

/** Where it is not `/v1`; Anthropic's clients add the version themselves. */
const baseVersions: Readonly<Partial<Record<Wire, string>>> = {
  anthropic: '',
  google: '/v1beta',
  cohere: '/v2',
  bedrock: '',
  vertex: '/v1/publishers/google',
};

interface Serving {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly rules: RuleBook;
  readonly record: (recording: Recording) => void;
  readonly pacing: Pacing;
  readonly desk: BatchDesk;
  readonly ledger: Ledger;
}

async function serve(serving: Serving): Promise<void> {
  const { response } = serving;
  const addressed = addressOf(serving.request);
  const route = addressed?.format.route(addressed);
  if (addressed && route?.type === 'inference') return infer(serving, { ...addressed, route });
  if (addressed && !route && (await serveBatches({ ...serving, ...addressed }))) return;
  response.writeHead(route ? 200 : 404, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify(route ? addressed?.format.models() : { error: { message: 'The simulator has no such path.' } }),
  );
}

interface Addressed {
  readonly account: string;
  readonly wire: Wire;
  readonly format: WireFormat;
  readonly method: string;
  /** Behind the account and the wire. */
  readonly path: string;
  readonly url: string;
}

function addressOf({ method = '', url = '' }: IncomingMessage): Addressed | null {
  const { pathname } = new URL(url, 'http://simulator');
  const [, account, wire, path] = /^\/([^/]+)\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
  if (!account || !path || !isWire(wire)) return null;
  return { account: decodeURIComponent(account), wire, format: formats[wire], method, path, url };
}

function isWire(name: string | undefined): name is Wire {
  return name !== undefined && Object.hasOwn(formats, name);
}

async function infer(
  { request, response, rules, record, pacing, ledger }: Serving,
  { account, wire, format, url, route }: Addressed & { readonly route: Extract<Route, { type: 'inference' }> },
): Promise<void> {
  const gone = new AbortController();
  const text = await textOf(request);
  const body = parseJson(text);
  const ask = format.read(objectOf(body), route);
  const model = ask?.model ?? route.model ?? stringOf(objectOf(body)['model']);
  const atMs = Date.now();
  const headers = headersOf(request);
  const stream = ask?.stream ?? false;
  const said = { body, text: ask?.text ?? '' };
  const recording: Recording = {
    account,
    wire,
    model,
    stream,
    path: url,
    headers,
    ...said,
    atMs,
    outcome: 'pending',
    settledAtMs: null,
  };
  const picked = rules.pick(recording, atMs);
  if (picked.name) recording.fault = picked.name;
  record(recording);
  const settle = (outcome: RecordedRequest['outcome']) => {
    if (recording.outcome !== 'pending') return;
    recording.outcome = outcome;
    recording.settledAtMs = Date.now();
  };
  const leave = () => {
    settle('client-gone');
    gone.abort();
  };
  if (response.destroyed) leave();
  else response.once('close', leave);
  const context = { id: randomBytes(16).toString('hex'), model, atMs, streamUsage: ask?.streamUsage ?? false };
  const plan = planReply({ wire, format, ask, picked, context, pacing });
  const isWhole = ask !== null && (picked.fault === null || isHarmless(picked.fault));
  const onSent = () => {
    settle(isWhole ? 'answered' : 'faulted');
    const { usage } = plan;
    if (!usage) return;
    const { inputTokens, outputTokens } = usage;
    ledger.add({ account, wire, model, mode: 'sync', answers: 1, inputTokens, outputTokens });
  };
  await send({ plan, response, gone: gone.signal, onSent });
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function headersOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value = '']) => [name, String(value)]));
}
