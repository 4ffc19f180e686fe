// What a stream is made of beside its text: errors before and after its headers, usage, tool calls, JSON, modes, votes.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStream, readStream } from '../support/event-stream.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { callsOf, inferenceOf, plain, STORY, streamModels, tell } from './support-streams.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ config: streamModels });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());

const LIVE = { 'x-holdfast-stream': 'live' };
const CITY = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const JSON_ANSWER = {
  type: 'json_schema',
  json_schema: {
    name: 'report',
    schema: {
      type: 'object',
      properties: { summary: { type: 'string' }, risk: { type: 'integer' } },
      required: ['summary', 'risk'],
      additionalProperties: false,
    },
  },
};

describe('before the first event an error is an HTTP error with its own status', () => {
  test('all targets failed: 502, with the calls', async () => {
    const error = { type: 'error', situation: 'server-error' } as const;
    const { body } = tell(service, 'closed', { one: error, spare: error });
    const ended = await readStream(service.url, { body });
    expect(ended).toMatchObject({ status: 502, code: 'all_targets_failed' });
    expect(ended.headers.get('content-type')).toMatch(/^application\/json/);
    expect(ended.headers.get('x-should-retry')).toBe('false');
    expect(ended.error.calls).toHaveLength(2);
  });

  test('no room anywhere: 503 with Retry-After', async () => {
    const { body } = tell(service, 'alone', { one: { type: 'error', situation: 'overloaded' } });
    const ended = await readStream(service.url, { body });
    expect(ended.status).toBe(503);
    expect(ended.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  test("a request that a provider calls invalid: 400 with the provider's words", async () => {
    const { body } = tell(service, 'closed', { one: { type: 'error', situation: 'invalid-request' } });
    expect(await readStream(service.url, { body })).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  test('an unknown model: 404; a bad field: 400; nothing is started', async () => {
    expect(await readStream(service.url, { body: chat('nobody') })).toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
    const bad = { ...chat('closed-99'), stream_options: { include_usage: 'yes' } };
    expect(await readStream(service.url, { body: bad })).toMatchObject({ status: 400, code: 'invalid_value' });
    expect(service.simulator.requests.filter(({ account }) => account === 'one-99')).toEqual([]);
  });
});

describe('after a keep-alive an error is an event with its own code', () => {
  test.each(['live', 'verified'])('%s', async (mode) => {
    const late = { type: 'delay', headersMs: 2_600, fault: { type: 'error', situation: 'invalid-request' } } as const;
    const { body } = tell(service, 'patient', { one: late });
    const stream = await openStream(service.url, { body, headers: { 'x-holdfast-stream': mode } });
    const ended = await stream.ended;
    expect(ended).toMatchObject({ status: 200, text: '', finish: null, code: 'invalid_request', isDone: false });
    expect(ended.error.inference_id).toBe(ended.headers.get('x-holdfast-inference-id'));
    expect(stream.comments()).toBeGreaterThan(0);
  });
});

test('each event is a chunk as OpenAI has it, and the last one before [DONE] has the usage that was asked for', async () => {
  const { body } = tell(service, 'closed', {}, { stream_options: { include_usage: true } });
  const stream = await openStream(service.url, { body });
  const ended = await stream.ended;
  const chunks = stream.events.map(({ data }) => data).slice(0, -1);
  expect(ended).toMatchObject({ text: STORY, finish: 'stop', isDone: true });
  expect(ended.pieces).toBeGreaterThan(20);
  for (const chunk of chunks) {
    expect(chunk).toMatchObject({
      object: 'chat.completion.chunk',
      id: chunks[0].id,
      created: chunks[0].created,
      model: 'm1',
    });
    expect(plain(chunk.system_fingerprint)).toMatch(/^one\/m1(@|$)/);
  }
  expect(chunks[0].choices).toEqual([
    { index: 0, delta: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: null },
  ]);
  expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
  const { output } = await inferenceOf(service, ended);
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: output.usage });
  expect(chunks[0].id).toBe(output.id);
  expect(ended.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
});

test('without being asked for there is no usage', async () => {
  const { body } = tell(service, 'closed');
  const stream = await openStream(service.url, { body });
  expect((await stream.ended).usage).toBeNull();
  expect(stream.events.some(({ data }) => data !== '[DONE]' && 'usage' in data)).toBe(false);
});

test('tool calls come whole, once the answer has been accepted', async () => {
  const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }];
  const fault = { type: 'tool-call', name: 'weather', arguments: { city: 'Graz' } } as const;
  const { body } = tell(service, 'closed', { one: fault }, { tools });
  const ended = await readStream(service.url, { body });
  expect(ended).toMatchObject({ text: '', finish: 'tool_calls', isDone: true });
  expect(ended.toolCalls).toEqual([
    { index: 0, id: expect.any(String), type: 'function', function: { name: 'weather', arguments: '{"city":"Graz"}' } },
  ]);
});

test('tool calls whose arguments are cut never reach the client', async () => {
  const tools = [{ type: 'function', function: { name: 'weather', parameters: CITY } }];
  const choice = { tools, tool_choice: { type: 'function', function: { name: 'weather' } } };
  const { body } = tell(service, 'closed', { one: { type: 'cut-as-stop', afterTokens: 2 } }, choice);
  const ended = await readStream(service.url, { body });
  expect(ended).toMatchObject({ finish: 'tool_calls', isDone: true });
  expect(ended.toolCalls).toHaveLength(1);
  expect(callsOf(await inferenceOf(service, ended))).toHaveLength(2);
});

describe('an answer for which JSON was asked', () => {
  test('is verified by default: a failing check is not seen', async () => {
    const { body } = tell(service, 'closed', { one: { type: 'wrong-json' } }, { response_format: JSON_ANSWER });
    const ended = await readStream(service.url, { body });
    expect(ended).toMatchObject({ finish: 'stop', isDone: true, pieces: 1 });
    expect(ended.headers.get('x-holdfast-stream')).toBe('verified');
    expect(JSON.parse(ended.text)).toHaveProperty('risk');
  });

  test.each<[string, string, Record<string, string>]>([
    ['the request', 'closed', LIVE],
    ['the model', 'live', {}],
  ])('is live when %s says so: a failing check ends with stream_interrupted', async (_who, model, headers) => {
    const { body } = tell(service, model, { one: { type: 'wrong-json' } }, { response_format: JSON_ANSWER });
    const ended = await readStream(service.url, { body, headers });
    expect(ended.headers.get('x-holdfast-stream')).toBe('live');
    expect(ended).toMatchObject({ finish: null, code: 'stream_interrupted', isDone: false });
    const inference = await inferenceOf(service, ended);
    expect(callsOf(inference).at(-1)).toBe('spare/m1 succeeded');
    expect(JSON.parse(inference.output.choices[0].message.content)).toHaveProperty('risk');
  });

  test('is live, and whole, when the check does not fail', async () => {
    const { body } = tell(service, 'closed', {}, { response_format: JSON_ANSWER });
    const ended = await readStream(service.url, { body, headers: LIVE });
    expect(ended).toMatchObject({ finish: 'stop', isDone: true });
    expect(ended.pieces).toBeGreaterThan(2);
    expect(JSON.parse(ended.text)).toHaveProperty('risk');
  });
});

test("a model's own mode holds, unless the request asks for another one", async () => {
  const verified = await readStream(service.url, { body: tell(service, 'verified').body });
  expect(verified).toMatchObject({ text: STORY, pieces: 1, isDone: true });
  expect(verified.headers.get('x-holdfast-stream')).toBe('verified');
  const live = await readStream(service.url, { body: tell(service, 'verified').body, headers: LIVE });
  expect(live).toMatchObject({ text: STORY, isDone: true });
  expect(live.headers.get('x-holdfast-stream')).toBe('live');
  expect(live.pieces).toBeGreaterThan(20);
});

test('a vote is verified even if live is asked for, and says so', async () => {
  const { body, sentTo } = tell(service, 'vote');
  const ended = await readStream(service.url, { body, headers: LIVE });
  expect(ended).toMatchObject({ text: STORY, pieces: 1, finish: 'stop', isDone: true });
  expect(ended.headers.get('x-holdfast-stream')).toBe('verified');
  expect(sentTo()).toHaveLength(3);
});
