// A webhook outlives the worker that sends it, and costs an inference without one nothing.

import { randomUUID } from 'node:crypto';
import Long from 'long';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService, threeProviders } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { startWorkerProcess } from '../support/worker-process.ts';
import type { Receiver } from '../webhooks/receiver.ts';
import { SECRET, startReceiver, verified } from '../webhooks/receiver.ts';

const LIMIT_MS = 60_000;

let service: TestService;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
  service = await startTestService({
    role: 'api',
    config: (simulator) => ({ ...threeProviders(simulator), webhooks: { secret: SECRET, allowPrivate: true } }),
  });
}, FETCH_LIMIT_MS);
afterAll(async () => {
  await service.stop();
  receiver.stop();
});
afterEach(async () => {
  receiver.deliveries.length = 0;
  await service.clear();
});

async function submit(fields: object): Promise<string> {
  const { status, body } = await service.request('/v1/inferences', { body: { ...chat('single'), ...fields } });
  expect(status).toBe(202);
  return body.id;
}

async function ended(id: string): Promise<string> {
  return (await service.request(`/v1/inferences/${id}?wait=20`)).body.status;
}

async function eventsOf(id: string) {
  return (await service.temporal.workflow.getHandle(id).fetchHistory()).events ?? [];
}

test('killed while the receiver thinks: it is told again, under the same id', { timeout: LIMIT_MS }, async () => {
  receiver.answers.push('none');
  let worker = await startWorkerProcess(service);
  const id = await submit({ webhook_url: receiver.url });
  await eventually(() => receiver.deliveries.length === 1);
  await worker.kill();
  worker = await startWorkerProcess(service);
  try {
    await service.temporal.workflow.getHandle(`${id}.webhook`).result();

    const [first, second] = receiver.deliveries;
    expect(receiver.deliveries).toHaveLength(2);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second && verified(second)).toMatchObject({ type: 'inference.succeeded', data: { id } });
    expect(await ended(id)).toBe('succeeded');
  } finally {
    await worker.kill();
  }
});

test('an inference without one has 11 events, and with one 6 more', { timeout: LIMIT_MS }, async () => {
  const worker = await startWorkerProcess(service);
  try {
    const [plain, announced] = [await submit({}), await submit({ webhook_url: receiver.url })];
    expect([await ended(plain), await ended(announced)]).toEqual(['succeeded', 'succeeded']);
    expect(await eventsOf(plain)).toHaveLength(11);
    expect((await eventsOf(announced)).length).toBeLessThanOrEqual(17);
  } finally {
    await worker.kill();
  }
});

test('a failure that was announced is tried again for real by a reset at any point', {
  timeout: LIMIT_MS,
}, async () => {
  const worker = await startWorkerProcess(service);
  try {
    const repair = service.simulator.inject({ fault: { type: 'error', situation: 'invalid-request' } });
    const id = await submit({ webhook_url: receiver.url });
    expect(await ended(id)).toBe('failed');
    await eventually(() => receiver.deliveries.length === 1);
    repair();
    const { runId } = await service.temporal.workflow.getHandle(id).describe();
    const events = await eventsOf(id);
    const points = events.filter((event) => event.workflowTaskCompletedEventAttributes).map((event) => event.eventId);
    expect(points.length).toBeGreaterThan(2);
    for (const point of points) {
      await service.temporal.workflowService.resetWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId: id, runId },
        reason: 'test',
        workflowTaskFinishEventId: point ?? Long.ONE,
        requestId: randomUUID(),
      });
      expect({ point, status: await ended(id) }).toEqual({ point, status: 'succeeded' });
    }
    await eventually(() => receiver.deliveries.length === 1 + points.length);
  } finally {
    await worker.kill();
  }
});
