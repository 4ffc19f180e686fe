import type { OpenAI } from 'openai';
import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/domain/answer.ts';
import type { Prompt } from '../../src/domain/prompt.ts';
import { messagesOfPrevious, responsePromptOf } from '../../src/http/responses/response-prompt.ts';
import { responseBodySchema } from '../../src/http/responses/response-schema.ts';

type Body = OpenAI.Responses.ResponseCreateParams;

const asked = { role: 'user', parts: [{ type: 'text', text: 'Hello.' }] } as const;
const base = { model: 'm', input: 'Hello.' };
const plain: Prompt = { messages: [asked], params: {} };
const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const PDF = 'data:application/pdf;base64,JVBERi0=';
const parameters = { type: 'object', properties: {} };

// Typed as the official client types it: what it can send for these fields has to be taken.
const accepted: Record<string, { body: Body; prompt: Prompt }> = {
  'a text': { body: base, prompt: plain },
  'nulls for what is left out': {
    body: {
      ...base,
      background: null,
      conversation: null,
      include: null,
      instructions: null,
      max_output_tokens: null,
      metadata: null,
      parallel_tool_calls: null,
      previous_response_id: null,
      prompt: null,
      reasoning: null,
      service_tier: null,
      store: null,
      stream: null,
      temperature: null,
      top_logprobs: null,
      top_p: null,
      truncation: null,
    },
    prompt: plain,
  },
  'values that ask for what happens anyway': {
    body: {
      ...base,
      stream: false,
      store: true,
      truncation: 'disabled',
      service_tier: 'auto',
      top_logprobs: 0,
      reasoning: { summary: 'auto' },
      include: ['reasoning.encrypted_content', 'web_search_call.action.sources'],
    },
    prompt: plain,
  },
  'hints, and log probabilities': {
    body: {
      ...base,
      text: { verbosity: 'low' },
      service_tier: 'flex',
      prompt_cache_key: 'key',
      prompt_cache_retention: 'in_memory',
      safety_identifier: 'user-1',
      include: ['message.output_text.logprobs'],
      top_logprobs: 3,
    },
    prompt: {
      messages: [asked],
      params: {
        logprobs: 3,
        verbosity: 'low',
        serviceTier: 'flex',
        promptCacheKey: 'key',
        promptCacheRetention: 'in-memory',
        safetyIdentifier: 'user-1',
      },
    },
  },
  'every parameter': {
    body: {
      ...base,
      max_output_tokens: 100,
      temperature: 0,
      top_p: 0.9,
      reasoning: { effort: 'low' },
      user: 'end-user-1',
      parallel_tool_calls: false,
    },
    prompt: {
      messages: [asked],
      parallelToolCalls: false,
      user: 'end-user-1',
      params: { maxTokens: 100, temperature: 0, topP: 0.9, reasoningEffort: 'low' },
    },
  },
  'instructions, which come first': {
    body: { ...base, instructions: 'Be brief.' },
    prompt: { ...plain, messages: [{ role: 'system', text: 'Be brief.' }, asked] },
  },
  'messages of every role, with and without their type': {
    body: {
      model: 'm',
      input: [
        { role: 'system', content: 'Be brief.' },
        { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Be kind.' }] },
        { role: 'user', content: 'Hello.' },
        { role: 'assistant', content: 'Hello you.' },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello.' }] },
      ],
    },
    prompt: {
      messages: [
        { role: 'system', text: 'Be brief.' },
        { role: 'system', text: 'Be kind.' },
        asked,
        { role: 'assistant', text: 'Hello you.', toolCalls: [] },
        asked,
      ],
      params: {},
    },
  },
  'texts, images and files of a user': {
    body: {
      model: 'm',
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'Compare.' },
            { type: 'input_image', image_url: PNG, detail: 'low' },
            { type: 'input_image', image_url: 'https://example.com/a.png', detail: 'auto', file_id: null },
            { type: 'input_file', file_data: PDF, filename: 'a.pdf' },
          ],
        },
      ],
    },
    prompt: {
      messages: [
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'Compare.' },
            { type: 'image', url: PNG, detail: 'low' },
            { type: 'image', url: 'https://example.com/a.png', detail: 'auto' },
            { type: 'file', url: PDF, filename: 'a.pdf' },
          ],
        },
      ],
      params: {},
    },
  },
  'an answer that is sent back: its message and its calls are one message, and how it was thought is left out': {
    body: {
      model: 'm',
      input: [
        { role: 'user', content: 'Hello.' },
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'AAAA' },
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: 'I add.', annotations: [], logprobs: [] }],
        },
        { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'add', arguments: '{"a":1}', status: 'completed' },
        { type: 'reasoning', id: 'rs_2', summary: [] },
        { type: 'function_call', call_id: 'c2', name: 'add', arguments: '{"a":2}' },
        { type: 'function_call_output', call_id: 'c1', output: '3' },
        {
          type: 'function_call_output',
          call_id: 'c2',
          output: [
            { type: 'input_text', text: '4' },
            { type: 'input_text', text: 'or so' },
          ],
        },
      ],
    },
    prompt: {
      messages: [
        asked,
        {
          role: 'assistant',
          text: 'I add.',
          toolCalls: [
            { id: 'c1', name: 'add', arguments: '{"a":1}' },
            { id: 'c2', name: 'add', arguments: '{"a":2}' },
          ],
        },
        { role: 'tool', toolCallId: 'c1', text: '3' },
        { role: 'tool', toolCallId: 'c2', text: '4\nor so' },
      ],
      params: {},
    },
  },
  'a refusal of an earlier turn': {
    body: {
      model: 'm',
      input: [
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'refusal', refusal: 'I will not.' }],
        },
        { role: 'user', content: 'Hello.' },
      ],
    },
    prompt: { messages: [{ role: 'assistant', text: 'I will not.', toolCalls: [] }, asked], params: {} },
  },
  'functions, and the choice of one': {
    body: {
      ...base,
      tools: [
        { type: 'function', name: 'add', description: 'Adds.', parameters, strict: true },
        { type: 'function', name: 'now', parameters: null, strict: null },
      ],
      tool_choice: { type: 'function', name: 'add' },
    },
    prompt: {
      ...plain,
      tools: [{ name: 'add', description: 'Adds.', parameters, strict: true }, { name: 'now' }],
      toolChoice: { name: 'add' },
    },
  },
  'no tools at all': { body: { ...base, tools: [], tool_choice: 'auto' }, prompt: { ...plain, toolChoice: 'auto' } },
  'a plain text format': {
    body: { ...base, text: { format: { type: 'text' } } },
    prompt: { ...plain, responseFormat: { type: 'text' } },
  },
  'a JSON object': {
    body: { ...base, text: { format: { type: 'json_object' } } },
    prompt: { ...plain, responseFormat: { type: 'json' } },
  },
  'a JSON schema': {
    body: {
      ...base,
      text: { format: { type: 'json_schema', name: 'sum', description: 'A sum.', schema: parameters, strict: true } },
    },
    prompt: {
      ...plain,
      responseFormat: { type: 'json-schema', name: 'sum', description: 'A sum.', schema: parameters, strict: true },
    },
  },
};

const promptOf = (body: unknown) => responsePromptOf(responseBodySchema.parse(body), []);

describe("OpenAI's body of a response becomes the domain's prompt", () => {
  test.each(Object.entries(accepted))('%s', (_name, { body, prompt }) => {
    // `toStrictEqual`: a field that is there as undefined is not left out.
    expect(promptOf(body)).toStrictEqual(prompt);
  });

  test('with what the answer must be like', () => {
    expect(promptOf({ ...base, expect: { syntax: 'json' } }).expect).toStrictEqual([{ syntax: 'json' }]);
  });

  test('with what the official client adds to an answer that it has parsed', () => {
    const content = [{ type: 'output_text', text: '{}', annotations: [], parsed: {} }];
    const items = [
      { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content },
      { type: 'function_call', call_id: 'c1', name: 'add', arguments: '{}', parsed_arguments: {} },
    ];
    const toolCalls = [{ id: 'c1', name: 'add', arguments: '{}' }];
    expect(promptOf({ model: 'm', input: items }).messages).toStrictEqual([
      { role: 'assistant', text: '{}', toolCalls },
    ]);
  });
});

describe('a response that continues another one', () => {
  const answer: Answer = {
    text: 'Hello you.',
    refusal: null,
    toolCalls: [{ id: 'c1', name: 'add', arguments: '{}' }],
    finishReason: { unified: 'stop', raw: null },
    usage: null,
    model: 'm-1',
  };
  const earlier: Prompt = { messages: [{ role: 'system', text: 'Be kind.' }, asked], params: { temperature: 1 } };
  const answered = { role: 'assistant', text: 'Hello you.', toolCalls: answer.toolCalls };

  test('begins with what was said before, and with its own instructions only', () => {
    const previous = messagesOfPrevious({ prompt: earlier, hasInstructions: true, answer });
    const body = responseBodySchema.parse({ model: 'm', instructions: 'Be brief.', input: 'Go on.' });
    expect(responsePromptOf(body, previous)).toStrictEqual({
      messages: [
        { role: 'system', text: 'Be brief.' },
        asked,
        answered,
        { role: 'user', parts: [{ type: 'text', text: 'Go on.' }] },
      ],
      params: {},
    });
  });

  test('keeps a system message that was part of the input', () => {
    const previous = messagesOfPrevious({ prompt: earlier, hasInstructions: false, answer });
    expect(previous).toStrictEqual([...earlier.messages, answered]);
  });

  test('knows a refusal as what was said', () => {
    const refused = { ...answer, text: null, refusal: 'I will not.', toolCalls: [] };
    const previous = messagesOfPrevious({ prompt: plain, hasInstructions: false, answer: refused });
    expect(previous.at(-1)).toStrictEqual({ role: 'assistant', text: 'I will not.', toolCalls: [] });
  });
});
