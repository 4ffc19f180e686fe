// The official Google client against the simulator: if it is content, the shapes are true.

import { ApiError, FunctionCallingConfigMode, GoogleGenAI } from '@google/genai';
import { describe, expect, test } from 'vitest';
import type { Situation } from '../../src/simulator/error-body.ts';
import { collect, runSimulator, SCHEMA, TEXT } from './running.ts';

const at = runSimulator();
const models = () => {
  const baseUrl = at.simulator.baseUrl('acme', 'google').replace(/\/v1beta$/, '');
  return new GoogleGenAI({ apiKey: 'any', httpOptions: { baseUrl } }).models;
};
const request = { model: 'gemini-2.5-flash', contents: TEXT };

describe.each([
  ['rate-limit', 429, 'RESOURCE_EXHAUSTED'],
  ['ramp-limit', 429, 'RESOURCE_EXHAUSTED'],
  ['quota', 429, 'RESOURCE_EXHAUSTED'],
  ['overloaded', 503, 'UNAVAILABLE'],
  ['server-error', 500, 'INTERNAL'],
  ['timeout', 504, 'DEADLINE_EXCEEDED'],
  ['auth', 400, 'INVALID_ARGUMENT'],
  ['permission', 403, 'PERMISSION_DENIED'],
  ['model-not-found', 404, 'NOT_FOUND'],
  ['context-too-long', 400, 'INVALID_ARGUMENT'],
  ['invalid-request', 400, 'INVALID_ARGUMENT'],
] as const)('the situation %s', (situation: Situation, status, word) => {
  test(`is an ApiError ${status} ${word} to the client, streamed or not`, async () => {
    at.simulator.inject({ fault: { type: 'error', situation } });
    for (const call of [models().generateContent(request), models().generateContentStream(request)]) {
      const error = await Promise.resolve(call).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ status });
      expect(JSON.parse((error as ApiError).message)).toMatchObject({ error: { code: status, status: word } });
    }
  });
});

test('a limit per minute and one per day differ by their quota id; the hint is in the body', async () => {
  const detailsOf = async (situation: Situation) => {
    at.simulator.inject({ fault: { type: 'error', situation, retryAfterMs: 37_000 } });
    const error = await models()
      .generateContent(request)
      .catch((reason: unknown) => reason);
    return (error as ApiError).message;
  };
  const perMinute = await detailsOf('rate-limit');
  expect(perMinute).toMatch(/PerMinute/);
  expect(perMinute).toMatch(/"retryDelay":"37s"/);
  expect(await detailsOf('quota')).toMatch(/PerDay/);
});

test('an error inside a stream is thrown by the client', async () => {
  at.simulator.inject({ fault: { type: 'error-in-200', situation: 'overloaded' } });
  const stream = await models().generateContentStream(request);
  await expect(collect(stream)).rejects.toMatchObject({ status: 503 });
});

test('a refusal is a finish reason, a blocked prompt a feedback without candidates', async () => {
  at.simulator.inject({ fault: { type: 'blocked', reason: 'SAFETY' } });
  at.simulator.inject({ times: 1, fault: { type: 'refusal' } });
  const refused = await models().generateContent(request);
  expect(refused.candidates).toMatchObject([{ finishReason: 'SAFETY' }]);
  expect(refused.text).toBeUndefined();
  const blocked = await models().generateContent(request);
  expect(blocked.candidates).toBeUndefined();
  expect(blocked.promptFeedback).toMatchObject({ blockReason: 'SAFETY' });
});

test.each(['OTHER', 'MALFORMED_FUNCTION_CALL', 'RECITATION'])('can finish with %s', async (reason) => {
  at.simulator.inject({ fault: { type: 'finish', reason, text: '' } });
  const answer = await models().generateContent(request);
  expect(answer.candidates).toMatchObject([{ finishReason: reason }]);
});

test('text is the same streamed and not, with usage', async () => {
  const whole = await models().generateContent(request);
  const chunks = await collect(await models().generateContentStream(request));
  expect(whole.candidates?.[0]?.finishReason).toBe('STOP');
  expect(whole.text).toContain('Danube');
  expect(chunks.map(({ text }) => text ?? '').join('')).toBe(whole.text);
  expect(chunks.at(-1)?.usageMetadata).toEqual(whole.usageMetadata);
  expect(whole).toMatchObject({ modelVersion: 'gemini-2.5-flash', responseId: expect.stringMatching(/^\w+$/) });
});

test('a forced function is called with fitting arguments, streamed or not', async () => {
  const withTool = {
    ...request,
    config: {
      tools: [{ functionDeclarations: [{ name: 'store', parametersJsonSchema: SCHEMA }] }],
      toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } },
    },
  };
  const whole = await models().generateContent(withTool);
  const chunks = await collect(await models().generateContentStream(withTool));
  expect(whole.functionCalls).toMatchObject([{ name: 'store', args: { kind: 'river', lengthKm: 2850 } }]);
  expect(chunks.flatMap(({ functionCalls }) => functionCalls ?? [])).toEqual(whole.functionCalls);
});

test.each(['responseJsonSchema', 'responseSchema'])('a schema in %s is kept to', async (key) => {
  const config = { responseMimeType: 'application/json', [key]: SCHEMA };
  const { text } = await models().generateContent({ ...request, config });
  expect(JSON.parse(text ?? '')).toMatchObject({ kind: 'river', lengthKm: 2850, facts: { length: 2 } });
});

test('lists its models', async () => {
  const listed = await collect(await models().list());
  expect(listed.map(({ name }) => name)).toContain('models/gemini-2.5-flash');
});

test('embeds one text or several, as long as asked for', async () => {
  const config = { outputDimensionality: 32 };
  const { embeddings = [] } = await models().embedContent({
    model: 'gemini-embedding-001',
    contents: ['a', 'b'],
    config,
  });
  expect(embeddings.map(({ values }) => values?.length)).toEqual([32, 32]);
  const one = await models().embedContent({ model: 'gemini-embedding-001', contents: 'b', config });
  expect(one.embeddings).toEqual([embeddings[1]]);
  expect(at.simulator.requests.map(({ path }) => path.replace(/^.*:/, ''))).toContain('batchEmbedContents');
});
