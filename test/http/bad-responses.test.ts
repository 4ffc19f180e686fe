// Requests to `/v1/responses` that are answered before anything is started.

import { describe, expect, test } from 'vitest';
import { serverWithoutTemporal } from './server-without-temporal.ts';

const { app, used } = await serverWithoutTemporal();

const base = { model: 'summarize', input: 'Hello.' };
const item = (fields: object) => ({ ...base, input: [fields] });
const part = (fields: object) => item({ role: 'user', content: [fields] });
const tool = { type: 'function', name: 'add', parameters: { type: 'object' }, strict: true };

interface BadBody {
  readonly body: unknown;
  readonly param: string;
  /** @default 'invalid_value' */
  readonly code?: string;
}

const missing = 'missing_required_parameter';
const unsupported = 'unsupported_parameter';

const badBodies: Record<string, BadBody> = {
  'no model': { body: { input: 'Hello.' }, param: 'model', code: missing },
  'no input': { body: { model: 'summarize' }, param: 'input', code: missing },
  'an empty list of items': { body: { ...base, input: [] }, param: 'input' },
  'a number for input': { body: { ...base, input: 5 }, param: 'input' },
  'nothing but reasoning': { body: item({ type: 'reasoning', id: 'rs_1', summary: [] }), param: 'input' },
  'an item of no known type': { body: item({ type: 'song' }), param: 'input[0].type' },
  'an item without role and type': { body: item({ content: 'x' }), param: 'input[0].type', code: missing },
  'an unknown role': { body: item({ role: 'robot', content: 'x' }), param: 'input[0].role' },
  'a message without content': { body: item({ role: 'user' }), param: 'input[0].content', code: missing },
  'a text part of the chat API': { body: part({ type: 'text', text: 'x' }), param: 'input[0].content[0].type' },
  'an answer of a user': {
    body: part({ type: 'output_text', text: 'x' }),
    param: 'input[0].content[0].type',
  },
  'an image of the system': {
    body: item({ role: 'system', content: [{ type: 'input_image', image_url: 'https://a/b.png' }] }),
    param: 'input[0].content[0].type',
  },
  'an image at an address that is none': {
    body: part({ type: 'input_image', image_url: 'file:///etc/passwd' }),
    param: 'input[0].content[0].image_url',
  },
  'an image by its id': {
    body: part({ type: 'input_image', file_id: 'file-1' }),
    param: 'input[0].content[0].file_id',
    code: unsupported,
  },
  'a file by its id': {
    body: part({ type: 'input_file', file_id: 'file-1' }),
    param: 'input[0].content[0].file_id',
    code: unsupported,
  },
  'a file by its address': {
    body: part({ type: 'input_file', file_url: 'https://example.com/a.pdf' }),
    param: 'input[0].content[0].file_url',
    code: unsupported,
  },
  'a file that is not inline': {
    body: part({ type: 'input_file', file_data: 'AAAA' }),
    param: 'input[0].content[0].file_data',
  },
  'an unknown field of an item': {
    body: item({ role: 'user', content: 'x', mood: 'good' }),
    param: 'input[0].mood',
    code: 'unknown_parameter',
  },
  'an item by its id': {
    body: item({ type: 'item_reference', id: 'msg_1' }),
    param: 'input[0].type',
    code: unsupported,
  },
  'an item of a built-in tool': {
    body: item({ type: 'web_search_call', id: 'ws_1', status: 'completed' }),
    param: 'input[0].type',
    code: unsupported,
  },
  'a function call without its id': {
    body: item({ type: 'function_call', name: 'add', arguments: '{}' }),
    param: 'input[0].call_id',
    code: missing,
  },
  'an image as the output of a function': {
    body: item({
      type: 'function_call_output',
      call_id: 'c1',
      output: [{ type: 'input_image', image_url: 'https://a/b.png' }],
    }),
    param: 'input[0].output[0].type',
    code: unsupported,
  },
  'an unknown field': { body: { ...base, messages: [] }, param: 'messages', code: 'unknown_parameter' },
  'a built-in tool': { body: { ...base, tools: [{ type: 'web_search' }] }, param: 'tools[0].type', code: unsupported },
  'a custom tool': {
    body: { ...base, tools: [tool, { type: 'custom', name: 'x' }] },
    param: 'tools[1].type',
    code: unsupported,
  },
  'a tool of the chat API': {
    body: { ...base, tools: [{ type: 'function', function: { name: 'add' } }] },
    param: 'tools[0].name',
    code: missing,
  },
  'a choice of a function that is not there': {
    body: { ...base, tools: [tool], tool_choice: { type: 'function', name: 'sub' } },
    param: 'tool_choice',
  },
  'a choice without tools': { body: { ...base, tool_choice: 'required' }, param: 'tool_choice' },
  'a choice among some tools': {
    body: { ...base, tools: [tool], tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [] } },
    param: 'tool_choice.type',
    code: unsupported,
  },
  'a choice of a built-in tool': {
    body: { ...base, tool_choice: { type: 'file_search' } },
    param: 'tool_choice.type',
    code: unsupported,
  },
  'a format of no known type': { body: { ...base, text: { format: { type: 'xml' } } }, param: 'text.format.type' },
  'a schema without a name': {
    body: { ...base, text: { format: { type: 'json_schema', schema: {} } } },
    param: 'text.format.name',
    code: missing,
  },
  'an unknown verbosity': { body: { ...base, text: { verbosity: 'endless' } }, param: 'text.verbosity' },
  'an unknown service tier': { body: { ...base, service_tier: 'business' }, param: 'service_tier' },
  'an unknown effort': { body: { ...base, reasoning: { effort: 'heroic' } }, param: 'reasoning.effort' },
  'a summary of the reasoning': {
    body: { ...base, reasoning: { summary: 'detailed' } },
    param: 'reasoning.summary',
    code: unsupported,
  },
  'alternatives of tokens that are not asked for': { body: { ...base, top_logprobs: 5 }, param: 'top_logprobs' },
  'something unknown to include': { body: { ...base, include: ['everything'] }, param: 'include[0]' },
  'a background response that is not stored': { body: { ...base, background: true, store: false }, param: 'store' },
  'a limit of no tokens': { body: { ...base, max_output_tokens: 0 }, param: 'max_output_tokens' },
  'options of a stream that is none': { body: { ...base, stream_options: {} }, param: 'stream_options' },
  'too hot': { body: { ...base, temperature: 2.1 }, param: 'temperature' },
  ...Object.fromEntries(
    Object.entries({
      truncation: 'auto',
      conversation: 'conv_1',
      prompt: { id: 'pmpt_1' },
      prompt_cache_options: {},
      max_tool_calls: 3,
      context_management: [],
      moderation: {},
    }).map(([param, value]) => [param, { body: { ...base, [param]: value }, param, code: unsupported }]),
  ),
};

describe('a bad request for a response names the field, and starts nothing', () => {
  test.each(Object.entries(badBodies))('%s', async (_name, { body, param, code = 'invalid_value' }) => {
    const { statusCode, ...reply } = await app.inject({
      method: 'POST',
      url: '/v1/responses',
      payload: body as object,
    });
    const { error } = reply.json();
    expect(statusCode).toBe(400);
    expect(error).toMatchObject({ type: 'invalid_request_error', code, param });
    expect(error.message).toMatch(new RegExp(`^${param.replace(/[[\].]/g, '\\$&')} [a-z].*\\.$`));
    expect(used).toEqual([]);
  });

  test('an unknown model is a 404', async () => {
    const reply = await app.inject({ method: 'POST', url: '/v1/responses', payload: { ...base, model: 'none' } });
    expect(reply.statusCode).toBe(404);
    expect(reply.json().error).toMatchObject({ code: 'model_not_found', param: 'model' });
    expect(used).toEqual([]);
  });

  test.each([
    'resp_1',
    'inf-01k9zv3m7x2c4d5e6f7g8h9j0k',
    'resp_01K9ZV3M7X2C4D5E6F7G8H9J0K',
    'resp_../../x',
  ])('%s cannot be a response: not there, to read, to cancel or to continue', async (id) => {
    for (const [method, url] of [
      ['GET', `/v1/responses/${encodeURIComponent(id)}`],
      ['POST', `/v1/responses/${encodeURIComponent(id)}/cancel`],
    ] as const) {
      const reply = await app.inject({ method, url });
      expect([reply.statusCode, reply.json().error.code]).toEqual([404, 'response_not_found']);
    }
    const payload = { ...base, previous_response_id: id };
    const reply = await app.inject({ method: 'POST', url: '/v1/responses', payload });
    expect(reply.statusCode).toBe(400);
    expect(reply.json().error).toMatchObject({ code: 'previous_response_not_found', param: 'previous_response_id' });
    expect(used).toEqual([]);
  });

  test.each([
    ['stream=yes', 'stream', 'invalid_value'],
    ['starting_after=3', 'starting_after', 'invalid_value'],
    ['stream=true&starting_after=last', 'starting_after', 'invalid_value'],
    ['include[]=everything', 'include[]', 'invalid_value'],
    ['wait=3', 'wait', 'unknown_parameter'],
  ])('reading it with ?%s', async (query, param, code) => {
    const reply = await app.inject(`/v1/responses/resp_01k9zv3m7x2c4d5e6f7g8h9j0k?${query}`);
    expect(reply.statusCode).toBe(400);
    expect(reply.json().error).toMatchObject({ code, param });
    expect(used).toEqual([]);
  });
});
