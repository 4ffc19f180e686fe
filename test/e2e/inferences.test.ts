// The resource `/v1/inferences`: submitting, reading, waiting and cancelling, against the real thing.

import { randomUUID } from 'node:crypto';
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
    config: (simulator) => ({ ...threeProviders(simulator), http: { bodyLimit: '12MB' } }),
  });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

const SUBMIT = '/v1/inferences';
const NEVER: Fault = { type: 'delay', headersMs: 60_000 };
const DOWN: Fault = { type: 'error', situation: 'server-error' };
const get = async (id: string, query = '') => (await service.request(`${SUBMIT}/${id}${query}`)).body;
const post = (path: string) => service.request(`${SUBMIT}/${path}`, { method: 'POST' });
const submit = (body: object, headers: Record<string, string> = {}) => service.request(SUBMIT, { body, headers });
const whole = (body: object, request: TestRequest = {}) => submit(body, { ...request.headers, prefer: 'wait=20' });
/** Submitted work waits by default; here it is to fail at once. */
const failing = (...targets: string[]) => ({
  ...chat('any'),
  strategy: { type: 'failover', targets, max_attempts_per_target: 1, on_exhausted: 'fail' },
});

describe('submitting', () => {
  test('is accepted with its address, and there at once', async () => {
    service.simulator.inject({ fault: NEVER });
    for (let count = 0; count < 10; count++) {
      const { status, headers, body } = await submit(chat('chain'));
      expect(status).toBe(202);
      expect(headers.get('location')).toBe(`${SUBMIT}/${body.id}`);
      expect(body).toMatchObject({
        object: 'inference',
        status: 'running',
        model: 'chain',
        deadline: '1d',
        output: null,
        error: null,
        ended_at: null,
      });
      expect(await get(body.id)).toMatchObject({ id: body.id, status: 'running', created_at: body.created_at });
      await post(`${body.id}/cancel`);
    }
  });

  test('answers with the end when its client prefers to wait and it comes in time', async () => {
    const { status, headers, body } = await whole(chat('chain'));
    expect(status).toBe(200);
    expect(headers.get('preference-applied')).toBe('wait=20');
    expect(body).toMatchObject({
      status: 'succeeded',
      target: 'one/m1',
      output: { object: 'chat.completion', model: 'm1' },
      error: null,
    });
    expect(Date.parse(body.ended_at)).toBeGreaterThanOrEqual(Date.parse(body.created_at));
    expect(body.temporal).toMatchObject({ workflow_id: body.id, ui_url: expect.stringContaining(body.id) });
    expect(await get(body.id)).toEqual(body);
  });

  test('answers with the state when the end does not come in time', async () => {
    service.simulator.inject({ fault: NEVER });
    const startedAt = performance.now();
    const { status, body } = await submit(chat('chain'), { prefer: 'respond-async, wait=1' });
    expect(performance.now() - startedAt).toBeGreaterThan(900);
    expect({ status, state: body.status }).toEqual({ status: 202, state: 'running' });
    await post(`${body.id}/cancel`);
  });

  test('takes a priority, which its workflow has too', async () => {
    const { body } = await whole({ ...chat('single'), priority: 1 });
    const { raw } = await service.temporal.workflow.getHandle(body.id).describe();
    expect(raw.workflowExecutionInfo?.priority?.priorityKey).toBe(1);
  });

  test('takes a strategy of its own in place of the model', async () => {
    service.simulator.inject({ account: 'two', fault: DOWN });
    const strategy = { type: 'failover', targets: ['two/m9', 'three/m8'], max_attempts_per_target: 1 };
    const { body } = await whole({ ...chat('whatever'), strategy });
    expect(body).toMatchObject({ status: 'succeeded', model: 'whatever', target: 'three/m8' });
    expect(body.calls.map(callLine)).toEqual(['two/m9 1 server-error', 'three/m8 1 succeeded']);
  });

  test('takes a target as its model: a chain of one', async () => {
    const { body } = await whole(chat('two/some-model'));
    expect(body).toMatchObject({ status: 'succeeded', model: 'two/some-model', target: 'two/some-model' });
    expect(service.simulator.requests).toMatchObject([{ account: 'two', model: 'some-model' }]);
  });

  test("sends each target's own system prompt and parameters, and the client's to the others", async () => {
    service.simulator.inject({ account: 'one', fault: DOWN });
    service.simulator.inject({ account: 'two', fault: DOWN });
    const strategy = {
      type: 'failover',
      max_attempts_per_target: 1,
      targets: [
        { target: 'one/m1', system: 'Be short.', params: { temperature: 0.1, max_tokens: 500 } },
        { target: 'two/m2', system: 'Be shorter.' },
        'three/m3',
      ],
    };
    const messages = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Hello.' },
    ];
    await whole({ model: 'any', messages, temperature: 0.7, strategy });
    const [one, two, three] = service.simulator.requests.map(({ body }) => JSON.stringify(body));
    expect(one).toMatch(/Be short\..*Be kind\./);
    expect(service.simulator.requests[0]?.body).toMatchObject({ temperature: 0.1 });
    expect(one).toMatch(/"max_(completion_)?tokens":500/);
    expect(two).toMatch(/Be shorter\..*Be kind\./);
    expect(service.simulator.requests[1]?.body).toMatchObject({ temperature: 0.7 });
    expect(three).toContain('Be kind.');
    expect(three).not.toContain('Be short');
    expect(service.simulator.requests[2]?.body).toMatchObject({ generationConfig: { temperature: 0.7 } });
  });

  test('takes a document of 10 MB, and passes it on whole, to the second target as to the first', async () => {
    service.simulator.inject({ account: 'one', fault: DOWN });
    const text = `${randomUUID()} ${'The river rose by two metres in the night. '.repeat(240_000)} ${randomUUID()}`;
    expect(text.length).toBeGreaterThan(10_000_000);
    const { body } = await whole(chat('pair', text));
    expect(body).toMatchObject({ status: 'succeeded', target: 'two/m2' });
    const sent = service.simulator.requests.map(({ body: each }) => JSON.stringify(each).includes(text));
    expect(sent).toEqual([true, true]);
  });

  test('takes whatever characters there are', async () => {
    const odd = 'nul \u0000, half a pair \ud83d, emoji 😀, quotes "\'`, a path C:\\x, a line\r\n, 漢字, \u202e, \uffff';
    const { status, body } = await whole({
      ...chat('one/mö "del"\\\u0000', odd),
      metadata: { [odd.slice(0, 60)]: odd },
    });
    expect({ status, state: body.status }).toEqual({ status: 200, state: 'succeeded' });
    expect(body.metadata).toEqual({ [odd.slice(0, 60)]: odd });
    const sent = service.simulator.requests[0]?.body as { messages: readonly { content: unknown }[] };
    expect(JSON.stringify(sent.messages)).toContain(JSON.stringify(odd).slice(1, -1));
  });

  test('of a body over the limit is a 413 with the limit, and starts nothing', async () => {
    const metadata = { mark: randomUUID() };
    const large = await submit({ ...chat('single', 'x'.repeat(12_100_000)), metadata });
    expect(large.status).toBe(413);
    expect(large.body.error).toMatchObject({ code: 'body_too_large', message: expect.stringContaining('12000000') });
    const small = await whole({ ...chat('single'), metadata });
    const listed = await eventually(async () => {
      const { data } = (await service.request(`${SUBMIT}?metadata.mark=${metadata.mark}`)).body;
      return data.length > 0 ? data : null;
    });
    expect(listed.map(({ id }: { id: string }) => id)).toEqual([small.body.id]);
    expect(service.simulator.requests).toHaveLength(1);
  });
});

describe('reading', () => {
  test('of an unknown id is a 404, as of anything that is no id', async () => {
    for (const id of [
      'inf-01k9zv3m7x2c4d5e6f7g8h9j0k',
      'temporal-sys-scanner',
      'inf-',
      'x'.repeat(900),
      '%00',
      '..%2f',
    ]) {
      const { status, body } = await service.request(`${SUBMIT}/${id}`);
      expect({ status, code: body.error.code }).toEqual({ status: 404, code: 'inference_not_found' });
    }
  });

  test('shows the calls so far of a running one', async () => {
    service.simulator.inject({ account: 'one', fault: DOWN });
    service.simulator.inject({ account: 'two', fault: NEVER });
    const { body } = await submit(chat('pair'));
    await eventually(() => service.simulator.requests.length === 2);
    const running = await get(body.id);
    expect(running.status).toBe('running');
    expect(running.calls.map(callLine)).toEqual(['one/m1 1 server-error']);
    await post(`${body.id}/cancel`);
  });

  test('waits for the end, for many at once, and no longer than asked', async () => {
    service.simulator.inject({ fault: { type: 'delay', headersMs: 1_500 } });
    const { body } = await submit(chat('single'));
    const short = await get(body.id, '?wait=200ms');
    expect(short.status).toBe('running');
    const ended = await Promise.all(Array.from({ length: 20 }, () => get(body.id, '?wait=20')));
    for (const each of ended) expect(each).toEqual(ended[0]);
    expect(ended[0]).toMatchObject({ id: body.id, status: 'succeeded' });
    const again = await get(body.id, '?wait=20');
    expect(again).toEqual(ended[0]);
  });
});

describe('cancelling', () => {
  test('ends a running one promptly, with the call in flight on record', async () => {
    service.simulator.inject({ fault: NEVER });
    const { body } = await submit(chat('chain'));
    await eventually(() => service.simulator.requests.length === 1);
    const cancelledAt = performance.now();
    expect((await post(`${body.id}/cancel`)).status).toBe(200);
    await eventually(() => service.simulator.requests[0]?.outcome === 'client-gone');
    expect(performance.now() - cancelledAt).toBeLessThan(1_500);
    const ended = await get(body.id, '?wait=20');
    expect(ended).toMatchObject({ status: 'cancelled', error: { code: 'inference_cancelled' }, output: null });
    expect(ended.calls.map(callLine)).toEqual(['one/m1 1 cancelled?']);
    expect((await post(`${body.id}/cancel`)).body).toEqual(ended);
  });

  test('leaves a finished one as it is', async () => {
    service.simulator.inject({ account: 'two', fault: DOWN });
    for (const body of [chat('single'), failing('two/m2')]) {
      const ended = await whole(body);
      const { status, body: cancelled } = await post(`${ended.body.id}/cancel`);
      expect(status).toBe(200);
      expect(cancelled).toEqual(ended.body);
    }
  });

  test('answers the client who waits for it with a 409', async () => {
    service.simulator.inject({ fault: NEVER });
    const key = randomUUID();
    const waiting = service.request('/v1/chat/completions', {
      body: chat('single'),
      headers: { 'idempotency-key': key },
    });
    await eventually(() => service.simulator.requests.length === 1);
    const { data } = (await service.request(`${SUBMIT}?idempotency_key=${key}`)).body;
    await post(`${data[0].id}/cancel`);
    const { status, headers, body } = await waiting;
    expect(status).toBe(409);
    expect(body.error).toMatchObject({ code: 'inference_cancelled', inference_id: data[0].id });
    expect(headers.get('x-should-retry')).toBe('false');
  });
});
