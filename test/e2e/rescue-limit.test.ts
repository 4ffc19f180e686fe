// Lines that are rescued use their provider's limit, and never more of it, however long an answer takes.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import OpenAI, { toFile } from 'openai';
import { fullestMinute, steadyUse } from '../../bench/rescue-figures.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

const PER_MINUTE = 600;
const LINES = 2 * PER_MINUTE + 50;
/** With 32 at once it would be 384 in a minute. Slower ones are not yet at their most in the second minute. */
const ANSWER_MS = 5_000;

let service: TestService;
let client: OpenAI;

beforeAll(async () => {
  service = await startTestService({
    simulator: { firstTokenDelayMs: ANSWER_MS },
    config: (simulator) => ({
      providers: {
        lane: { type: 'openai', apiKey: 'k', baseUrl: simulator.baseUrl('lane', 'openai') },
        limited: {
          type: 'openai',
          apiKey: 'k',
          baseUrl: simulator.baseUrl('limited', 'openai'),
          limits: { requestsPerMinute: PER_MINUTE },
        },
      },
      models: { m: { targets: ['limited/m'], batch: { targets: ['lane/m'] } } },
      batch: { pollInterval: '100ms', stuckAfter: '3s' },
    }),
  });
  client = new OpenAI({ apiKey: 'any', baseURL: `${service.url}/v1`, maxRetries: 0 });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());

test('most of the limit is used, and no minute sees more than it', { timeout: 240_000 }, async () => {
  service.simulator.injectBatch({ account: 'lane', fault: { type: 'failed', code: 'invalid_request' } });
  const lines = Array.from({ length: LINES }, (_, line) => {
    const body = { model: 'm', messages: [{ role: 'user', content: `What is ${line}?` }] };
    return JSON.stringify({ custom_id: `line ${line}`, method: 'POST', url: '/v1/chat/completions', body });
  });
  const file = await client.files.create({
    file: await toFile(Buffer.from(lines.join('\n')), 'in.jsonl'),
    purpose: 'batch',
  });
  const { id } = await client.batches.create({
    input_file_id: file.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  });
  let batch = await client.batches.retrieve(id);
  while (batch.status !== 'completed' && batch.status !== 'failed') {
    await sleep(500);
    batch = await client.batches.retrieve(id);
  }
  expect(batch.request_counts).toEqual({ total: LINES, completed: LINES, failed: 0 });
  const arrivals = service.simulator.requests.map(({ atMs }) => atMs);
  expect(arrivals).toHaveLength(LINES);
  expect(fullestMinute(arrivals)).toBeLessThanOrEqual(PER_MINUTE);
  // The aim is 0.9, which `npm run bench` prints beside what it has seen; here other tests take their part of the machine.
  // With 32 at once it would be 0.64.
  expect(steadyUse(arrivals, { minutes: 2, requestsPerMinute: PER_MINUTE })).toBeGreaterThanOrEqual(0.7);
});
