// No worker is running: an inference is accepted and waits; at its deadline the waiting client is told, and 60 s later at
// the latest the inference has failed, and can be replayed.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStream } from '../support/event-stream.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ role: 'api' });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());

test('without a worker the service is not ready', async () => {
  expect((await service.request('/readyz')).status).toBe(503);
});

test('the cancel of a client that leaves waits for no worker', async () => {
  const stream = await openStream(service.url, { body: chat('chain') });
  const leftAtMs = Date.now();
  stream.leave();
  const askedAtMs = await cancelAskedAtMs(stream.headers.get('x-holdfast-inference-id') ?? '');
  expect(askedAtMs - leftAtMs).toBeLessThan(WORKER_MAY_TELL_MS);
});

test('nor does one that somebody asks for', async () => {
  const { body } = await service.request('/v1/inferences', { body: chat('chain') });
  const beganAtMs = Date.now();
  await service.request(`/v1/inferences/${body.id}/cancel`, { method: 'POST' });
  expect((await cancelAskedAtMs(body.id)) - beganAtMs).toBeLessThan(WORKER_MAY_TELL_MS);
});

/** So long a worker is given to tell of the calls so far: nothing has waited for that. */
const WORKER_MAY_TELL_MS = 900;

async function cancelAskedAtMs(id: string): Promise<number> {
  const handle = service.temporal.workflow.getHandle(id);
  const { seconds, nanos } = await eventually(async () => {
    const { events } = await handle.fetchHistory();
    return events?.find((event) => event.workflowExecutionCancelRequestedEventAttributes)?.eventTime;
  });
  return Number(seconds) * 1_000 + Number(nanos) / 1_000_000;
}

test('a worker that comes after the deadline calls nobody', { timeout: 60_000 }, async () => {
  const { body: accepted } = await service.request('/v1/inferences', { body: { ...chat('chain'), deadline: '1s' } });
  const acceptedAt = Date.now();
  await eventually(() => Date.now() > acceptedAt + 1_000);
  const worker = await startWorkerProcess(service);

  const { body } = await service.request(`/v1/inferences/${accepted.id}?wait=20`);

  expect(body).toMatchObject({ status: 'failed', calls: [], error: { code: 'deadline_exceeded' } });
  expect(service.simulator.requests).toHaveLength(0);
  await worker.kill();
});

test('without a worker: 504 with the id, failed a minute later, answered by a replay', {
  timeout: 120_000,
}, async () => {
  const refused = await service.request('/v1/chat/completions', {
    body: chat('chain'),
    headers: { 'x-holdfast-deadline': '1s' },
  });
  expect(refused.status).toBe(504);
  expect(refused.headers.get('x-should-retry')).toBe('false');
  const id: string = refused.body.error.inference_id;
  expect((await service.request(`/v1/inferences/${id}`)).body).toMatchObject({ status: 'running', calls: [] });

  const failed = await eventually(async () => {
    const { body } = await service.request(`/v1/inferences/${id}?wait=20`);
    return body.status === 'failed' ? body : null;
  }, 70_000);
  expect(failed).toMatchObject({ calls: [], error: { code: 'deadline_exceeded' } });

  const worker = await startWorkerProcess(service);
  expect((await service.request(`/v1/inferences/${id}/replay`, { method: 'POST' })).status).toBe(202);
  const { body } = await service.request(`/v1/inferences/${id}?wait=20`);
  expect(body).toMatchObject({ status: 'succeeded', calls: [{ target: 'one/m1', possibly_billed: false }] });
  expect((await service.request('/readyz')).status).toBe(200);
  await worker.kill();
});
