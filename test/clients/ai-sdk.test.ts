// The Vercel AI SDK's client for OpenAI-compatible servers against the running service.

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, Output, stepCountIs, streamText, tool } from 'ai';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

let service: TestService;
let chain: ReturnType<ReturnType<typeof createOpenAICompatible>['chatModel']>;

beforeAll(async () => {
  service = await startTestService();
  const holdfast = createOpenAICompatible({
    name: 'holdfast',
    baseURL: `${service.url}/v1`,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
  chain = holdfast.chatModel('chain');
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

const prompt = 'The sea is wide. The river is long. The sky is high.';

test('generateText gets the answer of the provider that is left', async () => {
  service.simulator.inject({ account: 'one', fault: { type: 'error', situation: 'auth' } });
  const { text, finishReason, usage } = await generateText({ model: chain, prompt });
  expect(text).toContain('The sea is wide.');
  expect(finishReason).toBe('stop');
  expect(usage.totalTokens).toBeGreaterThan(0);
});

test('streamText gets text piece by piece, and the usage', async () => {
  const result = streamText({ model: chain, prompt });
  const pieces = [];
  for await (const piece of result.textStream) pieces.push(piece);
  expect(pieces.length).toBeGreaterThan(2);
  expect(pieces.join('')).toContain('The river is long.');
  expect(await result.finishReason).toBe('stop');
  expect((await result.usage).outputTokens).toBeGreaterThan(0);
});

test('streamText ends with an error, not with a half answer, when the stream is interrupted', async () => {
  service.simulator.inject({ account: 'one', fault: { type: 'cut', afterChunks: 3 } });
  const errors: unknown[] = [];
  const result = streamText({ model: chain, prompt, onError: ({ error }) => void errors.push(error) });
  const types = [];
  for await (const part of result.fullStream) types.push(part.type);
  expect(types).toContain('error');
  expect(JSON.stringify(errors)).toContain('stream_interrupted');
});

test('Output.object gets an object of the schema', async () => {
  const schema = z.object({ name: z.string(), age: z.number() });
  const { output } = await generateText({ model: chain, prompt, output: Output.object({ schema }) });
  expect(schema.safeParse(output).success).toBe(true);
});

test('tools are run in steps', async () => {
  service.simulator.inject({
    times: 1,
    fault: { type: 'tool-call', name: 'weather', arguments: { city: 'Bern' } },
  });
  const { text, steps } = await generateText({
    model: chain,
    prompt,
    stopWhen: stepCountIs(3),
    tools: {
      weather: tool({ inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => `sunny in ${city}` }),
    },
  });
  expect(steps[0]?.toolResults[0]).toMatchObject({ toolName: 'weather', output: 'sunny in Bern' });
  expect(text).toContain('The sea is wide.');
});
