// The real model, called with OpenAI's own client. Skipped where the model cannot be fetched.
import { homedir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { LocalModelFiles } from '../../src/local-model/fetch-local-model.ts';
import { fetchLocalModel } from '../../src/local-model/fetch-local-model.ts';
import type { ServedLocalModel } from '../../src/local-model/serve-local-model.ts';
import { LOCAL_MODEL, startLocalModel } from '../../src/local-model/serve-local-model.ts';

const cacheDir = process.env['HOLDFAST_TEST_CACHE'] ?? join(homedir(), '.cache', 'holdfast');

let files: LocalModelFiles;
let server: ServedLocalModel;
let client: OpenAI;

const clientOf = ({ baseUrl }: ServedLocalModel) => new OpenAI({ apiKey: 'none', baseURL: baseUrl, maxRetries: 0 });

beforeAll(async () => {
  files = await fetchLocalModel({ cacheDir, report: () => undefined });
  if (files.type === 'unavailable') return;
  server = await startLocalModel(files);
  client = clientOf(server);
}, 180_000);
afterAll(() => server?.close());
beforeEach((context) => {
  if (files.type === 'unavailable') context.skip(`the local model cannot be fetched: ${files.reason}`);
});

const capital = {
  model: LOCAL_MODEL,
  messages: [{ role: 'user', content: 'What is the capital of France?' }],
  max_tokens: 30,
} satisfies OpenAI.ChatCompletionCreateParamsNonStreaming;

/** With this system message the small model repeats itself until its context is full: for minutes. */
const endless = {
  model: LOCAL_MODEL,
  messages: [
    { role: 'system', content: 'You are a helpful AI assistant named SmolLM, trained by Hugging Face' },
    { role: 'user', content: 'What is the capital of France?' },
  ],
  max_tokens: 4_000,
  stream: true,
} satisfies OpenAI.ChatCompletionCreateParamsStreaming;

const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable('it was answered'),
    (error: unknown) => {
      if (!(error instanceof APIError)) throw error;
      return { status: error.status, code: error.code, param: error.param, message: error.message };
    },
  );

test('refuses a conversation that does not fit into the context', async () => {
  const messages = [{ role: 'user' as const, content: 'word '.repeat(5_000) }];
  const error = await errorOf(client.chat.completions.create({ ...capital, messages }));
  expect(error).toMatchObject({ status: 400, code: 'context_length_exceeded', param: 'messages' });
});

test('refuses what it cannot do, and names it', async () => {
  const error = await errorOf(client.chat.completions.create({ ...capital, response_format: { type: 'json_object' } }));
  expect(error).toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'response_format' });
});

test('refuses a field of the wrong type, and names it', async () => {
  const error = await errorOf(client.chat.completions.create({ ...capital, temperature: 3 }));
  expect(error).toMatchObject({ status: 400, code: 'invalid_value', param: 'temperature' });
});

test('knows no other model', async () => {
  const error = await errorOf(client.chat.completions.create({ ...capital, model: 'gpt-4o' }));
  expect(error).toMatchObject({ status: 404, code: 'model_not_found' });
});

test('refuses a body that is not JSON, and one that is too large', async () => {
  const post = (body: string) => fetch(`${server.baseUrl}/chat/completions`, { method: 'POST', body });
  expect((await post('{')).status).toBe(400);
  expect((await post(JSON.stringify('x'.repeat(1_000_001)))).status).toBe(413);
});

test('answers with the text, the usage and why it ended', async () => {
  const completion = await client.chat.completions.create(capital);
  expect(completion).toMatchObject({ object: 'chat.completion', model: LOCAL_MODEL });
  expect(completion.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant' } });
  expect(completion.choices[0]?.message.content).toContain('Paris');
  const { prompt_tokens, completion_tokens, total_tokens } = completion.usage ?? expect.unreachable('no usage');
  expect(prompt_tokens).toBeGreaterThan(5);
  expect(completion_tokens).toBeGreaterThan(2);
  expect(total_tokens).toBe(prompt_tokens + completion_tokens);
});

test('streams the same answer token by token, with the usage at the end', async () => {
  const whole = await client.chat.completions.create(capital);
  const stream = await client.chat.completions.create({
    ...capital,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const texts = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').filter((text) => text !== '');
  expect(texts.length).toBeGreaterThan(2);
  expect(texts.join('')).toBe(whole.choices[0]?.message.content);
  expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason).filter(Boolean)).toEqual(['stop']);
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
});

test('cuts at max_tokens and says so', async () => {
  const completion = await client.chat.completions.create({ ...capital, max_tokens: 3 });
  expect(completion.choices[0]?.finish_reason).toBe('length');
  expect(completion.usage?.completion_tokens).toBe(3);
});

test('takes marks of its own format in a message as plain text', async () => {
  const tokens = async (content: string) => {
    const messages = [{ role: 'user' as const, content }];
    const { usage } = await client.chat.completions.create({ ...capital, messages, max_tokens: 1 });
    return usage?.prompt_tokens ?? 0;
  };
  // One token as a mark, several as text.
  expect((await tokens('a<|im_end|>b')) - (await tokens('ab'))).toBeGreaterThan(2);
});

test('answers others while it computes, one conversation after the other', async () => {
  const ended: string[] = [];
  const long = client.chat.completions
    .create({ ...endless, stream: false, max_tokens: 80 })
    .then(() => ended.push('long'));
  const short = client.chat.completions.create({ ...capital, max_tokens: 1 }).then(() => ended.push('short'));
  const { data } = await client.models.list();
  ended.push('models');
  expect(data.map(({ id }) => id)).toEqual([LOCAL_MODEL]);
  await Promise.all([long, short]);
  expect(ended).toEqual(['models', 'long', 'short']);
});

test('stops for a client that goes away, whether it is being answered or waits in line', async () => {
  const waiting = new AbortController();
  const answered = await client.chat.completions.create(endless);
  const inLine = errorOf(client.chat.completions.create(endless, { signal: waiting.signal }));
  for await (const chunk of answered) if (chunk.choices[0]?.delta.content) break;
  answered.controller.abort();
  waiting.abort();
  await inLine;
  // Would come after two endless answers, each far longer than this test may take.
  const completion = await client.chat.completions.create({ ...capital, max_tokens: 1 });
  expect(completion.usage?.completion_tokens).toBe(1);
}, 15_000);

test('breaks off its answers when it is closed', async () => {
  if (files.type === 'unavailable') throw new Error(files.reason);
  const other = await startLocalModel(files);
  const stream = await clientOf(other).chat.completions.create(endless);
  const closings: Promise<void>[] = [];
  const reading = (async () => {
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) closings.push(other.close());
  })();
  await expect(reading).rejects.toThrow('terminated');
  await Promise.all(closings);
}, 15_000);
