// What every provider's answer becomes: log probabilities, fingerprints, usage with reasoning, clamped limits, strict tools.

import { afterEach, describe, expect, it } from 'vitest';
import {
  answerOf,
  call,
  chunk,
  DONE,
  failureOf,
  frame,
  question,
  startStream,
  type TestServer,
  USAGE,
} from './call.ts';

let server: TestServer | null = null;
afterEach(() => server?.close());

async function stream(...pieces: readonly string[]): Promise<string> {
  server = await startStream(pieces);
  return server.url;
}

const STOP = chunk({}, 'stop');

/** A chunk of text with its tokens. */
function withLogprobs(content: string, ...tokens: readonly object[]): string {
  return frame({
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'served-model',
    system_fingerprint: 'fp_1',
    choices: [{ index: 0, delta: { content }, logprobs: { content: tokens, refusal: null }, finish_reason: null }],
  });
}

describe('log probabilities', () => {
  const prompt = question({ params: { logprobs: 1 } });
  const token = (text: string, logprob: number, top: readonly object[] = []) => ({
    token: text,
    logprob,
    bytes: [...Buffer.from(text)],
    top_logprobs: top,
  });

  it.each([
    'openai',
    'openai-compatible',
    'xai',
    'azure',
    'fireworks',
  ] as const)('of %s are those of all chunks', async (type) => {
    const other = { token: 'Hi', logprob: -2, bytes: null };
    const url = await stream(
      withLogprobs('Hel', token('Hel', -0.1, [other])),
      withLogprobs('lo', token('lo', -0.2)),
      STOP,
      USAGE,
      DONE,
    );
    const answer = answerOf(await call(type, url, { prompt }));
    expect(answer).toMatchObject({ text: 'Hello', fingerprint: 'fp_1' });
    expect(answer.logprobs).toEqual([
      { token: 'Hel', logprob: -0.1, bytes: [72, 101, 108], top: [other] },
      { token: 'lo', logprob: -0.2, bytes: [108, 111], top: [] },
    ]);
  });

  it('that were asked for and did not come are not left out in silence', async () => {
    const url = await stream(chunk({ content: 'Hello' }), STOP, USAGE, DONE);
    expect(failureOf(await call('openai-compatible', url, { prompt })).kind).toBe('unsupported');
  });

  it('that nobody asked for are not kept', async () => {
    const url = await stream(withLogprobs('Hello', token('Hello', -0.1)), STOP, USAGE, DONE);
    expect(answerOf(await call('openai', url))).not.toHaveProperty('logprobs');
  });
});

describe('usage', () => {
  const end = (usage: object, more = {}) =>
    frame({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], ...more, usage });

  it('of xAI counts reasoning on top of the answer', async () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 5,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 20 },
    };
    const url = await stream(chunk({ content: 'Hello' }), STOP, end(usage), DONE);
    expect(answerOf(await call('xai', url)).usage).toEqual({
      inputTokens: 10,
      cachedInputTokens: 4,
      outputTokens: 25,
      reasoningTokens: 20,
    });
  });

  it("of Groq is found in Groq's own field", async () => {
    const own = { x_groq: { id: 'req_1', usage: { prompt_tokens: 10, completion_tokens: 5 } } };
    const url = await stream(chunk({ content: 'Hello' }), chunk({}, 'stop', own), DONE);
    expect(answerOf(await call('groq', url)).usage).toMatchObject({ inputTokens: 10, outputTokens: 5 });
  });

  it('of Cohere is that of its last event', async () => {
    const tokens = { input_tokens: 10, output_tokens: 5 };
    const url = await stream(
      frame({ type: 'message-start', id: 'c1' }),
      frame({ type: 'content-start', index: 0, delta: { message: { content: { type: 'thinking', thinking: '' } } } }),
      frame({ type: 'content-delta', index: 0, delta: { message: { content: { thinking: 'hm' } } } }),
      frame({ type: 'content-end', index: 0 }),
      frame({ type: 'content-start', index: 1, delta: { message: { content: { type: 'text', text: '' } } } }),
      frame({ type: 'content-delta', index: 1, delta: { message: { content: { text: 'Hel' } } } }),
      frame({ type: 'content-delta', index: 1, delta: { message: { content: { text: 'lo' } } } }),
      frame({ type: 'content-end', index: 1 }),
      frame({ type: 'message-end', delta: { finish_reason: 'COMPLETE', usage: { billed_units: tokens, tokens } } }),
    );
    expect(answerOf(await call('cohere', url))).toMatchObject({
      text: 'Hello',
      usage: { inputTokens: 10, outputTokens: 5 },
      finishReason: { unified: 'stop', raw: 'COMPLETE' },
    });
  });
});

describe('a limit of output that was lowered for the target', () => {
  const prompt = question({ params: { maxTokens: 1_000 } });
  const cut = (tokens: number) => [
    chunk({ content: 'Half an' }),
    chunk({}, 'length', { usage: { prompt_tokens: 10, completion_tokens: tokens } }),
    DONE,
  ];

  it("is the provider's, and a cut at it a failure", async () => {
    const url = await stream(...cut(64));
    const outcome = await call('openai', url, { prompt, target: { maxOutputTokens: 64 } });
    expect(failureOf(outcome).kind).toBe('truncated');
  });

  it("that is the client's own cuts as asked", async () => {
    const url = await stream(...cut(1_000));
    const outcome = await call('openai', url, { prompt, target: { maxOutputTokens: 4_096 } });
    expect(answerOf(outcome).finishReason.unified).toBe('length');
  });

  it('says nothing of an answer that ends before it, and ends one that fills it', async () => {
    const ended = (tokens: number) => [
      chunk({ content: 'Whole.' }),
      chunk({}, 'stop', { usage: { prompt_tokens: 10, completion_tokens: tokens } }),
      DONE,
    ];
    const target = { maxOutputTokens: 64 };
    expect(answerOf(await call('openai', await stream(...ended(63)), { prompt, target })).text).toBe('Whole.');
    await server?.close();
    expect(failureOf(await call('openai', await stream(...ended(64)), { prompt, target })).kind).toBe('truncated');
  });

  it('is not even sent when the prompt does not fit', async () => {
    const url = await stream(...cut(64));
    const outcome = await call('openai', url, { target: { contextWindow: 5 } });
    expect(failureOf(outcome)).toMatchObject({ kind: 'context-too-long', param: 'messages' });
    expect(server?.requests()).toBe(0);
    expect(outcome.meta.possiblyBilled).toBe(false);
  });
});

describe('the arguments of a strict tool', () => {
  const parameters = {
    type: 'object',
    properties: { a: { type: 'number' } },
    required: ['a'],
    additionalProperties: false,
  };
  const prompt = question({ tools: [{ name: 'find', parameters, strict: true }] });
  const calling = (text: string) => [
    chunk({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'find', arguments: text } }] }),
    chunk({}, 'tool_calls'),
    USAGE,
    DONE,
  ];

  it.each(['openai', 'deepseek', 'groq'] as const)('of %s are as the schema says, or no answer', async (type) => {
    expect(answerOf(await call(type, await stream(...calling('{"a":1}')), { prompt })).toolCalls).toHaveLength(1);
    await server?.close();
    expect(failureOf(await call(type, await stream(...calling('{"b":1}')), { prompt })).kind).toBe('schema-invalid');
  });

  it('may be anything when the tool is not', async () => {
    const loose = question({ tools: [{ name: 'find', parameters }] });
    expect(
      answerOf(await call('openai', await stream(...calling('{"b":1}')), { prompt: loose })).toolCalls,
    ).toHaveLength(1);
  });
});
