// What exactly is on the wire: pieces, separators, missing ends, other documents. Against servers that write just that.

import { afterEach, describe, expect, it } from 'vitest';
import { answerOf, call, chunk, DONE, failureOf, frame, LIMITS, question, startServer, startStream } from './call.ts';
import type { TestServer } from './call.ts';
import { USAGE } from './call.ts';

let server: TestServer | null = null;
afterEach(() => server?.close());

async function stream(...pieces: readonly (string | Uint8Array)[]): Promise<string> {
  server = await startStream(pieces);
  return server.url;
}

const STOP = chunk({}, 'stop');

describe('a chat completions stream', () => {
  it('may come in any pieces, with any line ends, comments, and no last blank line', async () => {
    const text = [
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'Grüße, ' }),
      chunk({ content: '日本 🌊' }),
    ];
    const all = `: hello\r\n\r\n${text.join('').replaceAll('\n\n', '\r\n\r\nevent: x\r\nid: 1\r\n\r\n')}${STOP}${USAGE}data:[DONE]`;
    const bytes = Buffer.from(all);
    const url = await stream(
      ...Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) => bytes.subarray(i * 7, i * 7 + 7)),
    );
    const outcome = await call('openai-compatible', url);
    expect(answerOf(outcome)).toEqual({
      text: 'Grüße, 日本 🌊',
      refusal: null,
      toolCalls: [],
      finishReason: { unified: 'stop', raw: 'stop' },
      usage: { inputTokens: 10, cachedInputTokens: null, outputTokens: 5, reasoningTokens: null },
      model: 'served-model',
    });
  });

  it('is a cut without its end event, whatever the finish reason says', async () => {
    const url = await stream(chunk({ content: 'Whole?' }), STOP, USAGE);
    expect(failureOf(await call('openai', url)).kind).toBe('connection');
  });

  it('is a cut when it ends in the middle of an event', async () => {
    const url = await stream(chunk({ content: 'Half' }), chunk({ content: 'lost' }).slice(0, 40));
    expect(failureOf(await call('openai', url)).kind).toBe('connection');
  });

  it('with an end event and no finish reason is malformed', async () => {
    const url = await stream(chunk({ content: 'Hello' }), DONE);
    expect(failureOf(await call('openai', url)).kind).toBe('malformed');
  });

  it('is malformed by any one chunk, though the rest makes sense', async () => {
    const url = await stream(
      chunk({ content: 'one ' }),
      'data: {"choi\n\n',
      chunk({ content: 'three' }),
      STOP,
      USAGE,
      DONE,
    );
    expect(failureOf(await call('openai', url)).kind).toBe('malformed');
  });

  it('keeps thoughts out of the text, and counts them as life', async () => {
    server = await startServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const thoughts = setInterval(() => response.write(chunk({ reasoning_content: 'hm ' })), 20);
      setTimeout(() => {
        clearInterval(thoughts);
        response.end(chunk({ content: '42' }) + STOP + USAGE + DONE);
      }, 300);
    });
    const limits = { ...LIMITS, firstTokenTimeoutMs: 150, stallTimeoutMs: 150 };
    const outcome = await call('deepseek', server.url, { limits });
    expect(answerOf(outcome).text).toBe('42');
    expect(outcome.meta.firstTokenMs).toBeLessThan(150);
  });

  it('is truncated when thinking took all tokens, even those that the client allowed', async () => {
    const usage = { prompt_tokens: 9, completion_tokens: 64, completion_tokens_details: { reasoning_tokens: 64 } };
    const url = await stream(chunk({ content: '' }), chunk({}, 'length', { usage }), DONE);
    const outcome = await call('openai', url, { prompt: question({ params: { maxTokens: 64 } }) });
    expect(failureOf(outcome).kind).toBe('truncated');
    expect(outcome.meta.usage).toMatchObject({ reasoningTokens: 64 });
  });

  it('is a refusal when any of it is one', async () => {
    const url = await stream(
      chunk({ content: 'Well, ' }),
      chunk({ refusal: 'I ' }),
      chunk({ refusal: 'cannot.' }),
      STOP,
      USAGE,
      DONE,
    );
    expect(failureOf(await call('openai', url))).toMatchObject({ kind: 'refused', providerMessage: 'I cannot.' });
  });

  it('gives the calls of several tools, each in pieces', async () => {
    const tool = (index: number, rest: object) => chunk({ tool_calls: [{ index, ...rest }] });
    const opened = (index: number) =>
      tool(index, { id: `call_${index}`, type: 'function', function: { name: 'f', arguments: '' } });
    const url = await stream(
      opened(0),
      tool(0, { function: { arguments: '{"a":' } }),
      tool(0, { function: { arguments: '1}' } }),
      opened(1),
      chunk({}, 'tool_calls'),
      USAGE,
      DONE,
    );
    expect(answerOf(await call('openai', url)).toolCalls).toEqual([
      { id: 'call_0', name: 'f', arguments: '{"a":1}' },
      { id: 'call_1', name: 'f', arguments: '{}' },
    ]);
  });

  it('is truncated when the arguments of a tool call are left open', async () => {
    const open = { index: 0, id: 'call_0', type: 'function', function: { name: 'f', arguments: '{"a":[1,' } };
    const url = await stream(chunk({ tool_calls: [open] }), chunk({}, 'tool_calls'), USAGE, DONE);
    expect(failureOf(await call('openai', url)).kind).toBe('truncated');
  });

  it('is malformed when it claims tool calls and has none', async () => {
    const url = await stream(chunk({ content: 'Let me look.' }), chunk({}, 'tool_calls'), USAGE, DONE);
    expect(failureOf(await call('openai', url)).kind).toBe('malformed');
  });

  it('without usage is an answer whose price nobody knows', async () => {
    const url = await stream(chunk({ content: 'Hello' }), STOP, DONE);
    const outcome = await call('openai-compatible', url);
    expect(answerOf(outcome).usage).toBeNull();
    expect(outcome.meta.possiblyBilled).toBe(true);
  });

  it('is overloaded when DeepSeek runs out of room in the middle', async () => {
    const url = await stream(chunk({ content: 'Hel' }), chunk({}, 'insufficient_system_resource'), DONE);
    expect(failureOf(await call('deepseek', url)).kind).toBe('overloaded');
  });

  it('is truncated when Mistral reaches the end of its context', async () => {
    const url = await stream(chunk({ content: 'Hel' }), chunk({}, 'model_length'), DONE);
    expect(failureOf(await call('mistral', url)).kind).toBe('truncated');
  });
});

describe('an answer that is no stream', () => {
  async function document(body: string, headers: Record<string, string>, status = 200) {
    server = await startServer((_request, response) => response.writeHead(status, headers).end(body));
    return failureOf(await call('openai', server.url));
  }
  const json = { 'content-type': 'application/json' };

  it('enters the table by the code of its error, whatever its content type says', async () => {
    const body = JSON.stringify({ error: { message: 'Slow down', code: 429 } });
    expect(await document(body, { 'content-type': 'text/event-stream' })).toMatchObject({
      kind: 'rate-limited',
      status: 200,
    });
  });

  it('is malformed when it is an answer all at once', async () => {
    const body = JSON.stringify({ object: 'chat.completion', choices: [{ message: { content: 'Hello' } }] });
    expect((await document(body, json)).kind).toBe('malformed');
  });

  it('is not read for ever', async () => {
    expect((await document(`<html>${'x'.repeat(300_000)}`, { 'content-type': 'text/html' })).kind).toBe('server-error');
  });

  it('is a cut when there is nothing of it at all', async () => {
    expect((await document('', json)).kind).toBe('connection');
    expect((await document('', {}, 204)).kind).toBe('connection');
  });
});

describe('a connection', () => {
  it('that is refused or not found has sent nothing', async () => {
    server = await startStream([]);
    const { url } = server;
    await server.close();
    for (const baseUrl of [url, 'http://does-not-exist.invalid/v1', url.replace('http:', 'https:')]) {
      const outcome = await call('openai', baseUrl);
      expect(failureOf(outcome)).toMatchObject({ kind: 'connection' });
      expect(outcome.meta.possiblyBilled).toBe(false);
    }
  });

  it('that speaks no TLS has sent nothing', async () => {
    server = await startStream([]);
    const outcome = await call('openai', server.url.replace('http:', 'https:'));
    expect(failureOf(outcome)).toMatchObject({ kind: 'connection' });
    expect(outcome.meta.possiblyBilled).toBe(false);
    expect(server.requests()).toBe(0);
  });
});

describe("Anthropic's stream", () => {
  const start = {
    id: 'm1',
    type: 'message',
    role: 'assistant',
    model: 'claude-served',
    content: [],
    usage: { input_tokens: 9, output_tokens: 1 },
  };
  const begin = frame({ type: 'message_start', message: start });
  const text = (words: string) =>
    frame({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }) +
    words
      .split(' ')
      .map((word) => frame({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: `${word} ` } }))
      .join('') +
    frame({ type: 'content_block_stop', index: 0 });
  const finish = (stop_reason: string) =>
    frame({ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 7 } });
  const end = frame({ type: 'message_stop' });
  const callIt = async (...pieces: string[]) => call('anthropic', (await stream(...pieces)).replace('/v1', ''));

  it('is an answer with all of its events', async () => {
    const answer = answerOf(
      await callIt(begin, frame({ type: 'ping' }), text('To be or not'), finish('end_turn'), end),
    );
    expect(answer).toMatchObject({
      text: 'To be or not ',
      model: 'claude-served',
      usage: { inputTokens: 9, outputTokens: 7 },
    });
  });

  it('is a cut without its last event', async () => {
    expect(failureOf(await callIt(begin, text('To be'), finish('end_turn'))).kind).toBe('connection');
  });

  it.each([
    ['pause_turn', 'malformed'],
    ['model_context_window_exceeded', 'truncated'],
    ['max_tokens', 'truncated'],
    ['refusal', 'refused'],
  ])('that stops by %s is %s', async (reason, kind) => {
    expect(failureOf(await callIt(begin, text('To be'), finish(reason), end)).kind).toBe(kind);
  });
});

describe("Gemini's stream", () => {
  const part = (text: string, more = {}) =>
    frame({
      candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0, ...more }],
      modelVersion: 'gemini-served',
    });

  it.each([
    ['RECITATION', 'content-filtered'],
    ['LANGUAGE', 'content-filtered'],
    ['MALFORMED_FUNCTION_CALL', 'malformed'],
    ['OTHER', 'malformed'],
    ['MAX_TOKENS', 'truncated'],
  ])('that finishes by %s is %s', async (finishReason, kind) => {
    const url = await stream(part('To be'), part(' or', { finishReason }));
    expect(failureOf(await call('google', url)).kind).toBe(kind);
  });

  it('that wants to be continued is truncated, and no second request is sent', async () => {
    const url = await stream(part('To be', { finishReason: 'CONTINUATION', continuationToken: 'next' }));
    expect(failureOf(await call('google', url)).kind).toBe('truncated');
    expect(server?.requests()).toBe(1);
  });

  it('that blocks the prompt for another reason is filtered too', async () => {
    const url = await stream(frame({ promptFeedback: { blockReason: 'OTHER' } }));
    expect(failureOf(await call('google', url))).toMatchObject({ kind: 'content-filtered', providerMessage: 'OTHER' });
  });
});
