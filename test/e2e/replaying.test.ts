// Replays over HTTP: what failed or was cancelled runs again, with a fresh deadline, and keeps the calls before.

import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/fault.ts';
import { begun, openStream } from '../support/event-stream.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { callLine } from './support-faults.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

const SUBMIT = '/v1/inferences';
const NEVER: Fault = { type: 'delay', headersMs: 60_000 };
const DOWN: Fault = { type: 'error', situation: 'server-error' };
const get = async (id: string, query = '') => (await service.request(`${SUBMIT}/${id}${query}`)).body;
const post = (path: string) => service.request(`${SUBMIT}/${path}`, { method: 'POST' });
const submit = (body: object) => service.request(SUBMIT, { body });
const whole = (body: object) => service.request(SUBMIT, { body, headers: { prefer: 'wait=20' } });
/** Submitted work waits by default; here it is to fail at once. */
const failing = (...targets: string[]) => ({
  ...chat('any'),
  strategy: { type: 'failover', targets, max_attempts_per_target: 1, on_exhausted: 'fail' },
});

const replay = async (id: string) => {
  const { status, headers, body } = await post(`${id}/replay`);
  expect({ status, location: headers.get('location') }).toEqual({ status: 202, location: `${SUBMIT}/${id}` });
  expect(body).toMatchObject({ id, ended_at: null });
  return body;
};

test('a failed one answers once its provider is back, and keeps the calls before', async () => {
  const recover = service.simulator.inject({ fault: DOWN });
  const { body: failed } = await whole(failing('one/m1', 'two/m2'));
  expect(failed).toMatchObject({ status: 'failed', error: { code: 'all_targets_failed' } });
  recover();
  const replayed = await replay(failed.id);
  expect(replayed.temporal.run_id).not.toBe(failed.temporal.run_id);
  const ended = await get(failed.id, '?wait=20');
  expect(ended).toMatchObject({ status: 'succeeded', target: 'one/m1', created_at: failed.created_at });
  expect(ended.calls.map(callLine)).toEqual(['one/m1 1 server-error', 'two/m2 1 server-error', 'one/m1 1 succeeded']);
  expect(service.simulator.requests).toHaveLength(3);
});

test('one that fails again can be replayed again', async () => {
  const recover = service.simulator.inject({ fault: DOWN });
  const { body: failed } = await whole(failing('one/m1'));
  await replay(failed.id);
  const again = await get(failed.id, '?wait=20');
  expect(again.status).toBe('failed');
  expect(again.calls).toHaveLength(2);
  recover();
  await replay(failed.id);
  const ended = await get(failed.id, '?wait=20');
  expect(ended.status).toBe('succeeded');
  expect(ended.calls.map(callLine)).toEqual(['one/m1 1 server-error', 'one/m1 1 server-error', 'one/m1 1 succeeded']);
});

test('a cancelled one starts it again', async () => {
  const recover = service.simulator.inject({ fault: NEVER });
  const { body } = await submit(chat('single'));
  await eventually(() => service.simulator.requests.length === 1);
  await post(`${body.id}/cancel`);
  expect((await get(body.id, '?wait=20')).status).toBe('cancelled');
  recover();
  await replay(body.id);
  expect((await get(body.id, '?wait=20')).status).toBe('succeeded');
});

test('one that was cancelled since the client of its stream had left answers', async () => {
  const recover = service.simulator.inject({ fault: { type: 'delay', tokenMs: 150 } });
  const stream = await begun(await openStream(service.url, { body: chat('one/m1') }));
  const id = stream.headers.get('x-holdfast-inference-id') ?? '';
  stream.leave();
  await eventually(async () => (await get(id)).status === 'cancelled');
  recover();
  await replay(id);
  expect(await get(id, '?wait=20')).toMatchObject({ status: 'succeeded', target: 'one/m1' });
});

test('one whose deadline has long passed gives it a fresh one', async () => {
  const recover = service.simulator.inject({ fault: NEVER });
  const { body: failed } = await whole({ ...failing('one/m1', 'two/m2'), deadline: '2s' });
  expect(failed).toMatchObject({ status: 'failed', error: { code: 'deadline_exceeded' } });
  // As long again as it had, so that a deadline that went on counting would have passed.
  await setTimeout(2_500);
  recover();
  service.simulator.inject({ account: 'one', fault: { type: 'delay', headersMs: 500 } });
  await replay(failed.id);
  const ended = await get(failed.id, '?wait=20');
  expect(ended).toMatchObject({ status: 'succeeded', target: 'one/m1' });
  expect(ended.calls.map(callLine)).toEqual(['one/m1 1 timeout?', 'two/m2 1 timeout?', 'one/m1 1 succeeded']);
});

test('one whose request a provider called invalid asks again', async () => {
  const recover = service.simulator.inject({ fault: { type: 'error', situation: 'invalid-request' } });
  const { body: failed } = await whole(chat('single'));
  expect(failed.error.code).toBe('invalid_request');
  recover();
  await replay(failed.id);
  expect((await get(failed.id, '?wait=20')).status).toBe('succeeded');
});

test('a running or succeeded one is a 409', async () => {
  service.simulator.inject({ account: 'two', fault: NEVER });
  const { body: succeeded } = await whole(chat('one/m1'));
  const { body: running } = await submit(chat('two/m2'));
  for (const [id, state] of [
    [succeeded.id, 'succeeded'],
    [running.id, 'running'],
  ]) {
    const { status, headers, body } = await post(`${id}/replay`);
    expect(status).toBe(409);
    expect(body.error).toMatchObject({ code: 'not_replayable', message: expect.stringContaining(state) });
    expect(headers.get('x-should-retry')).toBe('false');
  }
  expect(await get(succeeded.id)).toEqual(succeeded);
  expect((await get(running.id)).status).toBe('running');
  await post(`${running.id}/cancel`);
});

test('twice at once runs it once', async () => {
  const recover = service.simulator.inject({ fault: DOWN });
  const { body: failed } = await whole(failing('one/m1'));
  recover();
  service.simulator.inject({ fault: { type: 'delay', headersMs: 500 } });
  const statuses = (await Promise.all([post(`${failed.id}/replay`), post(`${failed.id}/replay`)])).map(
    ({ status }) => status,
  );
  expect(statuses).toContain(202);
  const ended = await get(failed.id, '?wait=20');
  expect(ended.status).toBe('succeeded');
  expect(service.simulator.requests.filter(({ outcome }) => outcome === 'answered')).toHaveLength(1);
});

test('an unknown one is a 404', async () => {
  expect((await post('inf-01k9zv3m7x2c4d5e6f7g8h9j0k/replay')).status).toBe(404);
  expect((await post('inf-01k9zv3m7x2c4d5e6f7g8h9j0k/cancel')).status).toBe(404);
});
