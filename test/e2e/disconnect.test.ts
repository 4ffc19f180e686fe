// Clients that go away before their answer: which of them take their inference with them, and how soon its provider is
// told.

import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/fault.ts';
import { eventually } from '../support/polling.ts';
import type { TestRequest, TestService } from '../support/service.ts';
import { chat, startTestService, threeProviders } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { callLine } from './support-faults.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({
    config: (simulator) => {
      const config = threeProviders(simulator);
      const patient = { targets: ['one/m1'], onExhausted: 'wait' };
      return { ...config, models: { ...('models' in config && (config.models as object)), patient } };
    },
  });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

/** From the client's leaving to the closed connection at the provider, on a busy machine. */
const PROMPT_MS = 1_000;

/** After twenty cancels at once, a busy server takes its time: a lost workflow task alone costs it ten seconds. */
const SLOW_MS = 25_000;

const CHAT = '/v1/chat/completions';
const NEVER: Fault = { type: 'delay', headersMs: 60_000 };
const get = async (id: string, query = '') => (await service.request(`/v1/inferences/${id}${query}`)).body;
/** Of a client that left early, the request may reach a busy service, and its provider, when its test has ended. */
const EARLY = 'From somebody who leaves early.';
const requests = () => service.simulator.requests.filter(({ text }) => text !== EARLY);
const outcomes = () => requests().map(({ account, outcome }) => `${account} ${outcome}`);

/** A request that its client can leave; its inference is found by a mark in its metadata. */
function begin(path: string, request: TestRequest & { readonly body: object }) {
  const mark = randomUUID();
  const client = new AbortController();
  const body = { ...request.body, metadata: { mark } };
  const left = service.request(path, { ...request, body, signal: client.signal }).catch((error: unknown) => error);
  return {
    async leave() {
      client.abort();
      await left;
      return performance.now();
    },
    findId: () =>
      eventually(async () => {
        const { data } = (await service.request(`/v1/inferences?metadata.mark=${mark}`)).body;
        return data[0]?.id as string | undefined;
      }, SLOW_MS),
  };
}

describe('a client that leaves its chat completion', () => {
  test.each<[when: string, fault: Fault]>([
    ['before the first header of its provider', NEVER],
    ['in the middle of the stream', { type: 'stall', keepAliveMs: 200 }],
  ])('%s cancels the inference, and the provider is told promptly', async (_when, fault) => {
    service.simulator.inject({ account: 'one', fault });
    const request = begin(CHAT, { body: chat('chain') });
    await eventually(() => service.simulator.requests.length === 1);
    // So that it has got as far as it gets.
    await setTimeout(100);
    const leftAt = await request.leave();
    await eventually(() => outcomes()[0] === 'one client-gone');
    expect(performance.now() - leftAt).toBeLessThan(PROMPT_MS);
    const id = await request.findId();
    const ended = await get(id, '?wait=10');
    expect(ended).toMatchObject({ status: 'cancelled', output: null, error: { code: 'inference_cancelled' } });
    expect(ended.calls.map(callLine)).toEqual(['one/m1 1 cancelled?']);
    expect(outcomes()).toEqual(['one client-gone']);
  });

  test('during a later call of the chain cancels it, and keeps the calls before', async () => {
    service.simulator.inject({ account: 'one', fault: { type: 'error', situation: 'auth' } });
    service.simulator.inject({ account: 'two', fault: NEVER });
    const request = begin(CHAT, { body: chat('chain') });
    await eventually(() => service.simulator.requests.length === 2);
    const leftAt = await request.leave();
    await eventually(() => outcomes()[1] === 'two client-gone');
    expect(performance.now() - leftAt).toBeLessThan(PROMPT_MS);
    const ended = await get(await request.findId(), '?wait=10');
    expect(ended.status).toBe('cancelled');
    expect(ended.calls.map(callLine)).toEqual(['one/m1 1 auth', 'two/m2 1 cancelled?']);
  });

  test('between two attempts cancels it, and no other follows', async () => {
    service.simulator.inject({
      account: 'one',
      fault: { type: 'error', situation: 'rate-limit', retryAfterMs: 5_000 },
    });
    const request = begin(CHAT, { body: chat('chain') });
    const id = await request.findId();
    await eventually(() => outcomes()[0] === 'one faulted');
    await request.leave();
    expect((await get(id, '?wait=10')).status).toBe('cancelled');
    expect(service.simulator.requests).toHaveLength(1);
  });

  test('with x-holdfast-detach: false cancels it', async () => {
    service.simulator.inject({ fault: NEVER });
    const request = begin(CHAT, { body: chat('single'), headers: { 'x-holdfast-detach': 'false' } });
    await eventually(() => service.simulator.requests.length === 1);
    await request.leave();
    await eventually(() => outcomes()[0] === 'one client-gone');
  });

  test('at any moment, however early, leaves nothing running', async () => {
    service.simulator.inject({ fault: NEVER });
    const mark = randomUUID();
    const leaving = Array.from({ length: 20 }, async (_, index) => {
      const client = new AbortController();
      const body = { ...chat('single', EARLY), metadata: { mark } };
      const left = service.request(CHAT, { body, signal: client.signal }).catch((error: unknown) => error);
      await setTimeout(index * 4);
      client.abort();
      await left;
    });
    await Promise.all(leaving);
    const later = await service.request(CHAT, {
      body: { ...chat('single'), metadata: { mark } },
      headers: { 'x-holdfast-deadline': '1s' },
    });
    const listed = async (query: string) =>
      (await service.request(`/v1/inferences?metadata.mark=${mark}&limit=100${query}`)).body.data;
    // The list has come up to date once it has the last of them.
    await eventually(async () => {
      const failed = await listed('&status=failed');
      return failed.some(({ id }: { id: string }) => id === later.body.error.inference_id);
    });
    await eventually(async () => (await listed('&status=running')).length === 0);
    await eventually(() => service.simulator.requests.every(({ outcome }) => outcome === 'client-gone'));
  });
});

describe('nothing is cancelled when a client leaves', () => {
  const whole = async (path: string, request: TestRequest & { readonly body: object }) => {
    service.simulator.inject({ fault: { type: 'delay', headersMs: 700 } });
    const begun = begin(path, request);
    await eventually(() => requests().length === 1, SLOW_MS);
    await begun.leave();
    return get(await begun.findId(), '?wait=10');
  };

  test.each<[how: string, path: string, headers: Record<string, string>]>([
    ['a chat completion that is detached', CHAT, { 'x-holdfast-detach': 'true' }],
    ['a chat completion with an Idempotency-Key', CHAT, { 'idempotency-key': randomUUID() }],
    ['a submission that waits', '/v1/inferences', { prefer: 'wait=30' }],
  ])('%s', async (_how, path, headers) => {
    const ended = await whole(path, { body: chat('single'), headers });
    expect(ended.status).toBe('succeeded');
    expect(ended.calls.map(callLine)).toEqual(['one/m1 1 succeeded']);
    expect(outcomes()).toEqual(['one answered']);
  });

  test('a long poll', async () => {
    service.simulator.inject({ fault: { type: 'delay', headersMs: 700 } });
    const { body } = await service.request('/v1/inferences', { body: chat('single') });
    const client = new AbortController();
    const path = `/v1/inferences/${body.id}?wait=30`;
    const left = service.request(path, { signal: client.signal }).catch((error: unknown) => error);
    await eventually(() => requests().length === 1);
    client.abort();
    await left;
    expect((await get(body.id, '?wait=10')).status).toBe('succeeded');
  });
});

test('a client that leaves while its inference waits for a target to recover cancels it', async () => {
  service.simulator.inject({ fault: { type: 'error', situation: 'auth' } });
  const request = begin(CHAT, { body: chat('patient') });
  const id = await request.findId();
  await eventually(async () => (await get(id)).status === 'waiting');
  await request.leave();
  expect((await get(id, '?wait=10')).status).toBe('cancelled');
  const { length } = service.simulator.requests;
  expect(length).toBe(1);
});
