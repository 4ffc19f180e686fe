// The official OpenAI client against the simulator: if it is content, the shapes are true. DeepSeek is called with it too.

import OpenAI, {
  APIConnectionError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Situation } from '../../src/simulator/error-body.ts';
import { collect, runSimulator, SCHEMA, TEXT } from './running.ts';

const at = runSimulator();
const client = (wire: 'openai' | 'deepseek' = 'openai') =>
  new OpenAI({ apiKey: 'any', baseURL: at.simulator.baseUrl('acme', wire), maxRetries: 0 });
const messages = [{ role: 'user' as const, content: TEXT }];

describe.each([
  ['rate-limit', RateLimitError, 429, 'rate_limit_exceeded'],
  ['ramp-limit', RateLimitError, 429, 'slow_down'],
  ['request-over-limit', RateLimitError, 429, 'rate_limit_exceeded'],
  ['quota', RateLimitError, 429, 'insufficient_quota'],
  ['billing', RateLimitError, 429, 'credit_balance_exhausted'],
  ['overloaded', InternalServerError, 503, 'server_is_overloaded'],
  ['server-error', InternalServerError, 500, null],
  ['auth', AuthenticationError, 401, 'invalid_api_key'],
  ['permission', PermissionDeniedError, 403, 'unsupported_country_region_territory'],
  ['model-not-found', NotFoundError, 404, 'model_not_found'],
  ['context-too-long', BadRequestError, 400, 'context_length_exceeded'],
  ['invalid-request', BadRequestError, 400, 'invalid_value'],
  ['unsupported-parameter', BadRequestError, 400, 'unsupported_parameter'],
  ['content-policy', BadRequestError, 400, 'content_policy_violation'],
] as const)('the situation %s', (situation: Situation, kind, status, code) => {
  test.each([true, false])(`is a ${kind.name} with its code to the client (stream: %s)`, async (stream) => {
    at.simulator.inject({ fault: { type: 'error', situation } });
    const error = await client()
      .chat.completions.create({ model: 'gpt-4o', messages, stream })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ status, code });
    expect((error as BadRequestError).requestID).toMatch(/^req_/);
  });
});

test('a rate limit tells when to come back, in the headers that OpenAI has for it', async () => {
  at.simulator.inject({ fault: { type: 'error', situation: 'rate-limit', retryAfterMs: 1_500 } });
  const error = (await client()
    .chat.completions.create({ model: 'gpt-4o', messages })
    .catch((reason: unknown) => reason)) as RateLimitError;
  expect(error.headers?.get('retry-after-ms')).toBe('1500');
  expect(error.headers?.get('retry-after')).toBe('2');
  expect(error.headers?.get('x-ratelimit-remaining-requests')).toBe('0');
  expect(error.headers?.get('x-ratelimit-reset-requests')).toBe('1.5s');
});

test('a rate limit without a hint has none in any header', async () => {
  at.simulator.inject({ fault: { type: 'error', situation: 'rate-limit', retryAfterMs: null } });
  const error = (await client()
    .chat.completions.create({ model: 'gpt-4o', messages })
    .catch((reason: unknown) => reason)) as RateLimitError;
  expect([...(error.headers?.keys() ?? [])].filter((name) => /retry|ratelimit/.test(name))).toEqual([]);
});

test('a connection reset is a connection error to the client', async () => {
  at.simulator.inject({ fault: { type: 'reset' } });
  await expect(client().chat.completions.create({ model: 'gpt-4o', messages })).rejects.toBeInstanceOf(
    APIConnectionError,
  );
});

test('an error event inside a stream is thrown by the client', async () => {
  at.simulator.inject({ fault: { type: 'error-in-200', situation: 'overloaded' } });
  const stream = await client().chat.completions.create({ model: 'gpt-4o', messages, stream: true });
  await expect(collect(stream)).rejects.toMatchObject({ code: 'server_is_overloaded' });
});

test('a refusal is a refusal to the client, streamed or not', async () => {
  at.simulator.inject({ fault: { type: 'refusal' } });
  const whole = await client().chat.completions.create({ model: 'gpt-4o', messages });
  expect(whole.choices[0]?.message).toMatchObject({ content: null, refusal: expect.stringMatching(/can't help/) });
  const streamed = await client().chat.completions.stream({ model: 'gpt-4o', messages }).finalChatCompletion();
  expect(streamed.choices[0]?.message.refusal).toBe(whole.choices[0]?.message.refusal);
});

describe.each(['openai', 'deepseek'] as const)('text over the wire of %s', (wire) => {
  test('is the same streamed and not, with usage', async () => {
    const whole = await client(wire).chat.completions.create({ model: 'm', messages });
    const streamed = await client(wire)
      .chat.completions.stream({ model: 'm', messages, stream_options: { include_usage: true } })
      .finalChatCompletion();
    expect(whole.choices[0]?.finish_reason).toBe('stop');
    expect(whole.choices[0]?.message.content).toContain('Danube');
    expect(streamed.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
    expect(streamed.usage).toEqual(whole.usage);
    expect(whole.usage?.total_tokens).toBe((whole.usage?.prompt_tokens ?? 0) + (whole.usage?.completion_tokens ?? 0));
    // DeepSeek's own trace id is in another header, which this client does not know.
    expect(whole._request_id ?? '').toMatch(wire === 'openai' ? /^req_/ : /^$/);
  });

  test('lists its models', async () => {
    const models = await collect(client(wire).models.list());
    expect(models.map(({ object }) => object)).toEqual(['model', 'model']);
  });
});

test('OpenAI keeps usage out of a stream that does not ask for it, DeepSeek does not', async () => {
  const usages = async (wire: 'openai' | 'deepseek') => {
    const stream = await client(wire).chat.completions.create({ model: 'm', messages, stream: true });
    return (await collect(stream)).flatMap(({ usage }) => (usage ? [usage] : []));
  };
  expect(await usages('openai')).toEqual([]);
  expect(await usages('deepseek')).toMatchObject([{ prompt_cache_hit_tokens: 0 }]);
});

test('a forced tool is called with fitting arguments, streamed or not', async () => {
  const request = {
    model: 'gpt-4o',
    messages,
    tools: [{ type: 'function' as const, function: { name: 'store', parameters: SCHEMA } }],
    tool_choice: { type: 'function' as const, function: { name: 'store' } },
  };
  const whole = await client().chat.completions.create(request);
  const streamed = await client().chat.completions.stream(request).finalChatCompletion();
  const [call] = whole.choices[0]?.message.tool_calls ?? [];
  if (call?.type !== 'function') throw new Error('No function was called.');
  expect(whole.choices[0]?.finish_reason).toBe('tool_calls');
  expect(JSON.parse(call.function.arguments)).toMatchObject({ kind: 'river', lengthKm: 2850 });
  expect(streamed.choices[0]?.message.tool_calls?.[0]).toMatchObject({
    function: { arguments: call.function.arguments },
  });
});

test('a JSON schema is kept to, by the own parser of the client', async () => {
  const River = z.object({ name: z.string(), lengthKm: z.number().int(), facts: z.array(z.string()) });
  const request = { model: 'gpt-4o', messages, response_format: zodResponseFormat(River, 'river') };
  const whole = await client().chat.completions.parse(request);
  const streamed = await client().chat.completions.stream(request).finalChatCompletion();
  expect(River.parse(whole.choices[0]?.message.parsed).name).toContain('Danube');
  expect(streamed.choices[0]?.message.parsed).toEqual(whole.choices[0]?.message.parsed);
});

test('a body that OpenAI would not accept is a bad request', async () => {
  await expect(client().chat.completions.create({ model: 'gpt-4o', messages: [] })).rejects.toBeInstanceOf(
    BadRequestError,
  );
});

test.each([
  'float',
  'base64',
  undefined,
] as const)('embeddings are the same in every encoding (%s)', async (encoding) => {
  const body = { model: 'text-embedding-3-small', input: [TEXT, 'another'], dimensions: 64 };
  const asked = await client().embeddings.create({ ...body, ...(encoding && { encoding_format: encoding }) });
  const plain = await client().embeddings.create({ ...body, encoding_format: 'float' });
  expect(asked).toMatchObject({ object: 'list', model: body.model, usage: { prompt_tokens: expect.any(Number) } });
  expect(asked.data.map(({ index }) => index)).toEqual([0, 1]);
  for (const [place, { embedding }] of asked.data.entries()) {
    // Asked for base64, the client hands on what came; left to itself, it has asked for it and decoded it.
    const numbers = typeof embedding === 'string' ? floatsOf(embedding) : embedding;
    expect(numbers.map(Math.fround)).toEqual(plain.data[place]?.embedding.map(Math.fround));
  }
});

test('an error about embeddings is the one of the situation', async () => {
  at.simulator.inject({ fault: { type: 'error', situation: 'rate-limit' } });
  await expect(client().embeddings.create({ model: 'm', input: 'a' })).rejects.toBeInstanceOf(RateLimitError);
  at.simulator.clear();
  await expect(client().embeddings.create({ model: 'm', input: [] })).rejects.toBeInstanceOf(BadRequestError);
  // DeepSeek has none.
  await expect(client('deepseek').embeddings.create({ model: 'm', input: 'a' })).rejects.toBeInstanceOf(NotFoundError);
});

function floatsOf(base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, place) => bytes.readFloatLE(place * 4));
}
