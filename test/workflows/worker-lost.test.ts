// Invariants 2 and 3: whatever the moment at which a worker's process is killed, no accepted inference is lost, and an
// attempt whose outcome nobody can know is recorded as possibly billed.

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { startWorkerProcess, temporalServerPid } from '../support/worker-process.ts';

/** A lost worker is noticed after the heartbeat timeout of 15 s. */
const LIMIT_MS = 60_000;

let service: TestService;
let worker: WorkerProcess;

beforeAll(async () => {
  service = await startTestService({ role: 'api' });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());

beforeEach(async () => {
  worker = await startWorkerProcess(service);
});
afterEach(async () => {
  await service.clear();
  await worker.kill();
});

async function submit(model: string): Promise<string> {
  const { status, body } = await service.request('/v1/inferences', { body: chat(model) });
  expect(status).toBe(202);
  return body.id;
}

function ended(id: string) {
  return eventually(async () => {
    const { status, body } = await service.request(`/v1/inferences/${id}?wait=10`);
    // While Temporal comes back, reads are refused.
    return status === 200 && body.ended_at !== null ? body : null;
  }, LIMIT_MS);
}

function sentTo(account: string) {
  return service.simulator.requests.filter((request) => request.account === account);
}

test('killed before the call: the inference waits for a worker and is asked once', { timeout: LIMIT_MS }, async () => {
  await worker.kill();
  const id = await submit('chain');
  worker = await startWorkerProcess(service);

  const inference = await ended(id);

  expect(inference.status).toBe('succeeded');
  expect(inference.calls).toMatchObject([{ target: 'one/m1', attempt: 1, possibly_billed: false }]);
  expect(service.simulator.requests).toHaveLength(1);
});

test('killed during the call: asked again, or failed over when no attempt is left', { timeout: LIMIT_MS }, async () => {
  const slow = service.simulator.inject({ account: 'one', fault: { type: 'delay', headersMs: 60_000 } });
  const [retried, failedOver] = [await submit('chain'), await submit('pair')];
  await eventually(() => sentTo('one').length === 2);
  await worker.kill();
  slow();
  worker = await startWorkerProcess(service);

  const [first, second] = await Promise.all([ended(retried), ended(failedOver)]);

  expect(first.status).toBe('succeeded');
  expect(first.calls).toMatchObject([
    { target: 'one/m1', attempt: 1, kind: 'worker-lost', possibly_billed: true },
    { target: 'one/m1', attempt: 2, outcome: 'succeeded', possibly_billed: false },
  ]);
  expect(second.status).toBe('succeeded');
  expect(second.calls).toMatchObject([
    { target: 'one/m1', attempt: 1, kind: 'worker-lost', possibly_billed: true },
    { target: 'two/m2', attempt: 1, outcome: 'succeeded', possibly_billed: false },
  ]);
  expect(sentTo('one')).toHaveLength(3);
  expect(sentTo('two')).toHaveLength(1);
});

test('killed among the calls of an embedding: what has been given is not asked for again', {
  timeout: LIMIT_MS,
}, async () => {
  const input = Array.from({ length: 300 }, (_, n) => `text ${n}`);
  const slow = service.simulator.inject({
    account: 'one',
    matches: ({ text }) => text === 'text 299',
    fault: { type: 'delay', headersMs: 60_000 },
  });
  const headers = { 'idempotency-key': 'embeddings of a killed worker', 'x-holdfast-deadline': '55s' };
  const embedding = service.request('/v1/embeddings', { body: { model: 'one/m1', input, dimensions: 4 }, headers });
  await eventually(() => sentTo('one').length === 2);
  await worker.kill();
  slow();
  worker = await startWorkerProcess(service);

  const { status, body } = await embedding;

  expect(status).toBe(200);
  expect(body.data).toHaveLength(300);
  expect(sentTo('one').map(({ text }) => text)).toEqual(['text 255', 'text 299', 'text 299']);
});

test('killed after the answer, before it is recorded: asked again, and the bill is open', {
  timeout: LIMIT_MS,
}, async () => {
  service.simulator.inject({ account: 'one', times: 1, fault: { type: 'delay', headersMs: 500 } });
  const id = await submit('chain');
  await eventually(() => sentTo('one').length === 1);
  const server = temporalServerPid(service.dataDir);
  process.kill(server, 'SIGSTOP');
  try {
    await eventually(() => sentTo('one')[0]?.outcome === 'answered');
    await worker.kill();
  } finally {
    process.kill(server, 'SIGCONT');
  }
  worker = await startWorkerProcess(service);

  const inference = await ended(id);

  expect(inference.status).toBe('succeeded');
  expect(inference.calls).toMatchObject([
    { target: 'one/m1', attempt: 1, kind: 'worker-lost', possibly_billed: true },
    { target: 'one/m1', attempt: 2, outcome: 'succeeded' },
  ]);
  expect(sentTo('one')).toHaveLength(2);
});
