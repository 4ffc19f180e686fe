// What a target is asked, and what it is known not to be able to do: needs that rule it out, hints that are dropped.

import { describe, expect, test } from 'vitest';
import { capabilitiesOf, type CapabilityRow } from '../../src/domain/capabilities.ts';
import type { ContentPart, Prompt } from '../../src/domain/prompt.ts';
import type { Target } from '../../src/domain/target.ts';
import { targetPrompt } from '../../src/domain/target-prompt.ts';

const TEXT: ContentPart = { type: 'text', text: 'What is this?' };
const plain = (change: Partial<Prompt> = {}, ...parts: readonly ContentPart[]): Prompt => ({
  messages: [{ role: 'user', parts: [TEXT, ...parts] }],
  params: {},
  ...change,
});
const tools: Prompt['tools'] = [{ name: 'find', strict: true }];

function asked(
  prompt: Prompt,
  change: { readonly rows?: readonly CapabilityRow[]; readonly target?: Partial<Target> } = {},
) {
  const target = { provider: 'p', model: 'small-1', ...change.target };
  return targetPrompt({ prompt, target, capabilities: capabilitiesOf(change.rows ?? [], target.model) });
}

describe('a target that lacks what is asked for cannot take it', () => {
  const cases: readonly (readonly [
    lacks: NonNullable<CapabilityRow['lacks']>[number],
    prompt: Prompt,
    param: string,
  ])[] = [
    ['tools', plain({ tools }), 'tools'],
    ['tool-choice-required', plain({ tools, toolChoice: 'required' }), 'tool_choice'],
    ['tool-choice-named', plain({ tools, toolChoice: { name: 'find' } }), 'tool_choice'],
    ['single-tool-calls', plain({ tools, parallelToolCalls: false }), 'parallel_tool_calls'],
    ['images', plain({}, { type: 'image', url: 'data:image/png;base64,aGk=' }), 'messages'],
    ['image-urls', plain({}, { type: 'image', url: 'https://example.com/a.png' }), 'messages'],
    ['images', plain({}, { type: 'file', url: 'data:image/png;base64,aGk=' }), 'messages'],
    ['pdfs', plain({}, { type: 'file', url: 'data:application/pdf;base64,aGk=' }), 'messages'],
    ['audio', plain({}, { type: 'file', url: 'data:audio/wav;base64,aGk=' }), 'messages'],
    ['files', plain({}, { type: 'file', url: 'data:application/zip;base64,aGk=' }), 'messages'],
    ['stop', plain({ params: { stop: ['END'] } }), 'stop'],
    ['logprobs', plain({ params: { logprobs: 0 } }), 'logprobs'],
  ];

  test.each(cases)('%s', (lack, prompt, param) => {
    expect(asked(prompt, { rows: [{ lacks: [lack] }] })).toMatchObject({ type: 'unsupported', param });
    expect(asked(prompt)).toMatchObject({ type: 'prompt' });
    expect(asked(plain(), { rows: [{ lacks: [lack] }] })).toMatchObject({ type: 'prompt' });
  });

  test('more stop sequences or alternatives than it takes', () => {
    const rows = [{ maxStops: 1, maxLogprobs: 5 }];
    expect(asked(plain({ params: { stop: ['a', 'b'] } }), { rows })).toMatchObject({ param: 'stop' });
    expect(asked(plain({ params: { logprobs: 6 } }), { rows })).toMatchObject({ param: 'top_logprobs' });
    expect(asked(plain({ params: { logprobs: 5, stop: ['a'] } }), { rows })).toMatchObject({ type: 'prompt' });
  });

  test('what the target itself overrides counts', () => {
    const rows: readonly CapabilityRow[] = [{ lacks: ['stop'] }];
    expect(asked(plain(), { rows, target: { params: { stop: ['END'] } } })).toMatchObject({ type: 'unsupported' });
  });

  test('but tools that must not be called, and files of text, ask for nothing', () => {
    expect(asked(plain({ tools, toolChoice: 'none' }), { rows: [{ lacks: ['tools'] }] })).toMatchObject({
      type: 'prompt',
    });
    const file = plain({}, { type: 'file', url: 'data:text/csv;base64,aGk=' });
    expect(asked(file, { rows: [{ lacks: ['files', 'pdfs'] }] })).toMatchObject({ type: 'prompt' });
  });
});

test('rows count for the models that they name, and add up', () => {
  const rows: readonly CapabilityRow[] = [
    { lacks: ['stop'], maxStops: 4 },
    { models: '^small', lacks: ['seed'], maxStops: 2 },
    { models: '^large', lacks: ['tools'] },
  ];
  expect(capabilitiesOf(rows, 'SMALL-1')).toEqual({
    lacks: new Set(['stop', 'seed']),
    maxStops: 2,
    maxLogprobs: Infinity,
  });
});

test('hints that a target does not take are dropped, and nothing else', () => {
  const prompt = plain({
    tools,
    params: { seed: 1, temperature: 0, presencePenalty: 1, frequencyPenalty: 1, reasoningEffort: 'low' },
  });
  const rows: readonly CapabilityRow[] = [
    { lacks: ['seed', 'presence-penalty', 'frequency-penalty', 'reasoning-effort', 'strict-tools'] },
  ];
  expect(asked(prompt, { rows })).toEqual({
    type: 'prompt',
    prompt: { ...prompt, tools: [{ name: 'find' }], params: { temperature: 0 } },
  });
});

describe('the limit of output', () => {
  const limited = (maxTokens: number | undefined, target: Partial<Target>, prompt = plain()) => {
    const result = asked({ ...prompt, params: maxTokens === undefined ? {} : { maxTokens } }, { target });
    return result.type === 'prompt' ? result.prompt.params.maxTokens : result.type;
  };
  const long = (words: number) =>
    plain({ messages: [{ role: 'user', parts: [{ type: 'text', text: 'word '.repeat(words) }] }] });

  test("is lowered to the target's ceiling, and left alone below it", () => {
    expect(limited(5_000, { maxOutputTokens: 4_096 })).toBe(4_096);
    expect(limited(4_096, { maxOutputTokens: 4_096 })).toBe(4_096);
    expect(limited(100, { maxOutputTokens: 4_096 })).toBe(100);
    expect(limited(undefined, { maxOutputTokens: 4_096 })).toBeUndefined();
    expect(limited(5_000, {})).toBe(5_000);
  });

  test('leaves room for the prompt in the window, counted in the favour of the target', () => {
    const left = limited(8_000, { contextWindow: 8_192 }, long(4_000));
    expect(left).toBeGreaterThan(8_192 - 4_001);
    expect(left).toBeLessThan(5_000);
  });

  test('is nothing when not even the fewest tokens of the prompt fit', () => {
    expect(limited(undefined, { contextWindow: 1_000 }, long(1_200))).toBe('too-long');
    // A thousand words are a thousand tokens, or a few less by a tokeniser that nobody has seen.
    expect(limited(undefined, { contextWindow: 1_000 }, long(990))).toBeUndefined();
  });
});
