// Invariant 7: prompts, answers and keys appear in no log line (at any level), workflow id, search attribute, memo or
// error message; the provider's words go to the client of that very inference, and into encrypted details, only.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Service } from '../../src/cli/service.ts';
import { startService } from '../../src/cli/service.ts';
import { loadConfig, loadSettings } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import type { Fault } from '../../src/simulator/fault.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { eventually } from '../support/polling.ts';
import { FETCH_LIMIT_MS, temporalExecutable } from '../support/temporal-executable.ts';
import { apiKeys, apiKeysSetting, as } from './support-keys.ts';

const PROMPT = 'PROMPT-7f3a91c2';
const ANSWER = 'ANSWER-b8204e6d';
const PROVIDER_KEY = 'PROVIDERKEY-19dc55ae';
const marks = [PROMPT, ANSWER, PROVIDER_KEY, ...Object.values(apiKeys)];

let log = '';
let simulator: Simulator;
let service: Service;
let connection: NativeConnection;
let client: Client;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'holdfast-'));
  simulator = await startSimulator();
  const path = join(dataDir, 'holdfast.yaml');
  const provider = (type: 'openai' | 'anthropic' | 'google' | 'mistral') => ({
    type,
    apiKey: PROVIDER_KEY,
    baseUrl: simulator.baseUrl(type, type),
  });
  await writeFile(
    path,
    JSON.stringify({
      providers: {
        openai: provider('openai'),
        anthropic: provider('anthropic'),
        google: provider('google'),
        mistral: provider('mistral'),
      },
      defaults: { firstTokenTimeout: '1s', stallTimeout: '1s', maxAttemptsPerTarget: 2 },
      models: {
        chain: { targets: ['openai/m', 'anthropic/m', 'google/m', 'mistral/m'], deadline: '20s', onExhausted: 'fail' },
      },
    }),
  );
  const env = {
    HOLDFAST_CONFIG: path,
    HOLDFAST_DATA_DIR: dataDir,
    HOLDFAST_PORT: '0',
    HOLDFAST_TEMPORAL_PORT: '0',
    HOLDFAST_TEMPORAL_UI_PORT: '0',
    HOLDFAST_TEMPORAL_BIN: await temporalExecutable(),
    HOLDFAST_API_KEYS: apiKeysSetting,
    HOLDFAST_LOG_LEVEL: 'trace',
  };
  const settings = loadSettings(env);
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log += chunk.toString();
      done();
    },
  });
  service = await startService({
    settings,
    config: loadConfig({ path, env }),
    role: 'all',
    logger: createLogger({ level: settings.logLevel, pretty: false, stream }),
    report: (line) => (log += line),
    shutdownGraceMs: 1_000,
  });
  connection = await NativeConnection.connect({ address: service.temporal.address ?? '' });
  client = new Client({ connection });
}, FETCH_LIMIT_MS);

afterAll(async () => {
  await connection.close();
  await service.stop();
  await simulator.close();
  await rm(dataDir, { recursive: true, force: true });
});

const CHAT = '/v1/chat/completions';

async function send(path: string, body?: unknown, headers: Record<string, string> = as('alice')) {
  const response = await fetch(`${service.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const marked = ({ asks = '', ...fields }: { readonly asks?: string } = {}) => ({
  model: 'chain',
  messages: [
    { role: 'system', content: `Be brief about ${PROMPT}. ${asks}` },
    { role: 'user', content: `What do you know of ${PROMPT}? Say ${ANSWER}, in a sentence that is long enough.` },
  ],
  user: `user-${PROMPT}`,
  ...fields,
});

const schema = { type: 'object', properties: { [PROMPT]: { type: 'string' } }, required: [PROMPT] };
const json = { response_format: { type: 'json_schema', json_schema: { name: 'report', schema } } };
const tools = [{ type: 'function', function: { name: 'look', description: PROMPT, parameters: schema } }];
const echo = (status: number): Fault => ({
  type: 'status',
  status,
  body: {
    error: { message: `About ${PROMPT} with ${PROVIDER_KEY} and ${ANSWER}`, type: PROMPT, code: PROMPT, param: PROMPT },
  },
  headers: { 'x-echo': `${PROMPT} ${PROVIDER_KEY}` },
});

/** Each befalls every target of the chain. */
const scenarios: readonly (readonly [name: string, fault: Fault | null, body?: object])[] = [
  ['an answer', { type: 'answer', text: `Here is ${ANSWER}.` }],
  ['a schema', null, json],
  [
    'a tool call',
    { type: 'tool-call', name: 'look', arguments: { [PROMPT]: ANSWER } },
    { tools, tool_choice: 'required' },
  ],
  ['a tool call with broken arguments', { type: 'truncated' }, { tools, tool_choice: 'required' }],
  ['a refusal', { type: 'refusal' }],
  ...[400, 401, 402, 403, 404, 409, 413, 418, 422, 429, 500, 503, 529].map(
    (status) => [`an echo under ${status}`, echo(status)] as const,
  ),
  ['an echo under 200', echo(200)],
  ['a web page that echoes', { type: 'status', status: 200, body: `<html>${PROMPT} ${ANSWER}</html>` }],
  ['an echo that is no JSON', { type: 'status', status: 500, body: `{"error": ${PROMPT} ${PROVIDER_KEY}` }],
  [
    'a stream that is none',
    { type: 'status', status: 200, body: `data: {"${PROMPT}": ${ANSWER}\n\ndata: ${PROMPT}\n\n` },
  ],
  [
    'a stream of another shape',
    { type: 'status', status: 200, body: `data: {"choices": "${PROMPT}", "type": "${ANSWER}"}\n\n` },
  ],
  ['a malformed chunk', { type: 'malformed-chunk' }],
  ['an error in 200', { type: 'error-in-200', situation: 'server-error' }],
  ['a cut', { type: 'cut' }],
  ['a stall', { type: 'stall' }],
  ['a truncated answer', { type: 'truncated' }],
  ['an empty answer', { type: 'empty' }],
  ['an unknown finish reason', { type: 'finish', reason: `${PROMPT}-${ANSWER}`, text: ANSWER }],
  ['wrong JSON', { type: 'answer', text: `{"wrong": "${ANSWER}"}` }, json],
  [
    'an answer that is not what is expected',
    { type: 'answer', text: `Here is ${ANSWER}: "${ANSWER}` },
    { expect: { pattern: `^${PROMPT}`, words: { min: 99 }, schema: { const: PROMPT }, syntax: 'typescript' } },
  ],
  ['a text that is not what is expected', { type: 'answer', text: ANSWER }, { expect: { pattern: `^${PROMPT}$` } }],
  [
    'code that is none',
    { type: 'answer', text: `let ${ANSWER} = ${ANSWER} ${ANSWER}` },
    { expect: { syntax: 'python' } },
  ],
  ['JSON left open', { type: 'answer', text: `{"${PROMPT}": "${ANSWER}` }, json],
  ['a blocked prompt', { type: 'blocked', reason: PROMPT }],
  [
    'a schema that is none',
    null,
    { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: PROMPT } } } },
  ],
];

/** A request that is refused before anything is started. */
const refused: readonly (readonly [name: string, path: string, body?: unknown, headers?: Record<string, string>])[] = [
  ['broken JSON', CHAT, `{"model": "${PROMPT}" "${PROMPT}"`],
  ['an unknown field', CHAT, { ...marked(), [PROMPT]: PROMPT }],
  ['a bad value', CHAT, { ...marked(), temperature: PROMPT }],
  ['a bad role', CHAT, { model: 'chain', messages: [{ role: PROMPT, content: PROMPT }] }],
  ['an unknown key', CHAT, marked(), { authorization: `Bearer ${PROVIDER_KEY}` }],
  ['a query', `/v1/inferences?metadata.k=${PROMPT}`],
  ['an unknown query', `/v1/inferences?${PROMPT}=${PROMPT}`],
  ['an unknown address', `/v1/${PROMPT}/${PROMPT}`],
  ['a pattern that is none', CHAT, { ...marked(), expect: { pattern: `(${PROMPT}` } }],
  ['a schema that is none', CHAT, { ...marked(), expect: { schema: { type: PROMPT } } }],
  ['a bad header', CHAT, marked(), { ...as('alice'), 'x-holdfast-deadline': PROMPT }],
];

const ids: string[] = [];
/** What the clients got when it was neither an answer nor the provider's words about their own request. */
const failures: string[] = [];

const numbered = scenarios.map(([name, fault, body = {}], number) => ({ name, fault, body, number }));

test.concurrent.each(numbered)('serves $name', async ({ fault, body, number }: (typeof numbered)[number]) => {
  const asks = `Question ${number}.`;
  if (fault) simulator.inject({ fault, matches: (request) => JSON.stringify(request.body).includes(asks) });
  const answer = await send(CHAT, marked({ ...body, asks }));
  const id = answer.headers.get('x-holdfast-inference-id');
  expect(id).toMatch(/^inf-/);
  ids.push(id ?? '');
  if (answer.status >= 500) failures.push(answer.text);
  if (answer.status >= 400) {
    const { error, calls } = JSON.parse((await send(`/v1/inferences/${id}`)).text);
    failures.push(JSON.stringify(calls));
    if (answer.status >= 500) failures.push(JSON.stringify(error));
  }
}, 30_000);

const refusals = refused.map(([name, path, body, headers]) => ({ name, path, body, headers }));

test.each(refusals)('refuses $name', async ({ path, body, headers }) => {
  const { status } = await send(path, body, headers);
  expect(status).toBeLessThan(500);
});

test('serves a client who leaves, and one who cancels', async () => {
  simulator.inject({ fault: { type: 'delay', headersMs: 60_000 }, times: 2 });
  const leaving = new AbortController();
  const left = fetch(`${service.url}${CHAT}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...as('alice') },
    body: JSON.stringify(marked()),
    signal: leaving.signal,
  }).catch((error: unknown) => error);
  const { id } = JSON.parse((await send('/v1/inferences', marked())).text);
  await send(`/v1/inferences/${id}/cancel`, '');
  leaving.abort();
  await left;
  ids.push(id);
});

function expectNoMark(text: string): void {
  for (const mark of marks) {
    const at = text.indexOf(mark);
    // The surroundings tell where it came from.
    expect(at === -1 ? null : text.slice(Math.max(0, at - 300), at + 100)).toBeNull();
  }
}

test('then no log line has a prompt, an answer or a key in it', () => {
  // Else there would be nothing to find.
  expect(log.includes('"level":"debug"') && ids.every((id) => log.includes(id))).toBe(true);
  expectNoMark(log);
});

test('then no failure that clients saw has', () => {
  expect(failures.length).toBeGreaterThan(20);
  expectNoMark(failures.join('\n'));
});

test('then no id, search attribute, memo, summary or failure message in Temporal has, though the payloads do', async () => {
  await eventually(async () => (await client.workflow.count()).count >= ids.length);
  let payloads = '';
  for (const id of ids) {
    const handle = client.workflow.getHandle(id);
    const { raw, ...described } = await handle.describe();
    expectNoMark(JSON.stringify([id, described.memo, described.searchAttributes, described.type]));
    const read = readHistory([raw, await handle.fetchHistory()]);
    expectNoMark(read.open);
    payloads += read.payloads;
  }
  // Else all of this would prove nothing.
  expect(payloads).toContain(PROMPT);
  expect(payloads).toContain(ANSWER);
  for (const key of Object.values(apiKeys)) expect(payloads).not.toContain(key);
});

/** Everything in a history as text: apart what a payload codec would encrypt, and what anybody sees. */
function readHistory(history: unknown): { readonly open: string; readonly payloads: string } {
  const open: string[] = [];
  const payloads: string[] = [];
  walk(history, '', (path, text) => (ENCRYPTED.test(path) ? payloads : open).push(`${path}: ${text}`));
  return { open: open.join('\n'), payloads: payloads.join('\n') };
}

const ENCRYPTED = /\.(input|result|details|lastHeartbeatDetails|heartbeatDetails)\.payloads\./;

function walk(value: unknown, path: string, found: (path: string, text: string) => void): void {
  if (value instanceof Uint8Array) found(path, Buffer.from(value).toString());
  else if (typeof value === 'string') found(path, value);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`, found);
  }
}
