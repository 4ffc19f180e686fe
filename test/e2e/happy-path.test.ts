// What the happy path costs and gives, against the real server.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
}, FETCH_LIMIT_MS);

afterAll(() => service.stop());

test('answers as OpenAI does, says who served and leaves one record', async () => {
  const { status, headers, body } = await service.request('/v1/chat/completions', { body: chat('chain') });

  expect(status).toBe(200);
  expect(body).toMatchObject({ object: 'chat.completion', model: 'm1', choices: [{ finish_reason: 'stop' }] });
  expect(headers.get('x-holdfast-target')).toBe('one/m1');
  const inference = await service.request(`/v1/inferences/${headers.get('x-holdfast-inference-id')}`);
  expect(inference.body).toMatchObject({
    status: 'succeeded',
    calls: [{ target: 'one/m1', attempt: 1, outcome: 'succeeded', kind: null, possibly_billed: false }],
  });
  expect(inference.body.calls[0].cost_usd).toBeGreaterThan(0);
  expect(service.simulator.requests).toHaveLength(1);
});

test('writes 11 events for an inference that its first target answers', async () => {
  const { headers } = await service.request('/v1/chat/completions', { body: chat('chain') });
  const id = headers.get('x-holdfast-inference-id') ?? '';

  const { events } = await service.temporal.workflow.getHandle(id).fetchHistory();

  expect(events).toHaveLength(11);
});
