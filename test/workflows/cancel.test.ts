// A cancelled inference ends at once, its call with it, and keeps the records of what was sent.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

async function cancelWhen(condition: () => boolean): Promise<{ calls: unknown[]; status: string }> {
  const { body } = await service.request('/v1/inferences', { body: chat('chain') });
  await eventually(condition);
  expect((await service.request(`/v1/inferences/${body.id}/cancel`, { method: 'POST' })).status).toBe(200);
  return (await service.request(`/v1/inferences/${body.id}?wait=10`)).body;
}

test('the attempts before the cancelled one are still on record, and its own number is right', async () => {
  service.simulator.inject({ account: 'one', fault: { type: 'delay', headersMs: 60_000 } });
  service.simulator.inject({ account: 'one', times: 1, fault: { type: 'cut', afterChunks: 2 } });

  const { status, calls } = await cancelWhen(() => service.simulator.requests.at(1)?.outcome === 'pending');

  expect(status).toBe('cancelled');
  expect(calls).toMatchObject([
    { target: 'one/m1', attempt: 1, kind: 'connection', possibly_billed: true },
    { target: 'one/m1', attempt: 2, outcome: 'cancelled', possibly_billed: true },
  ]);
  await eventually(() => service.simulator.requests[1]?.outcome === 'client-gone', 1_000);
});

test('a parked inference that is cancelled has only the calls it made', async () => {
  service.simulator.inject({ fault: { type: 'error', situation: 'auth' } });
  const { body } = await service.request('/v1/inferences', { body: chat('single') });
  await eventually(async () => (await service.request(`/v1/inferences/${body.id}`)).body.status === 'waiting');

  await service.request(`/v1/inferences/${body.id}/cancel`, { method: 'POST' });

  const { body: cancelled } = await service.request(`/v1/inferences/${body.id}?wait=10`);
  expect(cancelled.status).toBe('cancelled');
  expect(cancelled.calls).toMatchObject([{ target: 'one/m1', kind: 'auth', possibly_billed: false }]);
});
