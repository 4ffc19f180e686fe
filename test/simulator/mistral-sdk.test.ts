// The official Mistral client against the simulator: it validates every answer strictly, so what it takes is true.

import { Mistral } from '@mistralai/mistralai';
import { HTTPValidationError } from '@mistralai/mistralai/models/errors/httpvalidationerror.js';
import { MistralError } from '@mistralai/mistralai/models/errors/mistralerror.js';
import { describe, expect, test } from 'vitest';
import type { Situation } from '../../src/simulator/error-body.ts';
import { collect, runSimulator, SCHEMA, TEXT } from './running.ts';

const at = runSimulator();
const client = () => {
  const serverURL = at.simulator.baseUrl('acme', 'mistral').replace(/\/v1$/, '');
  return new Mistral({ apiKey: 'any', serverURL });
};
const request = { model: 'mistral-small-latest', messages: [{ role: 'user' as const, content: TEXT }] };
const streamed = async (body: typeof request) => {
  const events = await collect(await client().chat.stream(body));
  return events.map(({ data }) => data);
};

describe.each([
  ['rate-limit', 429, /"type":"rate_limited".*"code":"1300"/],
  ['ramp-limit', 429, /"service_tier_capacity_exceeded".*"code":"3505"/],
  ['quota', 402, /"object":"error"/],
  ['overloaded', 503, /"object":"error"/],
  ['server-error', 500, /"object":"error"/],
  ['auth', 401, /Unauthorized/],
  ['model-not-found', 400, /"type":"invalid_model".*"code":"1500"/],
  ['context-too-long', 400, /maximum context length/],
] as const)('the situation %s', (situation: Situation, statusCode, body) => {
  test(`is an error ${statusCode} with its body to the client, streamed or not`, async () => {
    at.simulator.inject({ fault: { type: 'error', situation } });
    for (const call of [client().chat.complete(request), client().chat.stream(request)]) {
      const error = await Promise.resolve(call).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(MistralError);
      expect(error).toMatchObject({ statusCode, body: expect.stringMatching(body) });
    }
  });
});

test('an invalid request is the validation error that the client knows by its details', async () => {
  at.simulator.inject({ fault: { type: 'error', situation: 'invalid-request' } });
  const error = await client()
    .chat.complete(request)
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(HTTPValidationError);
  expect((error as HTTPValidationError).detail).toMatchObject([{ loc: ['body', 'messages', 0, 'role'] }]);
});

test('an error inside a stream breaks the strict client', async () => {
  at.simulator.inject({ fault: { type: 'error-in-200', situation: 'overloaded' } });
  await expect(streamed(request)).rejects.toThrow();
});

test('can finish with model_length', async () => {
  at.simulator.inject({ fault: { type: 'finish', reason: 'model_length' } });
  expect((await client().chat.complete(request)).choices[0]?.finishReason).toBe('model_length');
});

test('text is the same streamed and not, with usage in the last chunk', async () => {
  const whole = await client().chat.complete(request);
  const chunks = await streamed(request);
  expect(whole.choices[0]).toMatchObject({
    finishReason: 'stop',
    message: { content: expect.stringContaining('Danube') },
  });
  expect(chunks.map(({ choices }) => textOf(choices[0]?.delta.content)).join('')).toBe(
    whole.choices[0]?.message?.content,
  );
  expect(chunks.at(-1)?.usage).toEqual(whole.usage);
});

test('a forced tool is called with fitting arguments, streamed or not', async () => {
  const withTool = {
    ...request,
    tools: [{ type: 'function' as const, function: { name: 'store', parameters: SCHEMA } }],
    toolChoice: 'any' as const,
  };
  const whole = await client().chat.complete(withTool);
  const [call] = whole.choices[0]?.message?.toolCalls ?? [];
  expect(whole.choices[0]?.finishReason).toBe('tool_calls');
  expect(JSON.parse(textOf(call?.function.arguments))).toMatchObject({ kind: 'river', lengthKm: 2850 });
  const calls = (await streamed(withTool)).flatMap(({ choices }) => choices[0]?.delta.toolCalls ?? []);
  expect(calls).toMatchObject([{ function: call?.function }]);
});

test('a JSON schema is kept to', async () => {
  const responseFormat = {
    type: 'json_schema' as const,
    jsonSchema: { name: 'river', schemaDefinition: SCHEMA },
  };
  const { choices } = await client().chat.complete({ ...request, responseFormat });
  expect(JSON.parse(textOf(choices[0]?.message?.content))).toMatchObject({ kind: 'river', lengthKm: 2850 });
});

test('lists its models', async () => {
  const { data } = await client().models.list();
  expect(data).toContainEqual(expect.objectContaining({ id: 'mistral-small-latest', type: 'base' }));
});

function textOf(content: unknown): string {
  return typeof content === 'string' ? content : '';
}

test('embeds texts, and counts them', async () => {
  const { data, usage, model } = await client().embeddings.create({ model: 'mistral-embed', inputs: ['a', 'b'] });
  expect(data.map(({ index, embedding }) => [index, embedding?.length])).toEqual([
    [0, 1_024],
    [1, 1_024],
  ]);
  expect({ model, tokens: usage.promptTokens }).toEqual({ model: 'mistral-embed', tokens: 1 });
});
