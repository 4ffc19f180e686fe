// The text of an answer as it is passed on while it comes, and going on from a text that another target has begun: on the
// wire of each vendor.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ProviderType } from '../../activities/providers/registry.ts';
import type { Passage } from '../../src/domain/line.ts';
import type { Prompt } from '../../src/domain/prompt.ts';
import type { Simulator, Wire } from '../../src/simulator/simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { TestServer } from './call.ts';
import { answerOf, call, chunk, DONE, failureOf, frame, question, startStream, USAGE } from './call.ts';

let simulator: Simulator;
let server: TestServer | null = null;

beforeAll(async () => {
  simulator = await startSimulator();
});
afterEach(async () => {
  simulator.clear();
  await server?.close();
});
afterAll(() => simulator.close());

class Passed implements Passage {
  readonly sofar: string;
  readonly pieces: string[] = [];
  model = '';
  isInterrupted = false;

  constructor(sofar = '') {
    this.sofar = sofar;
  }

  get text(): string {
    return this.pieces.join('');
  }

  pass(text: string, model: string): void {
    this.pieces.push(text);
    this.model = model;
  }

  interrupt(): void {
    this.isInterrupted = true;
  }
}

const STOP = chunk({}, 'stop');
/** Mistral counts in its last chunk. */
const COUNTED = chunk({}, 'stop', { usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } });
/** What the simulated models say to it. */
const TEXT = 'It flows through seven countries on its way to the sea.';

const vendors: readonly (readonly [ProviderType, Wire])[] = [
  ['openai', 'openai'],
  ['openai-compatible', 'openai'],
  ['deepseek', 'deepseek'],
  ['mistral', 'mistral'],
  ['anthropic', 'anthropic'],
  ['google', 'google'],
];

async function pass(type: ProviderType, pieces: readonly string[], passage = new Passed(), prompt = question()) {
  server = await startStream(pieces);
  const url = type === 'anthropic' ? server.url.replace('/v1', '') : server.url;
  return { passage, outcome: await call(type, url, { passage, prompt }) };
}

describe('what is passed on', () => {
  test.each(
    vendors,
  )('of %s is the answer, piece by piece, under the name of the model that serves', async (type, wire) => {
    const passage = new Passed();
    const outcome = await call(type, simulator.baseUrl('main', wire), { passage });
    expect(passage.text).toBe(answerOf(outcome).text);
    expect(passage.text).toBe(TEXT);
    expect(passage.pieces.length).toBeGreaterThan(10);
    expect(passage.model).toBe(answerOf(outcome).model);
  });

  test.each(vendors)('of %s ends before a chunk that cannot be read: behind it would be a hole', async (type, wire) => {
    simulator.inject({ fault: { type: 'malformed-chunk', afterChunks: 5 } });
    const passage = new Passed();
    const outcome = await call(type, simulator.baseUrl('main', wire), { passage });
    expect(failureOf(outcome).kind).toBe('malformed');
    expect(passage.text).toBe(TEXT.slice(0, 20));
  });

  test.each(vendors)('of %s ends before an error in the stream', async (type, wire) => {
    simulator.inject({ fault: { type: 'error-in-200', situation: 'server-error', afterChunks: 5 } });
    const passage = new Passed();
    failureOf(await call(type, simulator.baseUrl('main', wire), { passage }));
    expect(passage.text).toBe(TEXT.slice(0, 20));
  });

  test.each(vendors)('of %s is nothing when it calls a tool', async (type, wire) => {
    simulator.inject({ fault: { type: 'tool-call', name: 'weather', arguments: { city: 'Graz' } } });
    const passage = new Passed();
    const prompt = question({ tools: [{ name: 'weather', parameters: { type: 'object' } }] });
    const outcome = await call(type, simulator.baseUrl('main', wire), { passage, prompt });
    expect(answerOf(outcome).toolCalls).toHaveLength(1);
    expect(passage.pieces).toEqual([]);
  });

  test.each<[ProviderType, readonly string[]]>([
    ['deepseek', [chunk({ reasoning_content: 'hm' }), chunk({ content: 'Yes' }), STOP, USAGE, DONE]],
    [
      'mistral',
      [
        chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }),
        chunk({ content: [{ type: 'text', text: 'Yes' }] }),
        STOP,
        DONE,
      ],
    ],
    [
      'google',
      [
        frame({ candidates: [{ content: { parts: [{ text: 'hm', thought: true }, { text: 'Yes' }] } }] }),
        frame({
          candidates: [{ finishReason: 'STOP' }],
          usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1 },
        }),
      ],
    ],
    [
      'anthropic',
      [
        frame({
          type: 'message_start',
          message: {
            id: 'm',
            model: 'claude',
            role: 'assistant',
            content: [],
            usage: { input_tokens: 1, output_tokens: 1 },
          },
        }),
        frame({
          type: 'content_block_start',
          index: 0,
          content_block: { type: 'thinking', thinking: '', signature: '' },
        }),
        frame({ type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } }),
        frame({ type: 'content_block_stop', index: 0 }),
        frame({ type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } }),
        frame({ type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Yes' } }),
        frame({ type: 'content_block_stop', index: 1 }),
        frame({
          type: 'message_delta',
          delta: { stop_reason: 'end_turn', stop_sequence: null },
          usage: { output_tokens: 2 },
        }),
        frame({ type: 'message_stop' }),
      ],
    ],
  ])('of %s has no thoughts in it', async (type, pieces) => {
    const { passage, outcome } = await pass(type, pieces);
    expect(answerOf(outcome).text).toBe('Yes');
    expect(passage.pieces).toEqual(['Yes']);
  });
});

describe('going on from a text', () => {
  const messagesSent = () =>
    (simulator.requests[0]?.body as { readonly messages: readonly object[] } | undefined)?.messages ?? [];
  const lastMessage = () => messagesSent().at(-1);
  const goOn = async (type: ProviderType, wire: Wire, sofar: string, prompt: Prompt = question()) => {
    const passage = new Passed(sofar);
    return { passage, outcome: await call(type, simulator.baseUrl('main', wire), { passage, prompt }) };
  };

  test('mistral is given it as a prefix, anthropic as the last message, both without white space at its end', async () => {
    const begun = 'It flows through ';
    const mistral = await goOn('mistral', 'mistral', begun);
    expect(lastMessage()).toMatchObject({ role: 'assistant', content: 'It flows through', prefix: true });
    simulator.clear();
    const anthropic = await goOn('anthropic', 'anthropic', begun);
    expect(JSON.stringify(lastMessage())).toContain('"text":"It flows through"');
    for (const { passage, outcome } of [mistral, anthropic]) {
      expect(begun + passage.text).toBe(TEXT);
      expect(answerOf(outcome).text).toBe(TEXT);
      expect(passage.isInterrupted).toBe(false);
    }
  });

  test.each([
    'It flows thr',
    'It flows through',
    'It flows through ',
  ])('no white space is lost or doubled behind "%s"', async (begun) => {
    const { passage, outcome } = await goOn('anthropic', 'anthropic', begun);
    expect(begun + passage.text).toBe(TEXT);
    expect(answerOf(outcome).text).toBe(TEXT);
  });

  test('behind the beginning of an answer that the client has given, it is one message', async () => {
    const { messages } = question();
    const prompt = question({ messages: [...messages, { role: 'assistant', text: 'The river ', toolCalls: [] }] });
    await goOn('mistral', 'mistral', 'is long', prompt);
    expect(lastMessage()).toMatchObject({ role: 'assistant', content: 'The river is long', prefix: true });
    expect(messagesSent()).toHaveLength(2);
  });

  test('what comes of it may be no more than a tool call, and is empty when it is nothing', async () => {
    const prompt = question({ tools: [{ name: 'weather', parameters: { type: 'object' } }] });
    simulator.inject({ fault: { type: 'tool-call', name: 'weather', arguments: {} } });
    const { outcome } = await goOn('anthropic', 'anthropic', 'Let me see.', prompt);
    expect(answerOf(outcome)).toMatchObject({ text: 'Let me see.', toolCalls: [{ name: 'weather' }] });
    simulator.inject({ fault: { type: 'answer', text: ' \n' } });
    expect(failureOf((await goOn('anthropic', 'anthropic', TEXT)).outcome).kind).toBe('empty');
  });

  test('a prefix that the answer repeats is not said twice, in whatever pieces it comes', async () => {
    const pieces = ['The ri', 'ver is', ' long and', ' wide.'].map((content) => chunk({ content }));
    const { passage, outcome } = await pass('mistral', [...pieces, COUNTED, DONE], new Passed('The river is '));
    expect(passage.text).toBe('long and wide.');
    expect(answerOf(outcome).text).toBe('The river is long and wide.');
  });

  test('a text that only begins like the prefix is passed on', async () => {
    const pieces = ['The ', 'same again.'].map((content) => chunk({ content }));
    const { passage, outcome } = await pass('mistral', [...pieces, COUNTED, DONE], new Passed('The river is '));
    expect(passage.text).toBe('The same again.');
    expect(answerOf(outcome).text).toBe('The river is The same again.');
  });

  test.each(vendors)('that is white space alone, %s answers from its beginning behind it', async (type, wire) => {
    const { passage, outcome } = await goOn(type, wire, '\n ');
    expect(passage).toMatchObject({ text: TEXT, isInterrupted: false });
    expect(answerOf(outcome).text).toBe(`\n ${TEXT}`);
    expect(JSON.stringify(simulator.requests[0]?.body)).not.toContain('assistant');
  });

  test("the client's max_tokens are counted on, and a cut at them is as it asked", async () => {
    const { outcome } = await goOn('mistral', 'mistral', TEXT.slice(0, 20), question({ params: { maxTokens: 10 } }));
    expect(simulator.requests[0]?.body).toMatchObject({ max_tokens: 5 });
    expect(answerOf(outcome)).toMatchObject({ text: TEXT.slice(0, 40), finishReason: { unified: 'length' } });
  });

  test('that an API calls invalid is what this target cannot do, not a fault of the request', async () => {
    simulator.inject({ fault: { type: 'error', situation: 'invalid-request' } });
    expect(failureOf((await goOn('anthropic', 'anthropic', 'The river')).outcome).kind).toBe('unsupported');
    const fresh = await call('anthropic', simulator.baseUrl('main', 'anthropic'), { passage: new Passed() });
    expect(failureOf(fresh).kind).toBe('invalid-request');
  });

  test.each<[string, ProviderType, Wire, Partial<Prompt>]>([
    ['of openai', 'openai', 'openai', {}],
    ['of any server with its wire', 'openai-compatible', 'openai', {}],
    ['of deepseek', 'deepseek', 'deepseek', {}],
    ['of google', 'google', 'google', {}],
    ['that is to think', 'mistral', 'mistral', { params: { reasoningEffort: 'high' } }],
    ['that has to call a tool', 'mistral', 'mistral', { toolChoice: 'required', tools: [{ name: 'weather' }] }],
    ['that is to answer in JSON', 'mistral', 'mistral', { responseFormat: { type: 'json' } }],
  ])('a target %s does not: it interrupts, and answers from the beginning', async (_which, type, wire, change) => {
    const { passage, outcome } = await goOn(type, wire, 'The river', question(change));
    expect(passage.isInterrupted).toBe(true);
    expect(JSON.stringify(simulator.requests[0]?.body)).not.toContain('assistant');
    expect(outcome.type).toBe('answered');
  });

  test('a later model of anthropic, which refuses a prefix, does not', async () => {
    const passage = new Passed('The river');
    const target = { model: 'claude-opus-4-7' };
    await call('anthropic', simulator.baseUrl('main', 'anthropic'), { passage, target });
    expect(passage.isInterrupted).toBe(true);
  });
});
