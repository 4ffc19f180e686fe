// Many clients at the same moment: each is answered, however long the machine needs for all of them.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

const CLIENTS = 500;

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());

test(`${CLIENTS} requests at once are all answered, with one call each`, { timeout: 120_000 }, async () => {
  const answers = await Promise.all(
    Array.from({ length: CLIENTS }, () => service.request('/v1/chat/completions', { body: chat('chain') })),
  );

  expect(answers.filter(({ status }) => status !== 200).map(({ body }) => body.error)).toEqual([]);
  expect(new Set(answers.map(({ headers }) => headers.get('x-holdfast-inference-id'))).size).toBe(CLIENTS);
  expect(service.simulator.requests).toHaveLength(CLIENTS);
});
