import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Inferences } from '../../src/domain/inferences.ts';
import { catalog, chat, serverWithoutTemporal } from './server-without-temporal.ts';

const CHAT = '/v1/chat/completions';

describe('API keys', () => {
  const hashed = (key: string) => createHash('sha256').update(key).digest('hex');
  const apiKeys = [
    { name: 'team-a', sha256: hashed('key-a'), operator: false },
    { name: 'ops', sha256: hashed('key-ops'), operator: true },
  ];

  test.each([
    ['no header', undefined],
    ['an unknown key', 'Bearer key-b'],
    ['a key of the wrong case', 'Bearer KEY-A'],
    ['the hash instead of the key', `Bearer ${hashed('key-a')}`],
    ['another scheme', `Basic ${Buffer.from('key-a:').toString('base64')}`],
    ['an empty key', 'Bearer '],
  ])('%s is a 401 before anything is read', async (_name, authorization) => {
    const { app, used, log } = await serverWithoutTemporal({ apiKeys });
    const response = await app.inject({
      method: 'POST',
      url: CHAT,
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      payload: 'not even JSON',
    });
    expect(response.statusCode).toBe(401);
    expect(response.json().error).toMatchObject({ code: 'invalid_api_key', type: 'authentication_error' });
    expect(response.headers['x-should-retry']).toBe('false');
    expect(log.join('')).not.toContain('key-');
    expect(used).toEqual([]);
  });

  test.each(['key-a', 'key-ops'])('%s opens the API', async (key) => {
    const { app } = await serverWithoutTemporal({ apiKeys });
    const response = await app.inject({ url: '/v1/models', headers: { authorization: `Bearer ${key}` } });
    expect(response.statusCode).toBe(200);
  });

  test.each(['/healthz', '/openapi.json', '/docs/'])('%s needs none', async (url) => {
    const { app } = await serverWithoutTemporal({ apiKeys });
    expect((await app.inject(url)).statusCode).toBe(200);
  });
});

describe('x-request-id', () => {
  test('is taken over from the client', async () => {
    const { app } = await serverWithoutTemporal();
    const response = await app.inject({ url: '/healthz', headers: { 'x-request-id': 'req_01/a-b:c' } });
    expect(response.headers['x-request-id']).toBe('req_01/a-b:c');
  });

  test.each(['', 'a b', 'a"b', 'x'.repeat(129)])('is made anew for %j', async (id) => {
    const { app } = await serverWithoutTemporal();
    const response = await app.inject({ url: '/nothing', headers: { 'x-request-id': id } });
    expect(response.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

test('a bug is a 500 that shows nothing of the inside, and the log has it under the same request id', async () => {
  const id = `inf-${'0'.repeat(64)}`;
  const start: Inferences['start'] = ({ onId }) => {
    onId(id);
    return Promise.reject(new Error('secret detail: start was called'));
  };
  const { app, log } = await serverWithoutTemporal({ inferences: { start } });
  const response = await app.inject({ method: 'POST', url: CHAT, payload: chat });
  expect(response.statusCode).toBe(500);
  expect(response.body).not.toContain('secret detail');
  const { error } = response.json();
  expect(error).toMatchObject({ code: 'internal_error', type: 'server_error', param: null });
  // Whether it was started is not known, so the client is told its id, and not to try again by itself.
  expect(error.inference_id).toBe(response.headers['x-holdfast-inference-id']);
  expect(error.inference_id).toBe(id);
  expect(response.headers['x-should-retry']).toBe('false');
  const line = log.find((text) => text.includes('secret detail'));
  expect(line && JSON.parse(line).requestId).toBe(response.headers['x-request-id']);
});

describe('while it shuts down', () => {
  test.each([
    [CHAT, chat],
    ['/v1/inferences', chat],
  ])('%s starts nothing and says that trying again is safe', async (url, payload) => {
    const { app, used, beginShutdown } = await serverWithoutTemporal();
    beginShutdown();
    const response = await app.inject({ method: 'POST', url, payload });
    expect(response.statusCode).toBe(503);
    expect(response.json().error).toMatchObject({ code: 'shutting_down' });
    expect(response.json().error).not.toHaveProperty('inference_id');
    expect(response.headers).toMatchObject({ 'x-should-retry': 'true', 'retry-after': '1', connection: 'close' });
    expect(used).toEqual([]);
  });

  test('it is alive, but not ready', async () => {
    const { app, beginShutdown } = await serverWithoutTemporal();
    beginShutdown();
    expect((await app.inject('/healthz')).statusCode).toBe(200);
    const response = await app.inject('/readyz');
    expect(response.statusCode).toBe(503);
    expect(response.json().error).toMatchObject({ code: 'not_ready' });
  });
});

describe('what is configured', () => {
  test('models are the names that clients may send, and the targets behind them', async () => {
    const { app } = await serverWithoutTemporal();
    const { data } = (await app.inject('/v1/models')).json();
    expect(data).toEqual([
      {
        id: 'summarize',
        object: 'model',
        created: 0,
        owned_by: 'holdfast',
        targets: ['openai/gpt-4o', 'together/meta/llama'],
      },
      { id: 'openai/gpt-4o', object: 'model', created: 0, owned_by: 'openai', targets: ['openai/gpt-4o'] },
      {
        id: 'together/meta/llama',
        object: 'model',
        created: 0,
        owned_by: 'together',
        targets: ['together/meta/llama'],
      },
    ]);
  });

  test.each([
    ['summarize', 'summarize'],
    ['together/meta/llama', 'together/meta/llama'],
    ['together%2Fmeta%2Fllama', 'together/meta/llama'],
  ])('GET /v1/models/%s finds %s', async (path, id) => {
    const { app } = await serverWithoutTemporal();
    expect((await app.inject(`/v1/models/${path}`)).json()).toMatchObject({ id, object: 'model' });
  });

  test('an unknown model is a 404', async () => {
    const { app } = await serverWithoutTemporal();
    const response = await app.inject('/v1/models/nobody');
    expect(response.statusCode).toBe(404);
    expect(response.json().error).toMatchObject({ code: 'model_not_found', param: 'model' });
  });

  test('targets come with what is known of them, and null for what is not', async () => {
    const { app } = await serverWithoutTemporal();
    const { data } = (await app.inject('/v1/targets')).json();
    const closed = { state: 'closed', since: null, until: null, cause: null };
    const untimed = { p50: null, p95: null };
    const unseen = {
      health: 'healthy',
      breaker: closed,
      account: closed,
      score: {
        calls: 0,
        success: null,
        quality: null,
        first_token_ms: untimed,
        total_ms: untimed,
        latency_spike: false,
      },
      queue: null,
    };
    expect(data).toEqual([
      {
        object: 'target',
        id: 'openai/gpt-4o',
        provider: 'openai',
        region: 'eu',
        model: 'gpt-4o',
        price: catalog.facts['openai/gpt-4o']?.price,
        context_window: 128_000,
        models: ['summarize'],
        ...unseen,
      },
      {
        object: 'target',
        id: 'together/meta/llama',
        provider: 'together',
        region: null,
        model: 'meta/llama',
        price: null,
        context_window: null,
        models: ['summarize'],
        ...unseen,
      },
    ]);
  });
});
