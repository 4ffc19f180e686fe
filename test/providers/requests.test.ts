// What is sent: paths, keys, bodies by vendor, what a target overrides, and what is found wrong before anything is sent.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Prompt } from '../../src/domain/prompt.ts';
import { type Simulator, startSimulator, type Wire } from '../../src/simulator/simulator.ts';
import { answerOf, call, failureOf, question } from './call.ts';

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
  it.each([
    ['openai', '/main/openai/v1/chat/completions', { authorization: 'Bearer test-key' }],
    ['mistral', '/main/mistral/v1/chat/completions', { authorization: 'Bearer test-key' }],
    ['deepseek', '/main/deepseek/v1/chat/completions', { authorization: 'Bearer test-key' }],
    ['groq', '/main/groq/v1/chat/completions', { authorization: 'Bearer test-key' }],
    ['cohere', '/main/cohere/v2/chat', { authorization: 'Bearer test-key' }],
    ['azure', '/main/azure/v1/chat/completions', { 'api-key': 'test-key' }],
    ['bedrock', '/main/bedrock/model/some-model/converse-stream', { authorization: 'Bearer test-key' }],
    [
      'vertex',
      '/main/vertex/v1/publishers/google/models/some-model:streamGenerateContent?alt=sse',
      { 'x-goog-api-key': 'test-key' },
    ],
    ['anthropic', '/main/anthropic/v1/messages', { 'x-api-key': 'test-key' }],
    ['google', '/main/google/v1beta/models/some-model:streamGenerateContent?alt=sse', { 'x-goog-api-key': 'test-key' }],
  ] as const)('to %s goes to %s with the key where it belongs', async (wire, path, headers) => {
    await callWire(wire);
    expect(simulator.requests[0]).toMatchObject({ path, headers });
  });

  it('to a compatible server needs no key', async () => {
    const baseUrl = simulator.baseUrl('main', 'openai');
    answerOf(await call('openai-compatible', baseUrl, { settings: { type: 'simulated', baseUrl } }));
    expect(simulator.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(simulator.requests[0]?.body).toMatchObject({ stream_options: { include_usage: true } });
  });

  it('carries parameters, tools and the end user in the words of the vendor', async () => {
    const prompt = question({
      params: { maxTokens: 99, temperature: 0.5, topP: 0.9, stop: ['END'], seed: 7, reasoningEffort: 'low' },
      tools: [{ name: 'find', description: 'Finds.', strict: true }],
      toolChoice: 'auto',
      parallelToolCalls: false,
      user: 'user-1',
    });
    const tool = { type: 'function', function: { name: 'find', description: 'Finds.', strict: true } };
    const common = { temperature: 0.5, max_tokens: 99, top_p: 0.9, stop: ['END'], tools: [tool], tool_choice: 'auto' };
    expect(await bodyOf('openai', { prompt })).toMatchObject({
      ...common,
      seed: 7,
      user: 'user-1',
      parallel_tool_calls: false,
      reasoning_effort: 'low',
    });
    const baseUrl = simulator.baseUrl('main', 'openai');
    answerOf(await call('openai-compatible', baseUrl, { prompt }));
    expect(simulator.requests.at(-1)?.body).toMatchObject({
      ...common,
      user: 'user-1',
      parallel_tool_calls: false,
      reasoning_effort: 'low',
    });
    expect(await bodyOf('mistral', { prompt })).toMatchObject({
      ...common,
      random_seed: 7,
      parallel_tool_calls: false,
    });
    const { parallelToolCalls: _, ...free } = prompt;
    // DeepSeek has strict tools only at another address, and we look at the arguments ourselves.
    expect(await bodyOf('deepseek', { prompt: free })).toMatchObject({
      tools: [{ type: 'function', function: { name: 'find', description: 'Finds.' } }],
      user_id: 'user-1',
      thinking: { type: 'enabled' },
      reasoning_effort: 'low',
    });
    expect(await bodyOf('anthropic', { prompt })).toMatchObject({
      max_tokens: 99,
      metadata: { user_id: 'user-1' },
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      output_config: { effort: 'low' },
    });
    const target = { model: 'gemini-2.5-flash' };
    expect(await bodyOf('google', { prompt: free, target })).toMatchObject({
      generationConfig: {
        maxOutputTokens: 99,
        stopSequences: ['END'],
        seed: 7,
        thinkingConfig: { thinkingBudget: 1_024 },
      },
    });
  });

  it('asks for a schema as strictly as the client does', async () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
    for (const strict of [true, false]) {
      const prompt = question({ responseFormat: { type: 'json-schema', name: 'river', schema, strict } });
      for (const wire of ['openai', 'mistral'] as const) {
        const json_schema = { name: 'river', strict, schema };
        expect(await bodyOf(wire, { prompt })).toMatchObject({ response_format: { type: 'json_schema', json_schema } });
      }
    }
  });

  const told = (body: Record<string, unknown>) => JSON.stringify([body['messages'], body['system']]);
  const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
  const asJson = question({ responseFormat: { type: 'json' } });
  const asSchema = question({ responseFormat: { type: 'json-schema', name: 'river', schema } });

  it('tells a schema in words where the vendor takes only JSON', async () => {
    const body = await bodyOf('deepseek', { prompt: asSchema });
    expect(body).toMatchObject({ response_format: { type: 'json_object' } });
    expect(told(body)).toContain('valid against this JSON Schema');
    expect(told(body)).toContain(JSON.stringify(JSON.stringify(schema)).slice(1, -1));
  });

  it('tells JSON in words where the vendor takes only a schema', async () => {
    const body = await bodyOf('anthropic', { prompt: asJson });
    expect(body).not.toHaveProperty('output_config');
    expect(told(body)).toContain('one JSON object and nothing else');
  });

  it('tells nothing in words where the vendor takes it', async () => {
    for (const wire of ['openai', 'mistral', 'google'] as const) {
      for (const prompt of [asJson, asSchema])
        expect(told(await bodyOf(wire, { prompt }))).not.toContain('nothing else');
    }
    expect(told(await bodyOf('anthropic', { prompt: asSchema }))).not.toContain('nothing else');
    expect(told(await bodyOf('openai', { prompt: question({ responseFormat: { type: 'text' } }) }))).not.toContain(
      'JSON',
    );
  });

  it('tells it behind the system prompts and before the conversation, and sends no format then', async () => {
    const messages: Prompt['messages'] = [{ role: 'system', text: 'Be brief.' }, ...question().messages];
    const body = await bodyOf('openai', { prompt: { ...asSchema, messages, tellsFormat: true } });
    expect(body).not.toHaveProperty('response_format');
    expect((body['messages'] as { role: string }[]).map(({ role }) => role)).toEqual(['system', 'system', 'user']);
    expect(body).toMatchObject({
      messages: [{ content: 'Be brief.' }, { content: expect.stringContaining('Schema') }, {}],
    });
  });

  it('keeps a whole conversation: system, images, tool calls and their results', async () => {
    const prompt: Prompt = {
      params: {},
      messages: [
        { role: 'system', text: 'Be brief.' },
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'What is this?' },
            { type: 'image', url: 'data:image/png;base64,aGk=', detail: 'low' },
            { type: 'image', url: 'https://example.com/a.png' },
            { type: 'file', url: 'data:application/pdf;base64,aGk=', filename: 'a.pdf' },
          ],
        },
        { role: 'assistant', text: null, toolCalls: [{ id: 'call_1', name: 'find', arguments: '{"a":1}' }] },
        { role: 'tool', toolCallId: 'call_1', text: 'Found.' },
      ],
    };
    const call_1 = { id: 'call_1', type: 'function', function: { name: 'find', arguments: '{"a":1}' } };
    expect((await bodyOf('openai', { prompt }))['messages']).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=', detail: 'low' } },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,aGk=' } },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [call_1] },
      { role: 'tool', tool_call_id: 'call_1', content: 'Found.' },
    ]);
  });

  it("has the target's own system prompt before the client's, and its parameters instead of the client's", async () => {
    const prompt: Prompt = {
      params: { temperature: 1, topP: 0.5 },
      messages: [{ role: 'system', text: 'Client.' }, ...question().messages],
    };
    const target = { system: 'Target.', params: { temperature: 0 } };
    expect(await bodyOf('openai', { prompt, target })).toMatchObject({
      temperature: 0,
      top_p: 0.5,
      messages: [{ role: 'system', content: 'Target.' }, { role: 'system', content: 'Client.' }, { role: 'user' }],
    });
  });
});

describe('nothing is sent', () => {
  afterEach(() => expect(simulator.requests).toHaveLength(0));

  it.each([
    ['a provider that this worker does not know', undefined],
    ['a provider without its key', { type: 'openai' }],
    ['a provider with an empty key', { type: 'anthropic', apiKey: '' }],
    ['a server without an address', { type: 'openai-compatible' }],
  ] as const)('to %s', async (_title, settings) => {
    const outcome = await call('openai', 'http://127.0.0.1:1', { settings });
    expect(failureOf(outcome)).toEqual({
      kind: 'not-configured',
      message: 'main/some-model is not configured on this worker.',
    });
    expect(outcome.meta).toMatchObject({ possiblyBilled: false, durationMs: 0 });
  });

  it.each([
    [{ type: 'nonsense' }],
    [{ $ref: '#/$defs/missing' }],
    [{ $ref: 'https://example.com/schema.json' }],
    [{ $async: true, type: 'object' }],
  ])('when the schema is none: %j', async (schema) => {
    const prompt = question({ responseFormat: { type: 'json-schema', name: 'x', schema } });
    const failure = failureOf(await callWire('openai', { prompt }));
    expect(failure).toMatchObject({ kind: 'invalid-request', param: 'response_format.json_schema.schema' });
    expect(failure.providerMessage).toMatch(/schema|reference|async/);
  });

  it.each<Prompt['messages'][number]>([
    { role: 'user', parts: [{ type: 'image', url: 'not an address' }] },
    { role: 'user', parts: [{ type: 'file', url: 'https://example.com/a.pdf' }] },
    { role: 'tool', toolCallId: 'nobody', text: 'Found.' },
    { role: 'assistant', text: null, toolCalls: [{ id: 'c', name: 'f', arguments: '{"a":' }] },
  ])('when a message makes no sense: %j', async (message) => {
    const prompt = question({ messages: [...question().messages, message] });
    expect(failureOf(await callWire('openai', { prompt }))).toMatchObject({
      kind: 'invalid-request',
      param: 'messages[1]',
    });
  });

  it('when the target cannot take what is in a message, which another target may', async () => {
    const image: Prompt = {
      params: {},
      messages: [{ role: 'user', parts: [{ type: 'image', url: 'https://example.com/a.png' }] }],
    };
    const target = { model: 'gemini-2.0-flash' };
    expect(failureOf(await callWire('google', { prompt: image, target })).kind).toBe('unsupported');
    const audio: Prompt = {
      params: {},
      messages: [{ role: 'user', parts: [{ type: 'file', url: 'data:audio/wav;base64,aGk=' }] }],
    };
    expect(failureOf(await callWire('mistral', { prompt: audio })).kind).toBe('unsupported');
  });
});
