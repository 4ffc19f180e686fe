// The official Anthropic client against the simulator: if it is content, the shapes are true.

import Anthropic, {
  APIConnectionError,
  APIError,
  AuthenticationError,
  BadRequestError,
  ContentTooLargeError,
  GatewayTimeoutError,
  InternalServerError,
  NotFoundError,
  OverloadedError,
  PaymentRequiredError,
  PermissionDeniedError,
  RateLimitError,
} from '@anthropic-ai/sdk';
import { describe, expect, test } from 'vitest';
import type { Situation } from '../../src/simulator/error-body.ts';
import { collect, runSimulator, SCHEMA, TEXT } from './running.ts';

const at = runSimulator();
const client = () =>
  new Anthropic({ apiKey: 'any', baseURL: at.simulator.baseUrl('acme', 'anthropic'), maxRetries: 0 });
const request = { model: 'claude-test', max_tokens: 500, messages: [{ role: 'user' as const, content: TEXT }] };

describe.each([
  ['rate-limit', RateLimitError, 429, 'rate_limit_error', null],
  ['ramp-limit', RateLimitError, 429, 'rate_limit_error', 'ramp_limit_exceeded'],
  ['quota', RateLimitError, 429, 'rate_limit_error', 'enforced_spend_limit_reached'],
  ['billing', PaymentRequiredError, 402, 'billing_error', null],
  ['overloaded', OverloadedError, 529, 'overloaded_error', null],
  ['server-error', InternalServerError, 500, 'api_error', null],
  ['timeout', GatewayTimeoutError, 504, 'timeout_error', null],
  ['auth', AuthenticationError, 401, 'authentication_error', null],
  ['permission', PermissionDeniedError, 403, 'permission_error', null],
  ['model-not-found', NotFoundError, 404, 'not_found_error', null],
  ['context-too-long', BadRequestError, 400, 'invalid_request_error', null],
  ['body-too-large', ContentTooLargeError, 413, 'request_too_large', null],
  ['invalid-request', BadRequestError, 400, 'invalid_request_error', null],
  ['content-policy', BadRequestError, 400, 'invalid_request_error', null],
] as const)('the situation %s', (situation: Situation, kind, status, type, errorCode) => {
  test.each([true, false])(`is a ${status} ${type} to the client (stream: %s)`, async (stream) => {
    at.simulator.inject({ fault: { type: 'error', situation } });
    const error = await client()
      .messages.create({ ...request, stream })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ status, type, errorCode });
    const { requestID, error: body } = error as APIError;
    expect(requestID).toMatch(/^req_/);
    expect(body).toMatchObject({ request_id: requestID });
  });
});

test('a rate limit tells when to come back; a spend limit does not', async () => {
  at.simulator.inject({ fault: { type: 'error', situation: 'quota' } });
  at.simulator.inject({ times: 1, fault: { type: 'error', situation: 'rate-limit', retryAfterMs: 7_000 } });
  const fail = async () =>
    (await client()
      .messages.create(request)
      .catch((reason: unknown) => reason)) as APIError;
  const limited = await fail();
  expect(limited.headers?.get('retry-after')).toBe('7');
  expect(limited.headers?.get('anthropic-ratelimit-requests-remaining')).toBe('0');
  expect(Date.parse(limited.headers?.get('anthropic-ratelimit-requests-reset') ?? '')).toBeGreaterThan(Date.now());
  expect((await fail()).headers?.get('retry-after')).toBeNull();
});

test('a connection reset is a connection error to the client', async () => {
  at.simulator.inject({ fault: { type: 'reset' } });
  const error = await client()
    .messages.create(request)
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(APIConnectionError);
});

test('an error event inside a stream is thrown by the client with its type', async () => {
  at.simulator.inject({ fault: { type: 'error-in-200', situation: 'overloaded' } });
  const stream = await client().messages.create({ ...request, stream: true });
  await expect(collect(stream)).rejects.toMatchObject({ type: 'overloaded_error' });
});

test('a refusal is a stop reason with details and without content', async () => {
  at.simulator.inject({ fault: { type: 'refusal' } });
  const refused = { content: [], stop_reason: 'refusal', stop_details: { type: 'refusal' } };
  expect(await client().messages.create(request)).toMatchObject(refused);
  expect(await client().messages.stream(request).finalMessage()).toMatchObject({ content: [], stop_reason: 'refusal' });
});

test('text is the same streamed and not, with usage and a request id', async () => {
  const whole = await client().messages.create(request);
  const stream = client().messages.stream(request);
  const streamed = await stream.finalMessage();
  expect(whole).toMatchObject({
    stop_reason: 'end_turn',
    model: request.model,
    _request_id: expect.stringMatching(/^req_/),
  });
  expect(whole.content).toMatchObject([{ type: 'text', text: expect.stringContaining('Danube') }]);
  expect(streamed.content).toMatchObject([{ type: 'text', text: await stream.finalText() }]);
  expect(whole.content[0]).toMatchObject({ text: await stream.finalText() });
  expect(streamed.usage).toMatchObject({
    input_tokens: whole.usage.input_tokens,
    output_tokens: whole.usage.output_tokens,
  });
});

test('max_tokens cuts the answer and says so', async () => {
  const short = await client().messages.create({ ...request, max_tokens: 5 });
  expect(short).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 5 } });
});

test('a forced tool is called with fitting input, streamed or not', async () => {
  const withTool = {
    ...request,
    tools: [{ name: 'store', input_schema: { ...SCHEMA, type: 'object' as const } }],
    tool_choice: { type: 'tool' as const, name: 'store' },
  };
  const whole = await client().messages.create(withTool);
  const streamed = await client().messages.stream(withTool).finalMessage();
  expect(whole.stop_reason).toBe('tool_use');
  expect(whole.content).toMatchObject([{ type: 'tool_use', name: 'store', input: { kind: 'river', lengthKm: 2850 } }]);
  const [a, b] = [whole.content[0], streamed.content[0]];
  expect(b?.type === 'tool_use' && b.input).toEqual(a?.type === 'tool_use' && a.input);
});

test('a JSON schema is kept to', async () => {
  const whole = await client().messages.create({
    ...request,
    output_config: { format: { type: 'json_schema', schema: SCHEMA } },
  });
  const [block] = whole.content;
  expect(JSON.parse(block?.type === 'text' ? block.text : '')).toMatchObject({ kind: 'river', lengthKm: 2850 });
});

test('lists its models', async () => {
  const models = await collect(client().models.list());
  expect(models.map(({ type }) => type)).toEqual(['model', 'model']);
});
