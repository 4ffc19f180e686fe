// LangChain's OpenAI client against the running service.

import { ChatOpenAI } from '@langchain/openai';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

let service: TestService;
let model: ChatOpenAI;

beforeAll(async () => {
  service = await startTestService();
  model = new ChatOpenAI({
    model: 'chain',
    apiKey: 'none',
    configuration: { baseURL: `${service.url}/v1` },
  });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

const question = 'The sea is wide. The river is long. The sky is high.';

test('invoke gets the answer of the provider that is left', async () => {
  service.simulator.inject({ account: 'one', fault: { type: 'error', situation: 'auth' } });
  const message = await model.invoke(question);
  expect(message.text).toContain('The sea is wide.');
  expect(message.usage_metadata).toMatchObject({ total_tokens: expect.any(Number) });
});

test('stream gets the text piece by piece', async () => {
  const pieces = [];
  for await (const chunk of await model.stream(question)) pieces.push(chunk.text);
  expect(pieces.filter((piece) => piece !== '').length).toBeGreaterThan(2);
  expect(pieces.join('')).toContain('The river is long.');
});

test('an interrupted stream is an error, and no half answer', async () => {
  service.simulator.inject({ account: 'one', fault: { type: 'cut', afterChunks: 3 } });
  const reading = async () => {
    for await (const chunk of await model.stream(question)) void chunk;
  };
  await expect(reading()).rejects.toThrow(/stream broke off/);
});

test('withStructuredOutput gets an object of the schema', async () => {
  const schema = z.object({ name: z.string(), age: z.number() });
  const answer = await model.withStructuredOutput(schema, { name: 'person', method: 'jsonSchema' }).invoke(question);
  expect(schema.safeParse(answer).success).toBe(true);
});

test('bindTools gets tool calls', async () => {
  service.simulator.inject({
    times: 1,
    fault: { type: 'tool-call', name: 'weather', arguments: { city: 'Bern' } },
  });
  const weather = {
    type: 'function' as const,
    function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
  };
  const { tool_calls: calls } = await model.bindTools([weather]).invoke(question);
  expect(calls).toMatchObject([{ name: 'weather', args: { city: 'Bern' } }]);
});
