// Lines that are made after the image of others: the same, byte for byte, as if each had been written by itself.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineEncoder } from '../../../activities/providers/batch/line-encoder.ts';
import { createLineWriter } from '../../../activities/providers/batch/line-request.ts';
import type { ProviderSettings } from '../../../activities/providers/registry.ts';
import { batchVendorOf } from '../../../activities/providers/registry.ts';
import type { Message, Prompt } from '../../../src/domain/prompt.ts';
import type { Target } from '../../../src/domain/target.ts';

const MODELS = {
  openai: 'gpt-4o',
  anthropic: 'claude-haiku-4-5',
  google: 'gemini-2.5-flash',
  mistral: 'mistral-medium-latest',
  groq: 'llama-3.3-70b-versatile',
} as const;
type Wire = keyof typeof MODELS;
const wires = Object.keys(MODELS) as Wire[];

async function open(wire: Wire, facts: Partial<Target> = {}) {
  const settings: ProviderSettings = { type: wire, apiKey: 'k', baseUrl: 'http://127.0.0.1:9/v1' };
  const target = { provider: 'one', model: MODELS[wire], ...facts };
  const vendor = await batchVendorOf(settings);
  const access = { settings, baseUrl: 'http://127.0.0.1:9/v1', model: target.model };
  const connection = vendor?.connect({ ...access, fetch, signal: new AbortController().signal });
  if (!connection) throw new Error(`${wire} has no batches.`);
  const writer = await createLineWriter({ settings, target });
  const encoder = new LineEncoder({ target, writer, encode: (line) => connection.encode(line) });
  const inFull = async (id: string, prompt: Prompt) => {
    const written = await writer.write(prompt);
    return written.type === 'written' ? connection.encode({ id, body: written.body }) : written.failure;
  };
  return { encoder, inFull };
}

const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }) },
  fc.constantFrom('', ' ', 'ends with a space ', '\n"quoted" \\ and\ttabbed', '\ud800 alone', 'gap-5b1f8e0c.0.'),
);
const user = fc
  .array(text, { minLength: 1, maxLength: 2 })
  .map((texts): Message => ({ role: 'user', parts: texts.map((each) => ({ type: 'text', text: each })) }));
const messages = fc.oneof(
  user.map((message) => [message]),
  fc.tuple(text, user).map(([said, message]): Message[] => [{ role: 'system', text: said }, message]),
  // Anthropic takes no space at the end of what it is to go on from: the AI SDK takes it away.
  fc.tuple(user, text).map(([first, said]): Message[] => [first, { role: 'assistant', text: said, toolCalls: [] }]),
  fc
    .tuple(user, text, user)
    .map(([first, said, last]): Message[] => [first, { role: 'assistant', text: said, toolCalls: [] }, last]),
);
const prompts: fc.Arbitrary<Prompt> = fc.record({
  messages,
  params: fc.constantFrom({}, { maxTokens: 50 }, { maxTokens: 4_000, temperature: 0 }),
});

describe.each(wires)('%s', (wire) => {
  test('a line is the same whether it is written or made after others', async () => {
    const { encoder, inFull } = await open(wire);
    let made = 0;
    await fc.assert(
      fc.asyncProperty(prompts, fc.uuid(), async (prompt, id) => {
        const like = encoder.like({ id, prompt });
        if (like !== null) made += 1;
        expect(like ?? (await encoder.write({ id, prompt }))).toEqual(await inFull(id, prompt));
      }),
      { numRuns: 300 },
    );
    expect(made).toBeGreaterThan(100);
  });

  test('a prompt that comes near the end of the context is written by itself', async () => {
    const facts = { contextWindow: 2_000, system: 'You are brief.' };
    const { encoder, inFull } = await open(wire, facts);
    for (const words of [10, 11, 12, 900, 1_200, 1_900, 13]) {
      const parts = [{ type: 'text', text: 'word '.repeat(words).trim() }] as const;
      const prompt: Prompt = { messages: [{ role: 'user', parts }], params: { maxTokens: 1_500 } };
      expect(encoder.like({ id: 'a', prompt }) ?? (await encoder.write({ id: 'a', prompt }))).toEqual(
        await inFull('a', prompt),
      );
    }
  });
});

test('the third line of a shape is made at once, and one with an image never', async () => {
  const { encoder } = await open('openai');
  const ask = (said: string): Prompt => ({
    messages: [{ role: 'user', parts: [{ type: 'text', text: said }] }],
    params: {},
  });
  const isMade = async (prompt: Prompt) => {
    const like = encoder.like({ id: 'a', prompt });
    if (like === null) await encoder.write({ id: 'a', prompt });
    return like !== null;
  };
  expect([await isMade(ask('one')), await isMade(ask('two')), await isMade(ask('three'))]).toEqual([
    false,
    false,
    true,
  ]);
  const seen: Prompt = {
    messages: [{ role: 'user', parts: [{ type: 'image', url: 'data:image/png;base64,AAAA' }] }],
    params: {},
  };
  expect([await isMade(seen), await isMade(seen), await isMade(seen)]).toEqual([false, false, false]);
});
