import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Admit } from '../../src/domain/admission.ts';
import { CLOSED, opened } from '../../src/domain/circuit.ts';
import { circuitView } from '../../src/health/circuit-view.ts';
import { targetsInMemory } from '../support/targets.ts';
import { catalog, chat, serverWithoutTemporal } from './server-without-temporal.ts';

const GPT = '/v1/targets/openai/gpt-4o';
const CHAT = '/v1/chat/completions';
const SUBMIT = '/v1/inferences';

type Server = Awaited<ReturnType<typeof serverWithoutTemporal>>;
const post = ({ app }: Server, url: string, payload?: object, key?: string) =>
  app.inject({
    method: 'POST',
    url,
    ...(payload && { payload }),
    ...(key && { headers: { authorization: `Bearer ${key}` } }),
  });
const listed = async ({ app }: Server) => (await app.inject('/v1/targets')).json().data as readonly any[];
const now = async (server: Server, id: string) => (await listed(server)).find((target) => target.id === id);

describe('GET /v1/targets', () => {
  test('shows what is known of a target: health, circuits, score and queue', async () => {
    const startMs = Date.parse('2026-01-01T00:00:00Z');
    const open = opened(CLOSED, { atMs: startMs, untilMs: startMs + 30_000, cause: 'server-error' });
    const memory = targetsInMemory(catalog);
    const server = await serverWithoutTemporal({
      targets: {
        ...memory,
        view: (name) => ({
          ...memory.view(name),
          health: 'out',
          breaker: circuitView(open, startMs + 1_000),
          account: circuitView(open, startMs + 30_000),
          hasSpike: true,
          score: {
            calls: 40,
            succeeded: 30,
            answers: 8,
            goodAnswers: 6,
            firstTokenP50Ms: 120,
            firstTokenP95Ms: 480,
            totalP50Ms: 900,
            totalP95Ms: 2_000,
          },
          budget: { depth: 3, waitMs: 450.4, inFlight: 12, allowance: 16 },
        }),
      },
    });
    expect(await now(server, 'openai/gpt-4o')).toEqual({
      object: 'target',
      id: 'openai/gpt-4o',
      provider: 'openai',
      region: 'eu',
      model: 'gpt-4o',
      price: { input: 2.5, output: 10 },
      context_window: 128_000,
      models: ['summarize'],
      health: 'out',
      breaker: {
        state: 'open',
        since: '2026-01-01T00:00:00.000Z',
        until: '2026-01-01T00:00:30.000Z',
        cause: 'server-error',
      },
      account: { state: 'half-open', since: '2026-01-01T00:00:30.000Z', until: null, cause: 'server-error' },
      score: {
        calls: 40,
        success: 0.75,
        quality: 0.75,
        first_token_ms: { p50: 120, p95: 480 },
        total_ms: { p50: 900, p95: 2_000 },
        latency_spike: true,
      },
      queue: { depth: 3, wait_ms: 450, in_flight: 12, allowance: 16 },
    });
  });

  test('lists each configured target once', async () => {
    const ids = (await listed(await serverWithoutTemporal())).map(({ id }) => id);
    expect(ids).toEqual(['openai/gpt-4o', 'together/meta/llama']);
  });
});

describe('isolate and restore', () => {
  test('hold the circuit open and close it again, and answer with the target as it is then', async () => {
    const server = await serverWithoutTemporal();
    const isolated = await post(server, `${GPT}/isolate`, { reason: 'wrong answers' });
    expect(isolated.statusCode).toBe(200);
    expect(isolated.json()).toMatchObject({
      object: 'target',
      id: 'openai/gpt-4o',
      health: 'out',
      breaker: { state: 'isolated', since: expect.any(String), until: null },
      account: { state: 'closed' },
    });
    expect(await now(server, 'openai/gpt-4o')).toEqual(isolated.json());
    expect(await now(server, 'together/meta/llama')).toMatchObject({ health: 'healthy' });

    const restored = await post(server, `${GPT}/restore`);
    expect(restored.statusCode).toBe(200);
    expect(restored.json()).toMatchObject({ health: 'healthy', breaker: { state: 'closed' } });
    expect(await now(server, 'openai/gpt-4o')).toEqual(restored.json());
    expect(server.used).toEqual([]);
  });

  test.each([undefined, {}])('need no reason: %j', async (payload) => {
    const response = await post(await serverWithoutTemporal(), `${GPT}/isolate`, payload);
    expect(response.statusCode).toBe(200);
  });

  test('pass on who steers, and why', async () => {
    const steered: unknown[] = [];
    const server = await serverWithoutTemporal({
      apiKeys: [apiKey('ops', true)],
      targets: {
        ...targetsInMemory(catalog),
        steer: async (...steering) => {
          steered.push(steering);
          return { type: 'steered' };
        },
      },
    });
    await post(server, `${GPT}/isolate`, { reason: 'wrong answers' }, 'key-ops');
    await post(server, `${GPT}/restore`, undefined, 'key-ops');
    expect(steered).toEqual([
      ['isolate', { target: 'openai/gpt-4o', reason: 'wrong answers', by: 'ops' }],
      ['restore', { target: 'openai/gpt-4o', by: 'ops' }],
    ]);
  });

  test.each([
    ['a model with a slash', 'together/meta%2Fllama', 'together/meta/llama'],
    ['a model with several', 'together/org%2Fmeta%2Fllama%2F3', 'together/org/meta/llama/3'],
    ['a model with an encoded percent sign', 'openai/a%252Fb%20c', 'openai/a%2Fb c'],
  ])('reach %s when it is percent-encoded', async (_name, path, id) => {
    const server = await serverWithoutTemporal();
    const response = await post(server, `/v1/targets/${path}/isolate`);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ id, health: 'out' });
  });

  test('do not guess at a slash that is not encoded', async () => {
    const response = await post(await serverWithoutTemporal(), '/v1/targets/together/meta/llama/isolate');
    expect(response.statusCode).toBe(404);
    expect(response.json().error).toMatchObject({ code: 'route_not_found' });
  });

  test.each(['isolate', 'restore'])("%s needs an operator's key", async (change) => {
    const server = await serverWithoutTemporal({ apiKeys: [apiKey('team-a', false), apiKey('ops', true)] });
    const url = `${GPT}/${change}`;
    const refused = await post(server, url, {}, 'key-team-a');
    expect(refused.statusCode).toBe(403);
    expect(refused.json().error).toMatchObject({ code: 'operator_required', type: 'permission_error' });
    for (const key of [undefined, 'key-b']) {
      const unknown = await post(server, url, {}, key);
      expect(unknown.statusCode).toBe(401);
      expect(unknown.json().error).toMatchObject({ code: 'invalid_api_key' });
    }
    expect((await post(server, url, {}, 'key-ops')).statusCode).toBe(200);
  });

  test('change nothing for somebody who is no operator, who may look all the same', async () => {
    const server = await serverWithoutTemporal({ apiKeys: [apiKey('team-a', false)] });
    await post(server, `${GPT}/isolate`, {}, 'key-team-a');
    const headers = { authorization: 'Bearer key-team-a' };
    const { data } = (await server.app.inject({ url: '/v1/targets', headers })).json();
    expect(data[0]).toMatchObject({ id: 'openai/gpt-4o', breaker: { state: 'closed' } });
  });

  test.each(['isolate', 'restore'])('%s of a provider that is not configured is a 404', async (change) => {
    const response = await post(await serverWithoutTemporal(), `/v1/targets/acme/gpt/${change}`, {});
    expect(response.statusCode).toBe(404);
    expect(response.json().error).toMatchObject({ code: 'model_not_found' });
    expect(response.json().error.message).toContain('"acme/gpt"');
  });

  test.each([
    ['a reason that is no text', { reason: 5 }, 'reason', 'invalid_value'],
    ['a reason that is too long', { reason: 'x'.repeat(1_001) }, 'reason', 'invalid_value'],
    ['a field that nobody knows', { reasons: 'x' }, 'reasons', 'unknown_parameter'],
    ['a list', [], null, 'invalid_value'],
  ])('%s for a body is a 400 that names the field, and changes nothing', async (_name, payload, param, code) => {
    const server = await serverWithoutTemporal();
    const response = await post(server, `${GPT}/isolate`, payload);
    expect(response.statusCode).toBe(400);
    expect(response.json().error).toMatchObject({ code, param });
    expect(await now(server, 'openai/gpt-4o')).toMatchObject({ health: 'healthy' });
  });

  test('are a 503 that may be tried again when the change was not taken in time', async () => {
    const server = await serverWithoutTemporal({
      targets: { ...targetsInMemory(catalog), steer: async () => ({ type: 'unavailable' }) },
    });
    const response = await post(server, `${GPT}/isolate`);
    expect(response.statusCode).toBe(503);
    expect(response.json().error).toMatchObject({ code: 'temporal_unavailable' });
    expect(response.headers).toMatchObject({ 'retry-after': '1', 'x-should-retry': 'true' });
  });
});

describe('too much at once', () => {
  const refusal = (admit: Admit) => serverWithoutTemporal({ admit });

  test.each([
    [CHAT, 'in-flight', 2_000, '2', /^Too many inferences run at once\./],
    [SUBMIT, 'in-flight', 1, '1', /^Too many inferences run at once\./],
    [CHAT, 'budgets', 61_001, '62', /^No provider of this model has room before the deadline\./],
    [SUBMIT, 'budgets', 61_001, '62', /^No provider of this model has room before the deadline\./],
  ] as const)('%s is a 429 (%s, %i ms) that says when to come back, and starts nothing', async (...row) => {
    const [url, reason, retryAfterMs, retryAfter, message] = row;
    const server = await refusal(() => ({ reason, retryAfterMs }));
    const response = await post(server, url, chat);
    expect(response.statusCode).toBe(429);
    expect(response.json()).toEqual({
      error: {
        message: expect.stringMatching(message),
        type: 'rate_limit_error',
        code: 'too_many_inferences',
        param: null,
      },
    });
    expect(response.headers).toMatchObject({ 'retry-after': retryAfter, 'x-should-retry': 'true' });
    expect(response.headers).not.toHaveProperty('x-holdfast-inference-id');
    expect(server.used).toEqual([]);
  });

  test('is asked for the targets and the deadline that the inference would have', async () => {
    const wanted: unknown[] = [];
    const server = await refusal(({ settings, deadlineMs }) => {
      wanted.push({ targets: settings.targets.map(({ provider, model }) => `${provider}/${model}`), deadlineMs });
      return { reason: 'in-flight', retryAfterMs: 1 };
    });
    await post(server, SUBMIT, { ...chat, model: 'openai/gpt-4o', deadline: '30s' });
    await post(server, CHAT, chat);
    expect(wanted).toEqual([
      { targets: ['openai/gpt-4o'], deadlineMs: 30_000 },
      { targets: ['openai/gpt-4o', 'together/meta/llama'], deadlineMs: 90_000 },
    ]);
  });

  test('a request that is at fault itself hears of that first', async () => {
    const server = await refusal(() => ({ reason: 'in-flight', retryAfterMs: 1 }));
    expect((await post(server, CHAT, { ...chat, model: 'nobody' })).statusCode).toBe(404);
    expect((await post(server, CHAT, { ...chat, temperature: 9 })).statusCode).toBe(400);
  });
});

function apiKey(name: string, operator: boolean) {
  return { name, sha256: createHash('sha256').update(`key-${name}`).digest('hex'), operator };
}
