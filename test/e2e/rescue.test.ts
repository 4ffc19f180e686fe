// Which requests without an Idempotency-Key join an earlier one, and which never do: over two APIs that share nothing but
// the Temporal server, with clocks that the test sets.

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { epochOf } from '../../src/domain/rescue.ts';
import { fingerprintOf, numberedRequest } from '../../src/http/idempotency.ts';
import { eventually } from '../support/polling.ts';
import type { TestAnswer, TestRequest, TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import type { TestApi } from './support-apis.ts';
import { startApi } from './support-apis.ts';
import { callLine } from './support-faults.ts';
import { apiKeysSetting, as } from './support-keys.ts';

const CHAT = '/v1/chat/completions';
const HOUR_MS = 3_600_000;

let service: TestService;
let here: TestApi;
let there: TestApi;
/** How far the clocks of the two are from the true one. */
const skewMs = { here: 0, there: 0 };

beforeAll(async () => {
  service = await startTestService({ env: { HOLDFAST_API_KEYS: apiKeysSetting } });
  here = await startApi(service, () => Date.now() + skewMs.here);
  there = await startApi(service, () => Date.now() + skewMs.there);
}, FETCH_LIMIT_MS);
afterEach(async () => {
  here.starts.length = 0;
  skewMs.here = skewMs.there = 0;
  await service.clear(as('olga'));
});
afterAll(async () => {
  await here.stop();
  await there.stop();
  await service.stop();
});

/** Requests that are equal to each other, and to those of no other test. */
function equalRequests(model = 'single') {
  const body = { ...chat(model), metadata: { mark: randomUUID() } };
  const send = (api: TestApi, retryCount: string | null, request: TestRequest = {}) =>
    api.request(CHAT, {
      body,
      ...request,
      headers: {
        ...as('alice'),
        ...(retryCount !== null && { 'x-stainless-retry-count': retryCount }),
        ...request.headers,
      },
    });
  return { body, send };
}

const slowly = (headersMs: number) => service.simulator.inject({ fault: { type: 'delay', headersMs } });
const idOf = ({ headers }: TestAnswer) => headers.get('x-holdfast-inference-id') ?? '';
const sent = () => service.simulator.requests.length;
const get = async (id: string, query = '') =>
  (await service.request(`/v1/inferences/${id}${query}`, { headers: as('olga') })).body;
const findRunning = (mark: string) =>
  eventually(async () => {
    const { body } = await service.request(`/v1/inferences?metadata.mark=${mark}`, { headers: as('alice') });
    return body.data[0]?.id as string | undefined;
  });

describe('a retry on another API', () => {
  test('joins what runs: the same answer, one provider call', async () => {
    slowly(800);
    const { send } = equalRequests();
    const first = send(here, '0');
    await eventually(() => sent() === 1);
    const second = await send(there, '1');
    expect(second.status).toBe(200);
    expect(second.body).toEqual((await first).body);
    expect(sent()).toBe(1);
  });

  test('50 of them at once join the same', async () => {
    slowly(1_500);
    const { send } = equalRequests();
    const first = send(here, '0');
    await eventually(() => sent() === 1);
    const retries = await Promise.all(Array.from({ length: 50 }, (_, index) => send(index % 2 ? here : there, '1')));
    expect(new Set(retries.map(idOf))).toEqual(new Set([idOf(await first)]));
    expect(sent()).toBe(1);
  });

  test('joins the newest of several', async () => {
    const { send } = equalRequests();
    for (let count = 0; count < 4; count++) await send(here, '0');
    const newest = await send(here, '0');
    expect(idOf(await send(there, '2'))).toBe(idOf(newest));
    expect(sent()).toBe(5);
  });

  test.each([
    [55_000, true],
    [70_000, false],
  ])('%i ms after the answer: the same answer again: %j', async (laterMs, isJoined) => {
    const { send } = equalRequests();
    const first = await send(here, '0');
    skewMs.there = laterMs;
    const second = await send(there, '1');
    expect(second.status).toBe(200);
    expect(idOf(second) === idOf(first)).toBe(isJoined);
    expect(sent()).toBe(isJoined ? 1 : 2);
  });

  // On either side of the hour, and of the clock that is ahead.
  test.each([
    ['the first try is on this side of the hour, the retry beyond', -5_000, 5_000],
    ['the retry goes to an API whose clock has not reached the hour', 5_000, -5_000],
  ])('joins across the hour: %s', async (_name, hereMs, thereMs) => {
    const toTheHourMs = HOUR_MS - (Date.now() % HOUR_MS);
    skewMs.here = toTheHourMs + hereMs;
    skewMs.there = toTheHourMs + thereMs;
    slowly(800);
    const { send } = equalRequests();
    const first = send(here, '0');
    await eventually(() => sent() === 1);
    expect(idOf(await send(there, '1'))).toBe(idOf(await first));
    expect(sent()).toBe(1);
  });

  test.each([
    ['5h', true],
    ['1h', false],
  ])('three hours later joins what may run for %s: %j', async (deadline, isJoined) => {
    slowly(800);
    const { send } = equalRequests();
    const request = { headers: { 'x-holdfast-deadline': deadline } };
    const first = send(here, '0', request);
    await eventually(() => sent() === 1);
    skewMs.there = 3 * HOUR_MS;
    const second = await send(there, '1', request);
    expect(idOf(second) === idOf(await first)).toBe(isJoined);
    expect(sent()).toBe(isJoined ? 1 : 2);
  });

  test('starts anew after a failure, and a further retry joins that', async () => {
    const restore = service.simulator.inject({ fault: { type: 'error', situation: 'server-error' } });
    const { send } = equalRequests();
    const failed = await send(here, '0');
    expect(failed.status).toBe(502);
    restore();
    const second = await send(there, '1');
    expect(second.status).toBe(200);
    expect(idOf(second)).not.toBe(idOf(failed));
    expect(idOf(await send(here, '2'))).toBe(idOf(second));
    expect(sent()).toBe(2);
  });

  test('starts anew when the first try is being cancelled', async () => {
    const { body, send } = equalRequests();
    // As its client's disconnect leaves it, for as long as no worker has heard of it.
    const nowMs = Date.now();
    const fingerprint = fingerprintOf('chat-completions', body);
    const alice = { name: 'alice', isOperator: false };
    const { idOf: numbered } = numberedRequest(alice, { fingerprint, nowMs, deadlineMs: 120_000 });
    const handle = await service.temporal.workflow.start('failover', {
      workflowId: numbered({ epoch: epochOf(nowMs), sequence: 0 }),
      taskQueue: 'nobody-polls-it',
      memo: { inference: { owner: 'alice', model: 'single', deadlineMs: 120_000, metadata: {}, fingerprint } },
    });
    await handle.cancel();
    const retry = await send(there, '1');
    expect(retry.status).toBe(200);
    expect(idOf(retry)).not.toBe(handle.workflowId);
    await handle.terminate();
  });

  test('starts what nobody has started', async () => {
    const { send } = equalRequests();
    expect((await send(there, '1')).status).toBe(200);
    expect(sent()).toBe(1);
  });
});

describe('is never joined', () => {
  test.each(['0', null, '-1', 'again'])('by a request whose retry count is %j', async (retryCount) => {
    slowly(500);
    const { send } = equalRequests();
    const first = send(here, '0');
    await eventually(() => sent() === 1);
    expect(idOf(await send(there, retryCount))).not.toBe(idOf(await first));
    expect(sent()).toBe(2);
  });

  test("by another API key's equal retry", async () => {
    slowly(500);
    const { send } = equalRequests();
    const first = send(here, '0');
    await eventually(() => sent() === 1);
    const retries = [await send(there, '1', { headers: as('bob') }), await send(there, '1', { headers: as('olga') })];
    expect(new Set([...retries, await first].map(idOf)).size).toBe(3);
  });

  test('by a retry with another body', async () => {
    const { body, send } = equalRequests();
    const first = await send(here, '0');
    const retry = await send(there, '1', { body: { ...body, temperature: 0 } });
    expect(idOf(retry)).not.toBe(idOf(first));
  });

  test('by a retry with an Idempotency-Key, which goes by that alone', async () => {
    const { send } = equalRequests();
    const headers = { 'idempotency-key': randomUUID() };
    const plain = await send(here, '0');
    const keyed = await send(here, '1', { headers });
    expect(idOf(keyed)).not.toBe(idOf(plain));
    expect(idOf(await send(there, '1', { headers }))).toBe(idOf(keyed));
    // Nor does a retry without it find the keyed one.
    expect(idOf(await send(there, '1'))).toBe(idOf(plain));
  });
});

describe('equal requests that are no retries', () => {
  test('50 at once over two APIs are 50 inferences, each with its own call', { timeout: 60_000 }, async () => {
    const { send } = equalRequests();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => send(index % 2 ? here : there, '0')));
    expect(answers.flatMap(({ body }) => body.error ?? [])).toEqual([]);
    expect(new Set(answers.map(idOf)).size).toBe(50);
    expect(sent()).toBe(50);
    // And none of their numbers was left out: the newest is one of them.
    expect(answers.map(idOf)).toContain(idOf(await send(there, '1')));
    expect(sent()).toBe(50);
  });

  test('an API that has just been started goes on where others are', async () => {
    const { send } = equalRequests();
    for (let count = 0; count < 9; count++) await send(here, '0');
    const fresh = await startApi(service);
    const own = await send(fresh, '0');
    expect(own.status).toBe(200);
    expect(idOf(await send(here, '1'))).toBe(idOf(own));
    expect(sent()).toBe(10);
    await fresh.stop();
  });

  test('one that always comes too late for its number is served all the same', async () => {
    const { send } = equalRequests();
    const taken = idOf(await send(here, '0'));
    const [start] = here.starts;
    if (start?.identity.type !== 'numbered') throw new Error('It has a number.');
    // Each number is free when it is looked for, and another's when it is claimed.
    const looked = new Set<number>();
    const contested = ({ sequence }: { readonly sequence: number }) => {
      if (sequence < 2 || looked.has(sequence)) return taken;
      looked.add(sequence);
      return `inf-${'0'.repeat(64)}`;
    };
    const outcome = await there.inferences.start({ ...start, identity: { ...start.identity, idOf: contested } });
    if (outcome.type !== 'started') throw new Error(`It was ${outcome.type}.`);
    expect(outcome.inference.id).not.toBe(taken);
    expect((await get(outcome.inference.id, '?wait=10')).status).toBe('succeeded');
    expect(looked.size).toBeLessThan(20);
  });
});

describe('of clients that wait for the same inference without a key', () => {
  const leavable = (
    { send }: ReturnType<typeof equalRequests>,
    api: TestApi,
    retryCount: string,
    headers: Record<string, string> = {},
  ) => {
    const client = new AbortController();
    const left = send(api, retryCount, { signal: client.signal, headers }).catch((error: unknown) => error);
    return {
      async leave() {
        client.abort();
        await left;
      },
    };
  };

  test('in one process only the last one to leave takes it along', async () => {
    slowly(60_000);
    const requests = equalRequests();
    const first = leavable(requests, here, '0');
    await eventually(() => sent() === 1);
    const second = leavable(requests, here, '1');
    const third = requests.send(here, '2');
    await eventually(() => here.awaiting() === 3);
    await first.leave();
    await second.leave();
    await eventually(() => here.awaiting() === 1);
    const id = await findRunning(requests.body.metadata.mark);
    expect((await get(id)).status).toBe('running');
    await service.request(`/v1/inferences/${id}/cancel`, { method: 'POST', headers: as('alice') });
    expect((await third).body.error.code).toBe('inference_cancelled');
  });

  test('the one that was rescued takes it along when nobody else is left', async () => {
    slowly(60_000);
    const requests = equalRequests();
    const first = leavable(requests, here, '0');
    await eventually(() => sent() === 1);
    const second = leavable(requests, here, '1');
    await eventually(() => here.awaiting() === 2);
    await first.leave();
    await second.leave();
    const id = await findRunning(requests.body.metadata.mark);
    const ended = await get(id, '?wait=10');
    expect(ended.status).toBe('cancelled');
    expect(ended.calls.map(callLine)).toEqual(['one/m1 1 cancelled?']);
  });

  test('one that was detached is taken along by nobody', async () => {
    slowly(1_000);
    const requests = equalRequests();
    const first = leavable(requests, here, '0', { 'x-holdfast-detach': 'true' });
    await eventually(() => sent() === 1);
    await first.leave();
    const second = leavable(requests, there, '1');
    await eventually(() => there.awaiting() === 1);
    await second.leave();
    const id = await findRunning(requests.body.metadata.mark);
    expect((await get(id, '?wait=10')).status).toBe('succeeded');
    expect(sent()).toBe(1);
  });
});
