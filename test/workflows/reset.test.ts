// Invariant 6: resetting a failed inference, at any point that the server accepts, tries again for real, with a fresh
// deadline, keeps what was recorded before that point, and never fails again out of old history.

import { randomUUID } from 'node:crypto';
import Long from 'long';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { CallRecord } from '../../src/domain/call.ts';
import type { InferenceResult } from '../../src/domain/inference.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { eventually } from '../support/polling.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

const DEADLINE_MS = 1_500;

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
}, FETCH_LIMIT_MS);

afterAll(() => service.stop());
afterEach(() => service.clear());

/** Both targets of `pair` fail at once; returns the failed run and the events that a reset could name. */
async function failedInference(model = 'pair'): Promise<{ id: string; runId: string; lastEventId: number }> {
  const { headers } = await service.request('/v1/chat/completions', {
    body: chat(model),
    headers: { 'x-holdfast-deadline': `${DEADLINE_MS}ms` },
  });
  const id = headers.get('x-holdfast-inference-id') ?? '';
  const handle = service.temporal.workflow.getHandle(id);
  const { runId, status } = await handle.describe();
  expect(status.name).toBe('FAILED');
  const { events } = await handle.fetchHistory();
  return { id, runId, lastEventId: events?.length ?? 0 };
}

/** Null when the server does not accept the point. */
async function reset(run: { id: string; runId: string }, eventId: number): Promise<string | null> {
  try {
    const { runId } = await service.temporal.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: run.id, runId: run.runId },
      reason: 'test',
      workflowTaskFinishEventId: Long.fromNumber(eventId),
      requestId: randomUUID(),
    });
    return runId;
  } catch (error) {
    expect(String(error)).toMatch(/ServiceError|INVALID_ARGUMENT|must be|Invalid/i);
    return null;
  }
}

async function result(id: string): Promise<{ calls: readonly CallRecord[]; answered: boolean; late: boolean }> {
  try {
    const done: InferenceResult = await service.temporal.workflow.getHandle(id).result();
    return { calls: done.calls, answered: true, late: false };
  } catch {
    const { body } = await service.request(`/v1/inferences/${id}`);
    return { calls: body.calls, answered: false, late: body.error.code === 'deadline_exceeded' };
  }
}

test('a reset at every event that the server accepts is answered, long after the deadline', async () => {
  const broken = service.simulator.inject({ fault: { type: 'error', situation: 'server-error' } });
  const run = await failedInference();
  broken();
  const failedAt = Date.now();
  await eventually(() => Date.now() > failedAt + 2 * DEADLINE_MS);

  const accepted: number[] = [];
  for (let eventId = 2; eventId <= run.lastEventId + 1; eventId++) {
    const sentBefore = service.simulator.requests.length;
    if ((await reset(run, eventId)) === null) continue;
    accepted.push(eventId);
    const { answered } = await result(run.id);
    expect({ eventId, answered }).toEqual({ eventId, answered: true });
    expect(service.simulator.requests.length).toBe(sentBefore + 1);
  }
  expect(accepted.length).toBeGreaterThanOrEqual(3);
});

test('a reset while the targets still fail makes a whole round of real calls before it fails again', async () => {
  service.simulator.inject({ fault: { type: 'error', situation: 'server-error' } });
  const run = await failedInference();
  const failedAt = Date.now();
  await eventually(() => Date.now() > failedAt + DEADLINE_MS);

  for (let eventId = 2; eventId <= run.lastEventId + 1; eventId++) {
    const sentBefore = service.simulator.requests.length;
    if ((await reset(run, eventId)) === null) continue;
    const { answered, late } = await result(run.id);
    expect({ eventId, answered, late }).toEqual({ eventId, answered: false, late: false });
    expect(service.simulator.requests.length - sentBefore).toBeGreaterThanOrEqual(2);
  }
});

test('a reset of a reset tries again as well', async () => {
  const broken = service.simulator.inject({ fault: { type: 'error', situation: 'server-error' } });
  const { id } = await failedInference();
  for (const round of [1, 2]) {
    const replayed = await service.request(`/v1/inferences/${id}/replay`, { method: 'POST' });
    expect(replayed.status).toBe(202);
    const { answered, calls } = await result(id);
    expect(answered).toBe(false);
    expect(calls).toHaveLength(2 + 2 * round);
  }
  broken();

  await service.request(`/v1/inferences/${id}/replay`, { method: 'POST' });

  const { answered, calls } = await result(id);
  expect(answered).toBe(true);
  expect(calls.map((call) => call.outcome)).toEqual([...Array.from({ length: 6 }, () => 'failed'), 'succeeded']);
});

test('calls that ended by timeout, and left no word of their run, do not make a reset fail', async () => {
  const stalled = service.simulator.inject({ fault: { type: 'stall', afterChunks: 0 } });
  const run = await failedInference();
  stalled();

  for (const eventId of [run.lastEventId - 1, run.lastEventId]) {
    if ((await reset(run, eventId)) === null) continue;
    const { answered } = await result(run.id);
    expect({ eventId, answered }).toEqual({ eventId, answered: true });
  }
});

test('answers that were recorded before the point are kept: a replay asks only the rest again', async () => {
  const broken = service.simulator.inject({ account: 'one', fault: { type: 'error', situation: 'server-error' } });
  const stalled = service.simulator.inject({ account: 'two', fault: { type: 'error', situation: 'overloaded' } });
  const { id } = await failedInference();
  stalled();
  broken();

  await service.request(`/v1/inferences/${id}/replay`, { method: 'POST' });

  const { calls } = await result(id);
  expect(calls.map((call) => [call.target, call.kind ?? call.outcome])).toEqual([
    ['one/m1', 'server-error'],
    ['two/m2', 'overloaded'],
    ['one/m1', 'succeeded'],
  ]);
});

test('replays asked for at once are one: one new run, one round of calls', async () => {
  const broken = service.simulator.inject({ fault: { type: 'error', situation: 'server-error' } });
  const { id } = await failedInference('single');
  broken();
  const sentBefore = service.simulator.requests.length;

  const replays = await Promise.all(
    Array.from({ length: 4 }, () => service.request(`/v1/inferences/${id}/replay`, { method: 'POST' })),
  );

  const { answered, calls } = await result(id);
  expect(replays.every(({ status }) => status === 202 || status === 409)).toBe(true);
  expect(answered).toBe(true);
  expect(calls).toHaveLength(2);
  expect(service.simulator.requests.length).toBe(sentBefore + 1);
});
