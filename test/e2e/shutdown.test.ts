// A service that is shut down and started again on the same data directory: who waits is let go with the id of his
// inference, and the inference goes on. Invariant 2.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Service } from '../../src/cli/service.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { callLine } from './support-faults.ts';
import { startAgain } from './support-restart.ts';

let service: TestService;
let second: Service | null = null;

beforeEach(async () => {
  service = await startTestService();
}, FETCH_LIMIT_MS);
afterEach(async () => {
  await second?.stop();
  second = null;
  await service.stop();
});

const CHAT = '/v1/chat/completions';
const LIMIT_MS = 60_000;

async function restart() {
  await service.service.stop();
  second = await startAgain(service);
  const { url } = second;
  return async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${url}${path}`, init);
    const body: any = await response.json();
    return { status: response.status, body };
  };
}

test('waiting clients get a 503 with the id, and the inference is answered after a restart', {
  timeout: LIMIT_MS,
}, async () => {
  const restore = service.simulator.inject({ account: 'one', fault: { type: 'delay', headersMs: 60_000 } });
  const key = randomUUID();
  const plain = service.request(CHAT, { body: chat('pair') });
  const keyed = service.request(CHAT, { body: chat('chain'), headers: { 'idempotency-key': key } });
  const submitted = await service.request('/v1/inferences', { body: chat('pair') });
  const polling = service.request(`/v1/inferences/${submitted.body.id}?wait=30`);
  await eventually(() => service.simulator.requests.length === 3);
  // Pools of clients open connections ahead, and may never use them.
  const unused = connect(Number(new URL(service.url).port), '127.0.0.1');
  await once(unused, 'connect');
  const stoppingAt = performance.now();
  const stopping = service.service.stop();

  const letGo = [await plain, await keyed];
  for (const { status, headers, body } of letGo) {
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('1');
    expect(body.error).toMatchObject({ code: 'shutting_down', inference_id: expect.stringMatching(/^inf-/) });
    expect(headers.get('x-holdfast-inference-id')).toBe(body.error.inference_id);
  }
  // A retry joins what is there, by its key or as the retry that official clients say it is.
  expect(letGo.map(({ headers }) => headers.get('x-should-retry'))).toEqual(['true', 'true']);
  expect(await polling).toMatchObject({ status: 200, body: { status: 'running' } });
  await stopping;
  expect(performance.now() - stoppingAt).toBeLessThan(20_000);
  unused.destroy();
  restore();

  const request = await restart();
  const ids = [...letGo.map(({ body }) => body.error.inference_id), submitted.body.id];
  const ended = await Promise.all(ids.map(async (id) => (await request(`/v1/inferences/${id}?wait=30`)).body));
  expect(ended.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  // The attempts that were broken off have left their records: one attempt each is left for `chain`, none for `pair`.
  const [failedOver, retried] = ended;
  expect(failedOver.calls.map(callLine)).toEqual(['one/m1 1 worker-lost?', 'two/m2 1 succeeded']);
  expect(retried.calls.map(callLine)).toEqual(['one/m1 1 worker-lost?', 'one/m1 2 succeeded']);

  const sent = service.simulator.requests.length;
  const joined = await request(CHAT, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(chat('chain')),
  });
  expect(joined).toMatchObject({ status: 200, body: { id: ids[1] } });
  expect(service.simulator.requests).toHaveLength(sent);
});

test('a call that ends within the grace is recorded, and not made again', { timeout: LIMIT_MS }, async () => {
  service.simulator.inject({ account: 'one', fault: { type: 'delay', headersMs: 600 } });
  const { body } = await service.request('/v1/inferences', { body: chat('pair') });
  await eventually(() => service.simulator.requests.length === 1);
  const request = await restart();
  const ended = (await request(`/v1/inferences/${body.id}?wait=30`)).body;
  expect(ended.status).toBe('succeeded');
  expect(ended.calls.map(callLine)).toEqual(['one/m1 1 succeeded']);
  expect(service.simulator.requests).toHaveLength(1);
});

test('what has ended before a shutdown is there after it', { timeout: LIMIT_MS }, async () => {
  const succeeded = await service.request('/v1/inferences', { body: chat('chain'), headers: { prefer: 'wait=20' } });
  service.simulator.inject({ fault: { type: 'error', situation: 'server-error' } });
  const failed = await service.request(CHAT, { body: chat('single') });
  service.simulator.clear();
  const request = await restart();
  const read = await request(`/v1/inferences/${succeeded.body.id}`);
  expect(read.body).toEqual({
    ...succeeded.body,
    temporal: { ...succeeded.body.temporal, ui_url: expect.any(String) },
  });
  const { inference_id: id } = failed.body.error;
  expect(await request(`/v1/inferences/${id}`)).toMatchObject({ body: { status: 'failed' } });
  expect((await request(`/v1/inferences/${id}/replay`, { method: 'POST' })).status).toBe(202);
  expect((await request(`/v1/inferences/${id}?wait=30`)).body.status).toBe('succeeded');
});
