// What only the whole service can show: waiting, leaving, repeating, sharing and finding inferences over HTTP.

import { createHash, randomUUID } from 'node:crypto';
import { OpenAI } from 'openai';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import type { TestRequest } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';

const hashed = (key: string) => createHash('sha256').update(key).digest('hex');
const service = await startTestService({
  env: { HOLDFAST_API_KEYS: `team-a:${hashed('key-a')},team-b:${hashed('key-b')},ops:${hashed('key-ops')}:operator` },
});
const { simulator } = service;
afterAll(() => service.stop());
beforeEach(() => service.clear(as('key-ops')));

const CHAT = '/v1/chat/completions';
const as = (key: string, headers: Record<string, string> = {}) => ({ authorization: `Bearer ${key}`, ...headers });
const send = (path: string, request: TestRequest = {}) =>
  service.request(path, { ...request, headers: { ...as('key-a'), ...request.headers } });
const hang = () => simulator.inject({ fault: { type: 'delay', headersMs: 60_000 } });
const statusOf = async (id: string) => (await send(`/v1/inferences/${id}`)).body.status;
/** The inference that a client started who never got to know its id. */
const onlyOneTagged = (tag: string) =>
  eventually(async () => (await send(`/v1/inferences?metadata.tag=${tag}`)).body.data[0]?.id as string | undefined);

describe('a chat completion', () => {
  test('answers as OpenAI does, and says in headers how it was served', async () => {
    const { status, headers, body } = await send(CHAT, { body: chat('chain') });
    expect(status).toBe(200);
    expect(body).toMatchObject({ object: 'chat.completion', choices: [{ finish_reason: 'stop' }] });
    expect(body.usage.total_tokens).toBeGreaterThan(0);
    expect(body.id).toBe(headers.get('x-holdfast-inference-id'));
    expect(headers.get('x-holdfast-model')).toBe('chain');
    expect(headers.get('x-holdfast-target')).toBe('one/m1');
    expect(headers.get('x-holdfast-calls')).toBe('1');
  });

  test('serves the official client as it is', async () => {
    const client = new OpenAI({ apiKey: 'key-a', baseURL: `${service.url}/v1`, maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: 'Hello.' }];
    const completion = await client.chat.completions.create({ model: 'single', messages });
    expect(completion.choices[0]?.message.content).toBeTruthy();
    const missing = client.chat.completions.create({ model: 'nobody', messages });
    await expect(missing).rejects.toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
  });

  test('that fails everywhere is a 502 with every call and no invitation to retry', async () => {
    simulator.inject({ fault: { type: 'status', status: 500, body: {} } });
    const { status, headers, body } = await send(CHAT, { body: chat('pair') });
    expect(status).toBe(502);
    expect(headers.get('x-should-retry')).toBe('false');
    expect(body.error).toMatchObject({ code: 'all_targets_failed', inference_id: expect.stringMatching(/^inf-/) });
    const targets = body.error.calls.map(({ target }: { target: string }) => target);
    expect(targets).toEqual(['one/m1', 'two/m2']);
  });

  test('that is refused everywhere for want of capacity is a 503 with Retry-After', async () => {
    simulator.inject({ fault: { type: 'error', situation: 'rate-limit', retryAfterMs: 60_000 } });
    const { status, headers, body } = await send(CHAT, { body: chat('pair') });
    expect(status).toBe(503);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(headers.get('x-should-retry')).toBe('false');
    expect(body.error.code).toBe('all_targets_failed');
  });

  test('ends at its deadline as a 504 with its calls', async () => {
    hang();
    const startedAt = performance.now();
    const headers = { 'x-holdfast-deadline': '2s' };
    const { status, headers: got, body } = await send(CHAT, { body: chat('single'), headers });
    expect(status).toBe(504);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(got.get('x-should-retry')).toBe('false');
    expect(body.error).toMatchObject({ code: 'deadline_exceeded', calls: [{ target: 'one/m1' }] });
  });

  test('that somebody cancels is a 409 for the client that waits', async () => {
    hang();
    const tag = randomUUID();
    const waiting = send(CHAT, { body: { ...chat('single'), metadata: { tag } } });
    const id = await onlyOneTagged(tag);
    await send(`/v1/inferences/${id}/cancel`, { method: 'POST' });
    const { status, body } = await waiting;
    expect(status).toBe(409);
    expect(body.error).toMatchObject({ code: 'inference_cancelled', inference_id: id });
  });
});

describe('a client that disconnects', () => {
  const leave = async (headers: Record<string, string>) => {
    hang();
    const tag = randomUUID();
    const client = new AbortController();
    const body = { ...chat('single'), metadata: { tag } };
    const left = send(CHAT, { body, headers, signal: client.signal }).catch((error: unknown) => error);
    await eventually(() => simulator.requests.length === 1);
    client.abort();
    await left;
    return onlyOneTagged(tag);
  };

  test('cancels its inference, and the call to the provider with it', async () => {
    const id = await leave({});
    await eventually(async () => (await statusOf(id)) === 'cancelled');
    await eventually(() => simulator.requests[0]?.outcome === 'client-gone');
  });

  test.each([
    ['it has detached itself', { 'x-holdfast-detach': 'true' }],
    ['it has sent an Idempotency-Key', { 'idempotency-key': randomUUID() }],
  ])('cancels nothing when %s', async (_name, headers) => {
    const id = await leave(headers);
    // A cancel would have reached the provider long before this inference has begun and ended.
    expect((await send(CHAT, { body: chat('two/m2'), headers: { 'x-holdfast-deadline': '1s' } })).status).toBe(504);
    expect(await statusOf(id)).toBe('running');
    expect(simulator.requests[0]?.outcome).toBe('pending');
    await send(`/v1/inferences/${id}/cancel`, { method: 'POST' });
  });
});

describe('an inference that is submitted', () => {
  test('is accepted, is there at once, and ends while somebody waits', async () => {
    const { status, headers, body } = await send('/v1/inferences', {
      body: { ...chat('chain'), deadline: '1m', metadata: { order: '17' } },
    });
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/v1/inferences/${body.id}`);
    expect(body).toMatchObject({ object: 'inference', status: 'running', model: 'chain', deadline: '1m' });
    expect((await send(`/v1/inferences/${body.id}`)).status).toBe(200);
    const { body: ended } = await send(`/v1/inferences/${body.id}?wait=20`);
    expect(ended).toMatchObject({ status: 'succeeded', target: 'one/m1', metadata: { order: '17' }, error: null });
    expect(ended.output.choices[0].message.content).toBeTruthy();
    expect(ended.calls).toMatchObject([{ outcome: 'succeeded', attempt: 1, possibly_billed: false }]);
    expect(ended.temporal).toMatchObject({ workflow_id: body.id, run_id: expect.any(String) });
  });

  test('is answered with its end when its client prefers to wait', async () => {
    const { status, headers, body } = await send('/v1/inferences', {
      body: chat('single'),
      headers: { prefer: 'wait=20' },
    });
    expect(status).toBe(200);
    expect(headers.get('preference-applied')).toBe('wait=20');
    expect(body.status).toBe('succeeded');
  });

  test('is answered as it stands when it takes longer than that', async () => {
    hang();
    const { status, body } = await send('/v1/inferences', { body: chat('single'), headers: { prefer: 'wait=1' } });
    expect(status).toBe(202);
    expect(body.status).toBe('running');
    const { body: still } = await send(`/v1/inferences/${body.id}?wait=500ms`);
    expect(still.status).toBe('running');
    const { body: cancelled } = await send(`/v1/inferences/${body.id}/cancel`, { method: 'POST' });
    expect(cancelled.id).toBe(body.id);
    expect((await send(`/v1/inferences/${body.id}?wait=10`)).body.status).toBe('cancelled');
  });

  test('is served by the strategy that it brings', async () => {
    const strategy = { type: 'failover', targets: ['two/m2', 'three/m3'], max_attempts_per_target: 1 };
    simulator.inject({ account: 'two', fault: { type: 'status', status: 500, body: {} } });
    const { body } = await send('/v1/inferences', {
      body: { ...chat('any name'), strategy },
      headers: { prefer: 'wait=20' },
    });
    expect(body).toMatchObject({ status: 'succeeded', model: 'any name', target: 'three/m3' });
    expect(body.calls).toHaveLength(2);
  });

  test('stays as it is when it is cancelled or replayed after it succeeded', async () => {
    const { body } = await send('/v1/inferences', { body: chat('single'), headers: { prefer: 'wait=20' } });
    const cancelled = await send(`/v1/inferences/${body.id}/cancel`, { method: 'POST' });
    expect(cancelled).toMatchObject({ status: 200, body });
    const replayed = await send(`/v1/inferences/${body.id}/replay`, { method: 'POST' });
    expect(replayed.status).toBe(409);
    expect(replayed.body.error).toMatchObject({ code: 'not_replayable' });
    expect(replayed.headers.get('x-should-retry')).toBe('false');
  });

  test('is replayed after it failed, and then succeeds', async () => {
    const restore = simulator.inject({ fault: { type: 'status', status: 500, body: {} } });
    const failing = { ...chat('x'), strategy: { type: 'failover', targets: ['one/m1'], on_exhausted: 'fail' } };
    const { body } = await send('/v1/inferences', { body: failing, headers: { prefer: 'wait=20' } });
    expect(body).toMatchObject({ status: 'failed', error: { code: 'all_targets_failed' }, output: null });
    restore();
    const replayed = await send(`/v1/inferences/${body.id}/replay`, { method: 'POST' });
    expect(replayed.status).toBe(202);
    expect(replayed.headers.get('location')).toBe(`/v1/inferences/${body.id}`);
    expect((await send(`/v1/inferences/${body.id}?wait=20`)).body.status).toBe('succeeded');
  });
});

describe('an Idempotency-Key', () => {
  test('makes one inference of 50 equal requests at once, with one call', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(CHAT, { body: chat('single'), headers })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(simulator.requests).toHaveLength(1);
  });

  test.each([
    ['another body', CHAT, chat('single', 'Something else.')],
    ['another endpoint', '/v1/inferences', chat('single')],
  ])('with %s is a 409 that changes nothing', async (_name, path, body) => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await send(CHAT, { body: chat('single'), headers });
    const second = await send(path, { body, headers });
    expect(second.status).toBe(409);
    expect(second.body.error).toMatchObject({ code: 'idempotency_key_reused', param: 'idempotency-key' });
    expect(second.headers.get('x-should-retry')).toBe('false');
    expect((await send(CHAT, { body: chat('single'), headers })).body).toEqual(first.body);
    expect(simulator.requests).toHaveLength(1);
  });

  test('of another caller is another inference', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const a = await send(CHAT, { body: chat('single'), headers: key });
    const b = await send(CHAT, { body: chat('single', 'Something else.'), headers: as('key-b', key) });
    expect([a.status, b.status]).toEqual([200, 200]);
    expect(a.body.id).not.toBe(b.body.id);
  });

  test('starts anew what failed', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const restore = simulator.inject({ fault: { type: 'status', status: 500, body: {} } });
    const failed = await send(CHAT, { body: chat('single'), headers });
    expect(failed.status).toBe(502);
    // Another request would start another attempt, not join one: that is for people to decide, not for a retry loop.
    expect(failed.headers.get('x-should-retry')).toBe('false');
    restore();
    const second = await send(CHAT, { body: chat('single'), headers });
    expect(second.status).toBe(200);
    expect(second.body.id).toBe(failed.body.error.inference_id);
  });

  test('finds its inference at once', async () => {
    const key = randomUUID();
    const { body } = await send('/v1/inferences', { body: chat('single'), headers: { 'idempotency-key': key } });
    const { body: list } = await send(`/v1/inferences?idempotency_key=${key}`);
    expect(list).toMatchObject({ object: 'list', data: [{ id: body.id }], has_more: false, next: null });
    const { body: others } = await send(`/v1/inferences?idempotency_key=${key}`, { headers: as('key-b') });
    expect(others.data).toEqual([]);
  });
});

describe('API keys', () => {
  test.each([
    ['GET', ''],
    ['GET', '?wait=5'],
    ['POST', '/cancel'],
    ['POST', '/replay'],
  ])('another key gets a 404 for %s …%s, at once and without effect; an operator gets through', async (method, rest) => {
    hang();
    const { body } = await send('/v1/inferences', { body: chat('single') });
    const path = `/v1/inferences/${body.id}`;
    const foreign = await send(`${path}${rest}`, { method, headers: as('key-b') });
    expect(foreign.status).toBe(404);
    expect(foreign.body.error.code).toBe('inference_not_found');
    expect((await send(path, { headers: as('key-ops') })).body).toMatchObject({ id: body.id, status: 'running' });
    await send(`${path}/cancel`, { method: 'POST', headers: as('key-ops') });
    await eventually(async () => (await statusOf(body.id)) === 'cancelled');
  });
});

describe('the list', () => {
  test('pages through what the caller made, newest first, by metadata and status', async () => {
    const tag = randomUUID();
    const body = { ...chat('single'), metadata: { tag } };
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) {
      ids.unshift((await send('/v1/inferences', { body, headers: { prefer: 'wait=20' } })).body.id);
    }
    const list = `/v1/inferences?metadata.tag=${tag}&status=succeeded&model=single&since=1h&limit=2`;
    const first = await eventually(async () => {
      const page = (await send(list)).body;
      return page.data.length === 2 && page.has_more ? page : null;
    });
    const second = (await send(`${list}&after=${encodeURIComponent(first.next)}`)).body;
    const listed = [...first.data, ...second.data].map(({ id }: { id: string }) => id);
    expect(listed).toEqual(ids);
    expect(first.data[0]).not.toHaveProperty('calls');
    expect((await send(list, { headers: as('key-b') })).body.data).toEqual([]);
  });

  test('refuses a cursor that it did not give', async () => {
    const { status, body } = await send('/v1/inferences?after=nonsense');
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'invalid_value', param: 'after' });
  });
});

test('a service that has a worker and a Temporal server is ready', async () => {
  expect((await send('/readyz')).body).toEqual({ status: 'ready' });
});

test('a shutdown lets waiting clients go with the id of their inference', async () => {
  const short = await startTestService();
  short.simulator.inject({ fault: { type: 'delay', headersMs: 60_000 } });
  const waiting = short.request(CHAT, { body: chat('single') });
  await eventually(() => short.simulator.requests.length === 1);
  const stopped = short.stop();
  const { status, headers, body } = await waiting;
  await stopped;
  expect(status).toBe(503);
  expect(body.error).toMatchObject({ code: 'shutting_down', inference_id: expect.stringMatching(/^inf-/) });
  expect(headers.get('x-should-retry')).toBe('true');
});
