// Answers that are whole on the wire and yet wrong, as each provider would send them.

import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/fault.ts';
import type { Wire } from '../../src/simulator/simulator.ts';
import { ask, runSimulator, SCHEMA } from './running.ts';

const at = runSimulator();

/** What every provider says, each in its own place. */
async function answerOf(wire: Wire, fault: Fault | null, extra: object = {}) {
  if (fault) at.simulator.inject({ fault });
  const body = (await (await ask(at.simulator, wire, { extra })).json()) as Body;
  const chat = body.choices?.[0];
  const candidate = body.candidates?.[0];
  return {
    text: chat?.message.content ?? body.content?.[0]?.text ?? candidate?.content?.parts?.[0]?.text ?? '',
    finish: chat?.finish_reason ?? body.stop_reason ?? candidate?.finishReason ?? null,
    outputTokens:
      body.usage?.completion_tokens ?? body.usage?.output_tokens ?? body.usageMetadata?.candidatesTokenCount ?? 0,
  };
}

interface Body {
  readonly choices?: readonly { message: { content: string | null }; finish_reason: string | null }[];
  readonly content?: readonly { text: string }[];
  readonly stop_reason?: string | null;
  readonly candidates?: readonly { content?: { parts?: readonly { text: string }[] }; finishReason?: string }[];
  readonly usage?: { completion_tokens?: number; output_tokens?: number };
  readonly usageMetadata?: { candidatesTokenCount?: number };
}

const asJson = {
  openai: { response_format: { type: 'json_schema', json_schema: { name: 'river', schema: SCHEMA } } },
  mistral: { response_format: { type: 'json_schema', json_schema: { name: 'river', schema: SCHEMA } } },
  deepseek: { response_format: { type: 'json_object' } },
  anthropic: { output_config: { format: { type: 'json_schema', schema: SCHEMA } } },
  google: { generationConfig: { responseMimeType: 'application/json', responseJsonSchema: SCHEMA } },
} satisfies Partial<Record<Wire, object>>;

describe.each([
  ['openai', 'stop', 'length'],
  ['deepseek', 'stop', 'length'],
  ['mistral', 'stop', 'length'],
  ['anthropic', 'end_turn', 'max_tokens'],
  ['google', 'STOP', 'MAX_TOKENS'],
] as const)('over the wire of %s', (wire, stop, length) => {
  test('an empty answer finishes well with nothing said', async () => {
    expect(await answerOf(wire, { type: 'empty' })).toEqual({ text: '', finish: stop, outputTokens: 0 });
  });

  test('a truncated answer says that it is', async () => {
    const whole = await answerOf(wire, null);
    const cut = await answerOf(wire, { type: 'truncated', afterTokens: 10 });
    expect(cut).toEqual({ text: whole.text.slice(0, 40), finish: length, outputTokens: 10 });
  });

  test('an answer cut at a ceiling can say that it is whole', async () => {
    const cut = await answerOf(wire, { type: 'cut-as-stop', outputTokens: 4_096 }, asJson[wire]);
    expect(cut).toMatchObject({ finish: stop, outputTokens: 4_096 });
    expect(cut.text).toMatch(/^\{/);
    expect(cut.text).not.toMatch(/\}$/);
  });

  test('wrong JSON parses and breaks the schema, fenced JSON keeps to it in a fence', async () => {
    const wrong = JSON.parse((await answerOf(wire, { type: 'wrong-json' }, asJson[wire])).text) as object;
    expect(wrong).not.toHaveProperty('lengthKm');
    const { text } = await answerOf(wire, { type: 'fenced-json' }, asJson[wire]);
    expect(JSON.parse(/^```json\n(.*)\n```$/.exec(text)?.[1] ?? '')).toBeInstanceOf(Object);
  });

  test('a finish reason can be missing, or be any', async () => {
    const missing = await answerOf(wire, { type: 'finish', reason: null });
    expect(missing.finish).toBeNull();
    expect(missing.text).not.toBe('');
    expect((await answerOf(wire, { type: 'finish', reason: 'insufficient_system_resource' })).finish).toBe(
      'insufficient_system_resource',
    );
  });

  test('a refusal says so in the way that the provider has', async () => {
    const { text, finish } = await answerOf(wire, { type: 'refusal' });
    const inPlainWords = { text: "I'm sorry, but I can't help with that.", finish: 'stop' };
    const own = {
      openai: { text: '', finish: 'stop' },
      anthropic: { text: '', finish: 'refusal' },
      google: { text: '', finish: 'SAFETY' },
    };
    expect({ text, finish }).toEqual(wire in own ? own[wire as keyof typeof own] : inPlainWords);
  });

  test('an answer can be scripted', async () => {
    expect(await answerOf(wire, { type: 'answer', text: 'forty-two' })).toMatchObject({
      text: 'forty-two',
      finish: stop,
    });
    expect(at.simulator.requests.at(-1)).toMatchObject({ outcome: 'answered', fault: 'answer' });
  });
});

test('a tool call can be scripted', async () => {
  at.simulator.inject({ fault: { type: 'tool-call', name: 'store', arguments: { id: 7 } } });
  expect(await (await ask(at.simulator, 'openai')).json()).toMatchObject({
    choices: [{ finish_reason: 'tool_calls', message: { tool_calls: [{ function: { arguments: '{"id":7}' } }] } }],
  });
});

test('a limit of the client cuts a scripted answer too', async () => {
  expect(await answerOf('openai', { type: 'answer', text: 'forty-two' }, { max_tokens: 1 })).toMatchObject({
    text: 'fort',
    finish: 'length',
  });
});
