// Embeddings through the whole service: the official client, failover between providers of one model and never to
// another, and every way in which it can go wrong.

import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import OpenAI, { APIError } from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/fault.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { eventually } from '../support/polling.ts';
import type { TestRequest, TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { callLine } from './support-faults.ts';

let service: TestService;

function config(simulator: Simulator): object {
  const openai = (account: string) => ({
    type: 'openai',
    apiKey: `test-key-${account}`,
    baseUrl: simulator.baseUrl(account, 'openai'),
  });
  const wire = (account: string, type: 'google' | 'mistral' | 'anthropic') => ({
    type,
    apiKey: `test-key-${account}`,
    baseUrl: simulator.baseUrl(account, type),
  });
  const targets = ['one/embed-small', 'three/embed-large', 'two/maker/embed-small'];
  return {
    providers: {
      one: openai('one'),
      two: openai('two'),
      three: openai('three'),
      gemini: wire('gemini', 'google'),
      mistral: wire('mistral', 'mistral'),
      claude: wire('claude', 'anthropic'),
    },
    targets: { 'one/embed-small': { price: { input: 2, output: 0 } } },
    models: {
      pair: { targets, maxAttemptsPerTarget: 1 },
      twice: { targets, maxAttemptsPerTarget: 2 },
      impatient: { targets, maxAttemptsPerTarget: 1, attemptTimeout: '600ms' },
      patient: { targets: ['one/embed-small'], maxAttemptsPerTarget: 1, onExhausted: 'wait' },
      quick: { strategy: 'hedge', targets, hedgeDelay: '10ms' },
      voted: { strategy: 'consensus', targets: ['one/a', 'two/b', 'three/c'], compare: { type: 'text' } },
      talkers: { targets: ['claude/claude-x'] },
      // A mixed chain: the chat model of the first target has embeddings, as far as anybody knows before it is asked.
      many: { targets: ['mistral/m-embed', 'two/m-embed'], maxAttemptsPerTarget: 1 },
    },
  };
}

beforeAll(async () => {
  service = await startTestService({ config });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

const PATH = '/v1/embeddings';
const TEXTS = ['the river', 'the sea'];
const send = (body: object, request: Omit<TestRequest, 'body'> = {}) =>
  service.request(PATH, { ...request, body: { model: 'pair', input: TEXTS, ...body } });
const get = async (id: string, query = '') => (await service.request(`/v1/inferences/${id}${query}`)).body;
const client = () => new OpenAI({ apiKey: 'any', baseURL: `${service.url}/v1`, maxRetries: 0 });
const accounts = () => service.simulator.requests.map(({ account }) => account);
const inject = (account: string, fault: Fault, times?: number) =>
  service.simulator.inject({ account, fault, ...(times !== undefined && { times }) });

async function callsOf(headers: Headers): Promise<readonly string[]> {
  const inference = await get(headers.get('x-holdfast-inference-id') ?? '');
  return inference.calls.map(callLine);
}

describe('the official client', () => {
  test('gets vectors of its texts in their order, decoded or as it asks for them', async () => {
    const { data: list, response } = await client()
      .embeddings.create({ model: 'pair', input: TEXTS, dimensions: 8 })
      .withResponse();
    const plain = await client().embeddings.create({
      model: 'pair',
      input: TEXTS,
      dimensions: 8,
      encoding_format: 'float',
    });
    expect(list.object).toBe('list');
    expect(list.model).toBe('embed-small');
    expect(list.usage).toEqual({ prompt_tokens: 4, total_tokens: 4 });
    expect(list.data.map(({ index, object }) => [index, object])).toEqual([
      [0, 'embedding'],
      [1, 'embedding'],
    ]);
    expect(list.data.map(({ embedding }) => [...embedding])).toEqual(plain.data.map(({ embedding }) => embedding));
    expect(plain.data[0]?.embedding).toHaveLength(8);
    expect(Math.hypot(...(plain.data[0]?.embedding ?? []))).toBeCloseTo(1, 4);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-holdfast-model': 'pair',
      'x-holdfast-target': 'one/embed-small',
      'x-holdfast-calls': '1',
    });
  });

  test('gets an error of OpenAI’s shape', async () => {
    inject('one', { type: 'error', situation: 'invalid-request' });
    const error = await client()
      .embeddings.create({ model: 'pair', input: 'x' })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ status: 400, code: 'invalid_request' });
  });
});

test('is an inference like any other: read later, listed, priced, and shown in base64', async () => {
  const { status, headers, body } = await send({ input: 'the river', dimensions: 2, user: 'ada' });
  expect(status).toBe(200);
  const id = headers.get('x-holdfast-inference-id') ?? '';
  const inference = await get(id);
  const bytes = Buffer.from(inference.output.data[0].embedding, 'base64');
  expect([bytes.readFloatLE(0), bytes.readFloatLE(4)]).toEqual(body.data[0].embedding);
  expect(inference).toMatchObject({
    status: 'succeeded',
    model: 'pair',
    target: 'one/embed-small',
    output: { object: 'list', model: 'embed-small', usage: { prompt_tokens: 3, total_tokens: 3 } },
    calls: [
      { outcome: 'succeeded', usage: { input_tokens: 3, output_tokens: 0 }, cost_usd: 6e-6, first_token_ms: null },
    ],
  });
  await eventually(async () => {
    const { body: list } = await service.request('/v1/inferences?model=pair&limit=100');
    return list.data.some((listed: { id: string }) => listed.id === id);
  });
  const { type } = await service.temporal.workflow.getHandle(id).describe();
  expect(type).toBe('embeddings');
});

describe('fails over between providers of one model', () => {
  test.each<[kind: string, fault: Fault]>([
    ['rate-limited', { type: 'error', situation: 'rate-limit', retryAfterMs: null }],
    ['auth', { type: 'error', situation: 'auth' }],
    ['server-error', { type: 'error', situation: 'server-error' }],
    ['malformed', { type: 'wrong-vectors', flaw: 'missing' }],
    ['empty', { type: 'empty' }],
    ['connection?', { type: 'reset' }],
  ])('when the first says %s', async (kind, fault) => {
    inject('one', fault);
    const { status, headers, body } = await send({});
    expect(status).toBe(200);
    expect(headers.get('x-holdfast-target')).toBe('two/maker/embed-small');
    expect(body.data).toHaveLength(2);
    expect(await callsOf(headers)).toEqual([`one/embed-small 1 ${kind}`, 'two/maker/embed-small 1 succeeded']);
  });

  test('when the first is silent', async () => {
    inject('one', { type: 'delay', headersMs: 60_000 });
    const { status, headers } = await send({ model: 'impatient' });
    expect(status).toBe(200);
    expect(await callsOf(headers)).toEqual(['one/embed-small 1 timeout?', 'two/maker/embed-small 1 succeeded']);
  });

  test('and the vectors are the same', async () => {
    const { body: usual } = await send({});
    inject('one', { type: 'error', situation: 'auth' });
    const { body: other } = await send({});
    expect(other.data).toEqual(usual.data);
  });

  test('and never to another model, whatever happens', async () => {
    for (const account of ['one', 'two']) inject(account, { type: 'error', situation: 'auth' });
    const { status, body } = await send({});
    expect(status).toBe(502);
    expect(body.error.code).toBe('all_targets_failed');
    expect(body.error.calls.map(callLine)).toEqual(['one/embed-small 1 auth', 'two/maker/embed-small 1 auth']);
    expect(accounts()).not.toContain('three');
  });

  test('also under a hedge, without a race', async () => {
    inject('one', { type: 'delay', headersMs: 200 });
    const { status } = await send({ model: 'quick' });
    expect(status).toBe(200);
    expect(accounts()).toEqual(['one']);
  });
});

test('a retry at the same target is Temporal’s, and leaves its record', async () => {
  inject('one', { type: 'error', situation: 'rate-limit', retryAfterMs: 100 }, 1);
  const { status, headers } = await send({ model: 'twice' });
  expect(status).toBe(200);
  expect(await callsOf(headers)).toEqual(['one/embed-small 1 rate-limited', 'one/embed-small 2 succeeded']);
});

test('a replay asks only for what is missing', { timeout: 60_000 }, async () => {
  inject('mistral', { type: 'error', situation: 'server-error' });
  const texts = Array.from({ length: 70 }, (_, n) => `text ${n}`);
  // The second call fails at the only target that is left.
  const broken = service.simulator.inject({
    account: 'two',
    fault: { type: 'error', situation: 'server-error' },
    matches: ({ text }) => text === 'text 63',
  });
  const failed = await send({ model: 'many', input: texts });
  expect(failed.status).toBe(502);
  broken();
  const id = failed.headers.get('x-holdfast-inference-id') ?? '';
  await service.request(`/v1/inferences/${id}/replay`, { method: 'POST' });
  const { status, output, calls } = await get(id, '?wait=30');
  expect(status).toBe('succeeded');
  expect(output.data).toHaveLength(70);
  const answered = service.simulator.requests.filter(({ outcome }) => outcome === 'answered');
  // What had been given was kept.
  expect(answered.map(({ text }) => text).sort()).toEqual(['text 31', 'text 63', 'text 69']);
  expect(calls.filter(({ outcome }: { outcome: string }) => outcome === 'succeeded')).toHaveLength(3);
});

test('waits for its target where the model says so', { timeout: 60_000 }, async () => {
  const repair = inject('one', { type: 'error', situation: 'overloaded', retryAfterMs: null });
  const waiting = send({ model: 'patient' }, { headers: { 'x-holdfast-deadline': '10s' } });
  await eventually(async () => {
    const { body } = await service.request('/v1/inferences?model=patient&status=waiting');
    return body.data.length > 0;
  });
  repair();
  const { status, headers } = await waiting;
  expect(status).toBe(200);
  // How often it looks while it waits depends on how soon the repair is seen.
  const calls = await callsOf(headers);
  expect(calls.at(-1)).toBe('one/embed-small 1 succeeded');
  expect(new Set(calls.slice(0, -1))).toEqual(new Set(['one/embed-small 1 overloaded']));
});

describe('many texts', () => {
  const texts = Array.from({ length: 70 }, (_, n) => `text ${n}`);

  test('of different lengths are not mixed, whatever the name of their model', async () => {
    // Mistral takes 32 texts at once; it fails behind them, and the simulator's other provider gives longer vectors.
    service.simulator.inject({
      account: 'mistral',
      fault: { type: 'error', situation: 'server-error' },
      matches: ({ text }) => text !== 'text 31',
    });
    const { status, body } = await send({ model: 'many', input: texts.slice(0, 64) });
    expect(status).toBe(502);
    expect(body.error.calls.map(callLine)).toEqual([
      'mistral/m-embed 1 succeeded',
      'mistral/m-embed 1 server-error',
      'two/m-embed 1 malformed',
    ]);
  });

  test('may be served by two providers of the model', async () => {
    service.simulator.inject({
      account: 'one',
      fault: { type: 'error', situation: 'server-error' },
      matches: ({ text }) => text.startsWith('later'),
    });
    const long = 'x'.repeat(200_000);
    const input = [`first ${long}`, ...Array.from({ length: 5 }, (_, n) => `later ${n} ${long}`)];
    const { status, headers, body } = await send({ input });
    expect(status).toBe(200);
    expect(body.data.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    // One call by itself, then four at once; who has failed one of them is not the first to be asked for the next.
    const calls = await callsOf(headers);
    expect(calls.filter((call) => call === 'one/embed-small 1 server-error')).toHaveLength(4);
    expect(calls.filter((call) => call === 'two/maker/embed-small 1 succeeded')).toHaveLength(5);
    expect(calls).toHaveLength(10);
  });

  test('come back in order', async () => {
    const { body } = await send({ model: 'mistral/m-embed', input: texts });
    expect(accounts()).toEqual(['mistral', 'mistral', 'mistral']);
    const { body: last } = await send({ model: 'mistral/m-embed', input: 'text 69' });
    expect(body.data).toHaveLength(70);
    expect(body.data[69].embedding).toEqual(last.data[0].embedding);
  });
});

describe('the size that OpenAI allows', () => {
  test('2,048 texts of 1,536 dimensions come through, in both encodings', { timeout: 120_000 }, async () => {
    const input = Array.from({ length: 2_048 }, (_, n) => `text number ${n}`);
    for (const encoding_format of ['base64', 'float'] as const) {
      const response = await fetch(`${service.url}${PATH}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'one/embed-small', input, encoding_format }),
      });
      const { data } = (await response.json()) as { data: { embedding: string | number[] }[] };
      expect(data).toHaveLength(2_048);
      const vector = data[2_047]?.embedding ?? [];
      expect(typeof vector === 'string' ? Buffer.from(vector, 'base64').length / 4 : vector.length).toBe(1_536);
    }
  });
});

describe('a client', () => {
  test('that leaves takes its inference with it, and the provider is told', async () => {
    inject('one', { type: 'delay', headersMs: 60_000 });
    const leaving = new AbortController();
    const left = send({ user: 'leaver' }, { signal: leaving.signal }).catch((error: unknown) => error);
    await eventually(() => service.simulator.requests.length === 1);
    await setTimeout(100);
    const leftAt = performance.now();
    leaving.abort();
    await left;
    await eventually(() => service.simulator.requests[0]?.outcome === 'client-gone');
    expect(performance.now() - leftAt).toBeLessThan(1_000);
    expect(accounts()).toEqual(['one']);
  });

  test('that repeats its request under one key gets the same vectors, and they are paid for once', async () => {
    inject('one', { type: 'delay', headersMs: 300 });
    const headers = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all([send({}, { headers }), send({}, { headers })]);
    answers.push(await send({}, { headers }));
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(body).toEqual(answers[0]?.body);
    }
    expect(accounts()).toEqual(['one']);
    const { status, body } = await send({ input: 'another' }, { headers });
    expect([status, body.error.code]).toEqual([409, 'idempotency_key_reused']);
  });

  test('whose deadline passes is told which calls were made', async () => {
    inject('one', { type: 'delay', headersMs: 60_000 });
    inject('two', { type: 'delay', headersMs: 60_000 });
    const { status, body } = await send({}, { headers: { 'x-holdfast-deadline': '2s' } });
    expect([status, body.error.code]).toEqual([504, 'deadline_exceeded']);
    expect(body.error.calls.map(callLine)).toEqual(['one/embed-small 1 timeout?', 'two/maker/embed-small 1 timeout?']);
  });
});

describe('is refused before anybody is called', () => {
  test.each<[what: string, body: object, status: number, code: string, param: string]>([
    ['token numbers', { input: [1, 2, 3] }, 400, 'unsupported_parameter', 'input'],
    ['lists of token numbers', { input: [[1, 2], [3]] }, 400, 'unsupported_parameter', 'input'],
    ['an empty text', { input: '' }, 400, 'invalid_value', 'input'],
    ['an empty text among others', { input: ['a', ''] }, 400, 'invalid_value', 'input[1]'],
    ['no text', { input: [] }, 400, 'invalid_value', 'input'],
    ['too many', { input: Array.from({ length: 2_049 }, () => 'a') }, 400, 'invalid_value', 'input'],
    ['nothing', { input: undefined }, 400, 'missing_required_parameter', 'input'],
    ['an unknown field', { metadata: { a: 'b' } }, 400, 'unknown_parameter', 'metadata'],
    ['another encoding', { encoding_format: 'int8' }, 400, 'invalid_value', 'encoding_format'],
    ['no dimension', { dimensions: 0 }, 400, 'invalid_value', 'dimensions'],
    ['an unknown model', { model: 'unheard-of' }, 404, 'model_not_found', 'model'],
    ['a model that votes', { model: 'voted' }, 400, 'invalid_value', 'model'],
    ['a model without embeddings', { model: 'talkers' }, 400, 'unsupported_parameter', 'model'],
    [
      'dimensions of one that has a fixed number',
      { model: 'mistral/m', dimensions: 8 },
      400,
      'unsupported_parameter',
      'dimensions',
    ],
  ])('%s', async (_, body, status, code, param) => {
    const answer = await send(body);
    expect([answer.status, answer.body.error.code, answer.body.error.param]).toEqual([status, code, param]);
    expect(answer.body.error.message).toMatch(/^[a-z[\]0-9_]+ .*\.$|^There is no model/);
    expect(service.simulator.requests).toHaveLength(0);
  });
});

test('works at a target that is named directly', async () => {
  const { status, body } = await send({ model: 'gemini/gemini-embedding-001', dimensions: 16 });
  expect(status).toBe(200);
  expect(body.data[1].embedding).toHaveLength(16);
  // It counts no tokens, and a number is not made up.
  expect(body.usage).toBeUndefined();
});
