// The same Idempotency-Key never starts the same work twice, whoever repeats it, when and how often.

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import type { TestAnswer, TestRequest, TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { apiKeysSetting, as } from './support-keys.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ env: { HOLDFAST_API_KEYS: apiKeysSetting } });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear(as('olga')));

const CHAT = '/v1/chat/completions';
const SUBMIT = '/v1/inferences';

/** What one key is used for: requests that all carry it. */
function keyed(key: string = randomUUID()) {
  return {
    key,
    send: (path: string, request: TestRequest) =>
      service.request(path, { ...request, headers: { 'idempotency-key': key, ...as('alice'), ...request.headers } }),
  };
}

const get = async (id: string, query = '') =>
  (await service.request(`${SUBMIT}/${id}${query}`, { headers: as('alice') })).body;
const post = (path: string) => service.request(path, { method: 'POST', headers: as('alice') });
const idOf = ({ headers }: TestAnswer) => headers.get('x-holdfast-inference-id') ?? '';
const slowly = (headersMs: number) => service.simulator.inject({ fault: { type: 'delay', headersMs } });
const fail = () => service.simulator.inject({ fault: { type: 'error', situation: 'server-error' } });

async function runsOf(id: string): Promise<number> {
  const runs: string[] = [];
  for await (const { runId } of service.temporal.workflow.list({ query: `WorkflowId = '${id}'` })) runs.push(runId);
  return runs.length;
}

/** Visibility lags, and must not hide a second run from the test: it is asked once it shows a later inference. */
async function settledRunsOf(id: string): Promise<number> {
  const later = await service.request(CHAT, { body: chat('single'), headers: as('alice') });
  await eventually(async () => (await runsOf(idOf(later))) === 1);
  return runsOf(id);
}

test('50 equal chat completions at once: one workflow, one wire request, 50 equal answers', async () => {
  slowly(500);
  const { send } = keyed();
  const answers = await Promise.all(Array.from({ length: 50 }, () => send(CHAT, { body: chat('chain') })));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
  for (const { body } of answers) expect(body).toEqual(answers[0]?.body);
  expect(new Set(answers.map(idOf)).size).toBe(1);
  expect(service.simulator.requests).toHaveLength(1);
  const [first] = answers;
  expect(first && (await settledRunsOf(idOf(first)))).toBe(1);
});

test('50 equal submissions at once: one inference', async () => {
  slowly(2_000);
  const { send } = keyed();
  const answers = await Promise.all(Array.from({ length: 50 }, () => send(SUBMIT, { body: chat('chain') })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  const ids = new Set(answers.map(({ body }) => body.id));
  expect(ids.size).toBe(1);
  const [id = ''] = ids;
  expect((await get(id, '?wait=20')).status).toBe('succeeded');
  expect(service.simulator.requests).toHaveLength(1);
});

test('50 at once of which every second has another body: one inference, the others are 409', async () => {
  slowly(300);
  const { send } = keyed();
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => send(CHAT, { body: chat('chain', index % 2 ? 'This.' : 'That.') })),
  );
  const counts = [200, 409].map((wanted) => answers.filter(({ status }) => status === wanted).length);
  expect(counts).toEqual([25, 25]);
  expect(service.simulator.requests).toHaveLength(1);
});

test('the order of fields and the headers do not make another request', async () => {
  const { send } = keyed();
  const first = await send(CHAT, { body: { model: 'single', messages: [{ role: 'user', content: 'Hello.' }] } });
  const second = await send(CHAT, {
    body: { messages: [{ content: 'Hello.', role: 'user' }], model: 'single' },
    headers: { 'x-holdfast-deadline': '5s', 'x-holdfast-priority': '1' },
  });
  expect([first.status, second.status]).toEqual([200, 200]);
  expect(second.body).toEqual(first.body);
  expect(service.simulator.requests).toHaveLength(1);
});

test.each([
  ['another body', CHAT, chat('single', 'Something else.')],
  ['another model', CHAT, chat('chain')],
  ['another endpoint', SUBMIT, chat('single')],
])('%s under the same key is a 409, and changes nothing of the running one', async (_name, path, body) => {
  slowly(800);
  const { send } = keyed();
  const running = send(CHAT, { body: chat('single') });
  await eventually(() => service.simulator.requests.length === 1);
  const conflict = await send(path, { body });
  expect(conflict.status).toBe(409);
  expect(conflict.headers.get('x-should-retry')).toBe('false');
  expect(conflict.body.error).toMatchObject({ code: 'idempotency_key_reused', param: 'idempotency-key' });
  const first = await running;
  expect(first.status).toBe(200);
  // Nor of the finished one.
  expect((await send(path, { body })).status).toBe(409);
  expect((await send(CHAT, { body: chat('single') })).body).toEqual(first.body);
  expect(service.simulator.requests).toHaveLength(1);
});

test('a finished inference is joined: the same answer, nothing is sent', async () => {
  const { send } = keyed();
  const first = await send(SUBMIT, { body: chat('chain'), headers: { prefer: 'wait=20' } });
  expect(first).toMatchObject({ status: 200, body: { status: 'succeeded' } });
  const second = await send(SUBMIT, { body: chat('chain') });
  expect(second.status).toBe(200);
  expect(second.body).toEqual(first.body);
  expect(service.simulator.requests).toHaveLength(1);
});

test('a failed inference is started again under its id, once, by 20 at once', async () => {
  const restore = fail();
  const { send } = keyed();
  const failed = await send(CHAT, { body: chat('single') });
  expect(failed.status).toBe(502);
  restore();
  slowly(300);
  const answers = await Promise.all(Array.from({ length: 20 }, () => send(CHAT, { body: chat('single') })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map(idOf))).toEqual(new Set([failed.body.error.inference_id]));
  expect(service.simulator.requests).toHaveLength(2);
  expect(await settledRunsOf(failed.body.error.inference_id)).toBe(2);
  expect(await get(failed.body.error.inference_id)).toMatchObject({
    status: 'succeeded',
    calls: [{ outcome: 'succeeded' }],
  });
});

test('a failed inference is not started again by another body', async () => {
  const restore = fail();
  const { send } = keyed();
  const failed = await send(CHAT, { body: chat('single') });
  restore();
  expect((await send(CHAT, { body: chat('single', 'Something else.') })).status).toBe(409);
  expect((await get(failed.body.error.inference_id)).status).toBe('failed');
  expect(service.simulator.requests).toHaveLength(1);
});

test('a cancelled inference is started again under its id', async () => {
  const restore = slowly(60_000);
  const { send } = keyed();
  const { body } = await send(SUBMIT, { body: chat('single') });
  await eventually(() => service.simulator.requests.length === 1);
  await post(`${SUBMIT}/${body.id}/cancel`);
  expect((await get(body.id, '?wait=20')).status).toBe('cancelled');
  restore();
  const again = await send(SUBMIT, { body: chat('single'), headers: { prefer: 'wait=20' } });
  expect(again.body).toMatchObject({ id: body.id, status: 'succeeded' });
  expect(again.body.temporal.run_id).not.toBe(body.temporal.run_id);
});

test('a replayed inference is joined where it is now', async () => {
  const restore = fail();
  const { send } = keyed();
  const failed = await send(CHAT, { body: chat('single') });
  restore();
  expect((await post(`${SUBMIT}/${failed.body.error.inference_id}/replay`)).status).toBe(202);
  const joined = await send(CHAT, { body: chat('single') });
  expect(joined.status).toBe(200);
  expect(service.simulator.requests).toHaveLength(2);
});

test('a client that waits leaves the inference to those who joined it', async () => {
  slowly(800);
  const { send } = keyed();
  const client = new AbortController();
  const leaving = send(CHAT, { body: chat('single'), signal: client.signal }).catch((error: unknown) => error);
  await eventually(() => service.simulator.requests.length === 1);
  const staying = send(CHAT, { body: chat('single') });
  client.abort();
  await leaving;
  expect((await staying).status).toBe(200);
  expect(service.simulator.requests).toHaveLength(1);
});

test("another API key's same Idempotency-Key is another inference", async () => {
  const { key, send } = keyed();
  const first = await send(CHAT, { body: chat('single') });
  const second = await send(CHAT, { body: chat('single', 'Something else.'), headers: as('bob') });
  expect([first.status, second.status]).toEqual([200, 200]);
  expect(idOf(second)).not.toBe(idOf(first));
  const found = async (name: 'alice' | 'bob' | 'olga') =>
    (await service.request(`${SUBMIT}?idempotency_key=${key}`, { headers: as(name) })).body.data;
  expect(await found('alice')).toMatchObject([{ id: idOf(first), status: 'succeeded' }]);
  expect(await found('bob')).toMatchObject([{ id: idOf(second), status: 'succeeded' }]);
  expect(await found('olga')).toEqual([]);
});

test('an inference is found by its key at once, and no key finds nothing', async () => {
  slowly(60_000);
  const { key, send } = keyed();
  const { body } = await send(SUBMIT, { body: chat('single') });
  const { body: list } = await service.request(`${SUBMIT}?idempotency_key=${key}`, { headers: as('alice') });
  expect(list).toMatchObject({ object: 'list', data: [{ id: body.id, status: 'running' }], has_more: false });
  const { body: none } = await service.request(`${SUBMIT}?idempotency_key=unused`, { headers: as('alice') });
  expect(none).toEqual({ object: 'list', data: [], has_more: false, next: null });
  await post(`${SUBMIT}/${body.id}/cancel`);
});
