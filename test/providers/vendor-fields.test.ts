// What only one vendor's API has a word for: efforts of reasoning, thoughts apart from the text, images by address, routing.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Prompt } from '../../src/domain/prompt.ts';
import { type Simulator, startSimulator, type Wire } from '../../src/simulator/simulator.ts';
import { answerOf, call, question } from './call.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterEach(() => simulator.clear());
afterAll(() => simulator.close());

const callWire = (wire: Wire, change: Parameters<typeof call>[2] = {}) =>
  call(wire, `${simulator.baseUrl('main', wire)}/`, change);

async function bodyOf(wire: Wire, change: Parameters<typeof call>[2] = {}): Promise<Record<string, unknown>> {
  answerOf(await callWire(wire, change));
  return simulator.requests.at(-1)?.body as Record<string, unknown>;
}

describe('a request', () => {
  it('leaves it to Gemini to fetch an image', async () => {
    const image = { role: 'user', parts: [{ type: 'image', url: 'https://example.com/a.PNG?b=c.gif' }] } as const;
    const prompt: Prompt = { params: {}, messages: [image] };
    const fileData = { mimeType: 'image/png', fileUri: 'https://example.com/a.PNG?b=c.gif' };
    for (const wire of ['google', 'vertex'] as const) {
      const body = await bodyOf(wire, { prompt, target: { model: 'gemini-2.5-flash' } });
      expect(body).toMatchObject({ contents: [{ role: 'user', parts: [{ fileData }] }] });
    }
  });

  it.each([
    ['openai', 'gpt-5.4', { reasoning_effort: 'max' }],
    ['groq', 'openai/gpt-oss-20b', { reasoning_effort: 'high' }],
    ['cohere', 'command-a-reasoning', { thinking: { type: 'enabled' } }],
    ['google', 'gemini-3-pro', { generationConfig: { thinkingConfig: { thinkingLevel: 'high' } } }],
    [
      'bedrock',
      'amazon.nova-2-lite-v1:0',
      { additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } } },
    ],
    ['bedrock', 'openai.gpt-oss-20b-1:0', { additionalModelRequestFields: { reasoning_effort: 'high' } }],
  ] as const)('tells %s the nearest effort to the highest: %s', async (wire, model, body) => {
    const prompt = question({ params: { reasoningEffort: 'max' } });
    expect(await bodyOf(wire, { prompt, target: { model } })).toMatchObject(body);
  });

  it.each([
    ['groq', 'qwen/qwen3-32b', { reasoning_effort: 'none' }],
    ['groq', 'openai/gpt-oss-20b', { reasoning_effort: 'low' }],
    ['alibaba', 'qwen-plus', { enable_thinking: false }],
    ['openrouter', 'any/model', { reasoning: { enabled: false } }],
  ] as const)('tells %s not to think, or as little as it can: %s', async (wire, model, body) => {
    const prompt = question({ params: { reasoningEffort: 'none' } });
    expect(await bodyOf(wire, { prompt, target: { model } })).toMatchObject(body);
  });

  it('lets a router or a server drop nothing of the request in silence', async () => {
    const stop = question({ params: { stop: ['END'] } });
    expect(await bodyOf('openrouter', { prompt: stop })).toMatchObject({ provider: { require_parameters: true } });
    expect(await bodyOf('openrouter')).not.toHaveProperty('provider');
    expect(await bodyOf('fireworks')).toMatchObject({ context_length_exceeded_behavior: 'error' });
  });

  it('goes to its own model, although models are kept from call to call', async () => {
    const settings = { type: 'openai', apiKey: 'test-key', baseUrl: simulator.baseUrl('main', 'openai') } as const;
    for (const model of ['one', 'two', 'one']) {
      expect(await bodyOf('openai', { settings, target: { model } })).toMatchObject({ model });
    }
  });

  it('asks Groq to keep thoughts out of the text where a model would write them there', async () => {
    const qwen = { target: { model: 'qwen/qwen3-32b' } };
    expect(await bodyOf('groq', qwen)).toMatchObject({ reasoning_format: 'parsed' });
    expect(await bodyOf('groq', { target: { model: 'openai/gpt-oss-20b' } })).not.toHaveProperty('reasoning_format');
  });
});
