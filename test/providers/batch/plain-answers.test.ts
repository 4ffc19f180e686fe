// Plain texts are read by a short way of our own, which must come to what the AI SDK makes of them.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLineReader } from '../../../activities/providers/batch/line-answer.ts';
import type { Prompt } from '../../../src/domain/prompt.ts';

const prompt: Prompt = {
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'What is this?' }] }],
  params: { maxTokens: 300 },
};

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
const count = fc.nat({ max: 400 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const chat = fc
  .record({
    content: fc.oneof({ weight: 5, arbitrary: text }, fc.constantFrom('', null)),
    finish: fc.constantFrom('stop', 'length', 'content_filter', 'tool_calls', 'never heard of'),
    refusal: fc.constantFrom(null, undefined, null, 'I must not.'),
    calls: fc.constantFrom(
      undefined,
      null,
      [],
      [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
    ),
    input: count,
    output: count,
    cached: maybe(count),
    reasoning: maybe(count),
    fingerprint: maybe(text),
  })
  .map(({ content, finish, refusal, calls, input, output, cached, reasoning, fingerprint }) => ({
    id: 'c-1',
    object: 'chat.completion',
    created: 1,
    model: 'm-1',
    system_fingerprint: fingerprint,
    choices: [{ index: 0, message: { role: 'assistant', content, refusal, tool_calls: calls }, finish_reason: finish }],
    usage: {
      prompt_tokens: input,
      completion_tokens: output,
      total_tokens: input + output,
      ...(cached !== undefined && { prompt_tokens_details: { cached_tokens: cached } }),
      ...(reasoning !== undefined && { completion_tokens_details: { reasoning_tokens: reasoning } }),
    },
  }));

const message = fc
  .record({
    blocks: fc.oneof(
      { weight: 5, arbitrary: text.map((said) => [{ type: 'text', text: said }]) },
      fc.constantFrom(
        [],
        [
          { type: 'text', text: 'one' },
          { type: 'text', text: 'two' },
        ],
      ),
    ),
    finish: fc.constantFrom('end_turn', 'max_tokens', 'refusal', 'stop_sequence', 'never heard of'),
    input: count,
    output: count,
    cached: maybe(count),
    written: maybe(count),
  })
  .map(({ blocks, finish, input, output, cached, written }) => ({
    id: 'm-1',
    type: 'message',
    role: 'assistant',
    model: 'm-1',
    content: blocks,
    stop_reason: finish,
    stop_sequence: null,
    usage: {
      input_tokens: input,
      output_tokens: output,
      cache_read_input_tokens: cached,
      cache_creation_input_tokens: written,
    },
  }));

const candidates = fc
  .record({
    parts: fc.oneof(
      {
        weight: 5,
        arbitrary: fc.array(
          text.map((said) => ({ text: said })),
          { maxLength: 3 },
        ),
      },
      fc.constant([{ text: 'hm', thought: true }, { text: 'so' }]),
    ),
    finish: fc.constantFrom('STOP', 'MAX_TOKENS', 'SAFETY', 'NEVER_HEARD_OF'),
    input: count,
    output: maybe(count),
    cached: maybe(count),
    thoughts: maybe(count),
  })
  .map(({ parts, finish, input, output, cached, thoughts }) => ({
    candidates: [{ content: { role: 'model', parts }, finishReason: finish, index: 0 }],
    usageMetadata: {
      promptTokenCount: input,
      candidatesTokenCount: output,
      cachedContentTokenCount: cached,
      thoughtsTokenCount: thoughts,
      totalTokenCount: input,
    },
    modelVersion: 'm-1-002',
    responseId: 'r',
  }));

describe.each<['openai' | 'mistral' | 'groq' | 'anthropic' | 'google', fc.Arbitrary<object>]>([
  ['openai', chat],
  ['mistral', chat],
  ['groq', chat],
  ['anthropic', message],
  ['google', candidates],
])('%s', (type, bodies) => {
  test('what is read the short way is what the AI SDK reads', async () => {
    const settings = { type, apiKey: 'k', baseUrl: 'http://127.0.0.1:9/v1' } as const;
    const reader = await createLineReader({ settings, target: { provider: 'one', model: 'm-1' } });
    let short = 0;
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        // As it comes off the wire: what is undefined is not there.
        const asRead: unknown = JSON.parse(JSON.stringify(body));
        const given = { prompt, result: { type: 'answer', id: 'a', body: asRead, requestId: null } } as const;
        const read = reader.readPlain(given);
        if (read) short += 1;
        expect(read ?? (await reader.read(given))).toEqual(await reader.read(given));
      }),
      { numRuns: 300 },
    );
    expect(short).toBeGreaterThan(100);
  });
});
