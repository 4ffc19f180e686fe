// A client that asked for it is told how its inference ended: once for each end, signed, again and again until it has
// heard, and never what was asked or answered.

import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService, threeProviders } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import type { Receiver } from '../webhooks/receiver.ts';
import { SECRET, startReceiver, verified } from '../webhooks/receiver.ts';

let service: TestService;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
  service = await startTestService({
    config: (simulator) => ({ ...threeProviders(simulator), webhooks: { secret: SECRET, allowPrivate: true } }),
  });
}, FETCH_LIMIT_MS);
afterAll(async () => {
  await service.stop();
  receiver.stop();
});
afterEach(async () => {
  receiver.deliveries.length = 0;
  receiver.answers.length = 0;
  await service.clear();
});

async function submit(fields: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const body = { ...chat('single'), webhook_url: `${receiver.url}/hook?token=s3cr3t`, ...fields };
  const submitted = await service.request('/v1/inferences', { body, headers });
  expect(submitted.status).toBe(202);
  return submitted.body.id;
}

async function ended(id: string): Promise<string> {
  return (await service.request(`/v1/inferences/${id}?wait=20`)).body.status;
}

function delivered(count = 1) {
  return eventually(() => receiver.deliveries.length >= count && [...receiver.deliveries]);
}

function webhookOf(id: string) {
  return service.temporal.workflow.getHandle(`${id}.webhook`);
}

const REFUSED = { type: 'error', situation: 'invalid-request' } as const;

test('is told of a success, in a signed message that says neither the question nor the answer', async () => {
  const id = await submit();

  const [delivery] = await delivered();

  expect(delivery?.path).toBe('/hook?token=s3cr3t');
  expect(delivery?.headers).toMatchObject({
    'content-type': 'application/json',
    'webhook-id': expect.stringMatching(/^msg_[0-9a-f]{32}$/),
  });
  expect(delivery && verified(delivery)).toEqual({
    type: 'inference.succeeded',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    data: { id, model: 'single', status: 'succeeded' },
  });
  expect(() => delivery && verified(delivery, `whsec_${'A'.repeat(32)}`)).toThrow('No matching signature found');
  await webhookOf(id).result();
  expect(receiver.deliveries).toHaveLength(1);
  expect(await ended(id)).toBe('succeeded');
});

test('is told of a failure with its code', async () => {
  service.simulator.inject({ fault: REFUSED });
  const id = await submit();

  const [delivery] = await delivered();

  expect(delivery && verified(delivery)).toMatchObject({
    type: 'inference.failed',
    data: { id, model: 'single', status: 'failed', code: 'invalid_request' },
  });
  expect(await ended(id)).toBe('failed');
});

test('is told of a deadline that has passed', async () => {
  service.simulator.inject({ fault: { type: 'delay', headersMs: 20_000 } });
  const id = await submit({ deadline: '1s' });

  const [delivery] = await delivered();

  expect(delivery && verified(delivery)).toMatchObject({
    type: 'inference.failed',
    data: { id, code: 'deadline_exceeded' },
  });
});

test('is told of a cancel, and the inference is cancelled all the same', async () => {
  service.simulator.inject({ fault: { type: 'delay', headersMs: 20_000 } });
  const id = await submit();
  await eventually(() => service.simulator.requests.some((request) => request.outcome === 'pending'));
  await service.request(`/v1/inferences/${id}/cancel`, { method: 'POST' });

  const [delivery] = await delivered();

  expect(delivery && verified(delivery)).toMatchObject({
    type: 'inference.cancelled',
    data: { id, status: 'cancelled', code: 'inference_cancelled' },
  });
  expect(await ended(id)).toBe('cancelled');
});

test('is told again after a 500 and a redirect, which is not followed, under the same id and newly signed', async () => {
  receiver.answers.push({ status: 500 }, { status: 307, headers: { location: `${receiver.url}/elsewhere` } });
  const id = await submit();

  const deliveries = await delivered(3);

  await webhookOf(id).result();
  expect(new Set(deliveries.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect(new Set(deliveries.map(({ text }) => text)).size).toBe(1);
  expect(new Set(deliveries.map(({ path }) => path))).toEqual(new Set(['/hook?token=s3cr3t']));
  for (const delivery of deliveries) expect(verified(delivery)).toMatchObject({ data: { id } });
  const [first = 0, second = 0, third = 0] = deliveries.map(({ atMs }) => atMs);
  expect(second - first).toBeGreaterThan(900);
  expect(third - second).toBeGreaterThan(1_900);
  expect(receiver.deliveries).toHaveLength(3);
});

test('is given the time that it asks for', async () => {
  receiver.answers.push(
    { status: 503, headers: { 'retry-after': '3' } },
    { status: 429, headers: { 'retry-after': '0' } },
  );
  await submit();

  const [first, second, third] = await delivered(3);

  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(2_900);
  // Less than its own delay it does not get.
  expect((third?.atMs ?? 0) - (second?.atMs ?? 0)).toBeGreaterThan(1_900);
});

test('is left alone after a 410, and the webhook stays there as failed', async () => {
  receiver.answers.push({ status: 410 });
  const id = await submit();
  await delivered();

  await expect(webhookOf(id).result()).rejects.toThrow();

  expect(receiver.deliveries).toHaveLength(1);
  expect(await ended(id)).toBe('succeeded');
});

test('has every attempt counted, and no address in the metrics', async () => {
  receiver.answers.push({ status: 500 });
  await submit();
  await delivered(2);

  const metrics = await eventually(async () => {
    const text = await (await fetch(`${service.url}/metrics`)).text();
    return /holdfast_webhook_attempts_total\{outcome="delivered"\} \d/.test(text) && text;
  });

  expect(metrics).toMatch(/holdfast_webhook_attempts_total\{outcome="failed"\} \d/);
  expect(metrics).not.toContain('s3cr3t');
});

test('joined by its Idempotency-Key, an inference is announced once', async () => {
  const headers = { 'idempotency-key': 'announced once' };
  const id = await submit({}, headers);
  expect(await ended(id)).toBe('succeeded');
  const again = { ...chat('single'), webhook_url: `${receiver.url}/hook?token=s3cr3t` };
  expect((await service.request('/v1/inferences', { body: again, headers })).body.id).toBe(id);
  const other = { ...again, webhook_url: `${receiver.url}/other` };
  expect((await service.request('/v1/inferences', { body: other, headers })).status).toBe(409);

  await webhookOf(id).result();

  expect(receiver.deliveries).toHaveLength(1);
});

test('a replay is announced as an end of its own, in place of a failure that has not arrived yet', async () => {
  const repair = service.simulator.inject({ fault: REFUSED });
  receiver.answers.push({ status: 503, headers: { 'retry-after': '3600' } });
  const id = await submit();
  expect(await ended(id)).toBe('failed');
  await delivered();
  repair();

  const replayed = await service.request(`/v1/inferences/${id}/replay`, { method: 'POST' });
  expect(replayed.status).toBe(202);
  expect(await ended(id)).toBe('succeeded');
  const [failed, succeeded] = await delivered(2);

  expect(failed && verified(failed)).toMatchObject({ type: 'inference.failed' });
  expect(succeeded && verified(succeeded)).toMatchObject({ type: 'inference.succeeded', data: { id } });
  expect(succeeded?.headers['webhook-id']).not.toBe(failed?.headers['webhook-id']);
  await webhookOf(id).result();
  expect(service.simulator.requests).toHaveLength(2);
  // Older servers reset no workflow to a point behind the start of another one.
  const announced = (await eventsOf(id)).filter((event) => event.startChildWorkflowExecutionInitiatedEventAttributes);
  expect(announced).toHaveLength(1);
});

test('a webhook that failed can be reset, and arrives under the same id', async () => {
  receiver.answers.push({ status: 410 });
  const id = await submit();
  await delivered();
  await expect(webhookOf(id).result()).rejects.toThrow();
  const { runId } = await webhookOf(id).describe();

  await service.temporal.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: `${id}.webhook`, runId },
    reason: 'the receiver is back',
    workflowTaskFinishEventId: await firstTask(`${id}.webhook`),
    requestId: 'reset',
  });

  const [first, second] = await delivered(2);
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
});

async function eventsOf(workflowId: string) {
  return (await service.temporal.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
}

async function firstTask(workflowId: string) {
  return (await eventsOf(workflowId)).find((event) => event.workflowTaskCompletedEventAttributes)?.eventId ?? null;
}

test('a private address is refused at once, and a name that leads to one is when it is connected to', async ({
  skip,
}) => {
  // Where it has one, the name of the machine leads to itself.
  if (!(await lookup(hostname()).catch(() => null))) skip();
  const own = await startTestService({
    config: (simulator) => ({ ...threeProviders(simulator), webhooks: { secret: SECRET } }),
  });
  onTestFinished(() => own.stop());
  const bodyFor = (url: string) => ({ body: { ...chat('single'), webhook_url: url } });

  const literal = await own.request('/v1/inferences', bodyFor(`http://2130706433:${receiver.port}/`));
  expect(literal.status).toBe(400);
  expect(literal.body.error).toMatchObject({
    code: 'invalid_value',
    param: 'webhook_url',
    message: expect.stringContaining('webhooks.allowPrivate'),
  });

  const named = await own.request('/v1/inferences', bodyFor(`http://${hostname()}:${receiver.port}/`));
  expect(named.status).toBe(202);
  await eventually(async () => (await own.request(`/v1/inferences/${named.body.id}?wait=10`)).body.ended_at);
  const webhook = own.temporal.workflow.getHandle(`${named.body.id}.webhook`);
  const failure = await webhook.result().catch((error: unknown) => error);
  expect(failure).toMatchObject({ cause: { cause: { type: 'webhook-refused', nonRetryable: true } } });
  expect(receiver.deliveries).toEqual([]);
}, 60_000);
