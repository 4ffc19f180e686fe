import type { OpenAI } from 'openai';
import { describe, expect, test } from 'vitest';
import type { Prompt } from '../../src/domain/prompt.ts';
import { chatBodySchema } from '../../src/http/chat-schema.ts';
import { promptOf } from '../../src/http/prompt.ts';

type Body = OpenAI.Chat.ChatCompletionCreateParams;

const user = { role: 'user', content: 'Hello.' } as const;
const asked = { role: 'user', parts: [{ type: 'text', text: 'Hello.' }] } as const;
const base = { model: 'm', messages: [user] };
const plain: Prompt = { messages: [asked], params: {} };
const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const PDF = 'data:application/pdf;base64,JVBERi0=';

// Typed as the official client types it: what it can send for these fields has to be taken.
const accepted: Record<string, { body: Body; prompt: Prompt }> = {
  'the smallest request': { body: base, prompt: plain },
  'nulls for what is left out': {
    body: {
      ...base,
      temperature: null,
      top_p: null,
      max_tokens: null,
      max_completion_tokens: null,
      stop: null,
      seed: null,
      n: null,
      stream: null,
      metadata: null,
      logit_bias: null,
      presence_penalty: null,
      frequency_penalty: null,
      reasoning_effort: null,
    },
    prompt: plain,
  },
  'values that ask for what happens anyway': {
    body: { ...base, n: 1, stream: false, store: false, logprobs: false, modalities: ['text'], service_tier: 'auto' },
    prompt: plain,
  },
  'what is so at Holdfast in any case': {
    body: { ...base, store: true, logit_bias: {}, service_tier: 'scale' },
    prompt: plain,
  },
  'the names of speakers, of which only a user has to be told': {
    body: {
      model: 'm',
      messages: [
        { role: 'system', name: 'rules', content: 'Be brief.' },
        { role: 'user', name: 'olga', content: 'Hello.' },
        { role: 'assistant', name: 'helper', content: 'Hello, Olga.' },
        { role: 'user', name: 'jim', content: [{ type: 'image_url', image_url: { url: PNG } }] },
      ],
    },
    prompt: {
      messages: [
        { role: 'system', text: 'Be brief.' },
        { role: 'user', parts: [{ type: 'text', text: 'olga: Hello.' }] },
        { role: 'assistant', text: 'Hello, Olga.', toolCalls: [] },
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'jim: ' },
            { type: 'image', url: PNG },
          ],
        },
      ],
      params: {},
    },
  },
  'log probabilities and hints': {
    body: {
      ...base,
      logprobs: true,
      top_logprobs: 3,
      verbosity: 'low',
      service_tier: 'flex',
      prompt_cache_key: 'k',
      prompt_cache_retention: 'in_memory',
      safety_identifier: 's',
    },
    prompt: {
      messages: [asked],
      params: {
        logprobs: 3,
        verbosity: 'low',
        serviceTier: 'flex',
        promptCacheKey: 'k',
        promptCacheRetention: 'in-memory',
        safetyIdentifier: 's',
      },
    },
  },
  'log probabilities of the tokens alone': {
    body: { ...base, logprobs: true },
    prompt: { messages: [asked], params: { logprobs: 0 } },
  },
  'every sampling parameter': {
    body: {
      ...base,
      max_completion_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
      presence_penalty: -1,
      frequency_penalty: 1,
      stop: ['END', 'STOP'],
      seed: 7,
      reasoning_effort: 'low',
      user: 'end-user-1',
    },
    prompt: {
      messages: [asked],
      user: 'end-user-1',
      params: {
        maxTokens: 100,
        temperature: 0.5,
        topP: 0.9,
        presencePenalty: -1,
        frequencyPenalty: 1,
        stop: ['END', 'STOP'],
        seed: 7,
        reasoningEffort: 'low',
      },
    },
  },
  'the older max_tokens, and a single stop text': {
    body: { ...base, max_tokens: 100, stop: 'END' },
    prompt: { messages: [asked], params: { maxTokens: 100, stop: ['END'] } },
  },
  'both limits when they agree': {
    body: { ...base, max_tokens: 5, max_completion_tokens: 5 },
    prompt: { messages: [asked], params: { maxTokens: 5 } },
  },
  'a temperature of 0': {
    body: { ...base, temperature: 0 },
    prompt: { messages: [asked], params: { temperature: 0 } },
  },
  'system and developer messages': {
    body: {
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'developer',
          content: [
            { type: 'text', text: 'Be kind.' },
            { type: 'text', text: 'Be true.' },
          ],
        },
        user,
      ],
    },
    prompt: {
      messages: [{ role: 'system', text: 'Be brief.' }, { role: 'system', text: 'Be kind.\nBe true.' }, asked],
      params: {},
    },
  },
  'texts, images and files of a user': {
    body: {
      model: 'm',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Compare.' },
            { type: 'image_url', image_url: { url: PNG, detail: 'low' } },
            { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
            { type: 'file', file: { file_data: PDF, filename: 'a.pdf' } },
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
            { type: 'image', url: 'https://example.com/a.png' },
            { type: 'file', url: PDF, filename: 'a.pdf' },
          ],
        },
      ],
      params: {},
    },
  },
  'a conversation with tools': {
    body: {
      ...base,
      messages: [
        user,
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: '3' },
        { role: 'assistant', content: 'It is 3.', refusal: null, audio: null, function_call: null },
      ],
      tools: [
        {
          type: 'function',
          function: { name: 'add', description: 'Adds.', parameters: { type: 'object' }, strict: true },
        },
        { type: 'function', function: { name: 'now' } },
      ],
      tool_choice: { type: 'function', function: { name: 'add' } },
      parallel_tool_calls: false,
    },
    prompt: {
      messages: [
        asked,
        { role: 'assistant', text: null, toolCalls: [{ id: 'c1', name: 'add', arguments: '{"a":1}' }] },
        { role: 'tool', toolCallId: 'c1', text: '3' },
        { role: 'assistant', text: 'It is 3.', toolCalls: [] },
      ],
      tools: [{ name: 'add', description: 'Adds.', parameters: { type: 'object' }, strict: true }, { name: 'now' }],
      toolChoice: { name: 'add' },
      parallelToolCalls: false,
      params: {},
    },
  },
  'no tools at all': { body: { ...base, tools: [], tool_choice: 'auto' }, prompt: { ...plain, toolChoice: 'auto' } },
  'a refusal of an earlier turn': {
    body: { ...base, messages: [{ role: 'assistant', content: null, refusal: 'I will not.' }, user] },
    prompt: { messages: [{ role: 'assistant', text: 'I will not.', toolCalls: [] }, asked], params: {} },
  },
  'a refusal as a content part': {
    body: { ...base, messages: [{ role: 'assistant', content: [{ type: 'refusal', refusal: 'I will not.' }] }, user] },
    prompt: { messages: [{ role: 'assistant', text: 'I will not.', toolCalls: [] }, asked], params: {} },
  },
  'a plain text format': {
    body: { ...base, response_format: { type: 'text' } },
    prompt: { ...plain, responseFormat: { type: 'text' } },
  },
  'a JSON object': {
    body: { ...base, response_format: { type: 'json_object' } },
    prompt: { ...plain, responseFormat: { type: 'json' } },
  },
  'a JSON schema': {
    body: {
      ...base,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'sum', description: 'A sum.', schema: { type: 'object' }, strict: null },
      },
    },
    prompt: {
      ...plain,
      responseFormat: { type: 'json-schema', name: 'sum', description: 'A sum.', schema: { type: 'object' } },
    },
  },
};

test('what is expected becomes one expectation, its exact numbers bounds', () => {
  const body = chatBodySchema.parse({ ...base, expect: { bullets: 3, words: { max: 9 }, schema: { type: 'object' } } });
  expect(promptOf(body).expect).toEqual([
    { bullets: { min: 3, max: 3 }, words: { max: 9 }, schema: { type: 'object' } },
  ]);
});

describe("OpenAI's body becomes the domain's prompt", () => {
  test.each(Object.entries(accepted))('%s', (_name, { body, prompt }) => {
    // `toStrictEqual`: a field that is there as undefined is not left out.
    expect(promptOf(chatBodySchema.parse(body))).toStrictEqual(prompt);
  });
});

test('a tool message may repeat the name of its tool, as some clients do', () => {
  const message = { role: 'tool', tool_call_id: 'c1', name: 'add', content: [{ type: 'text', text: '3' }] };
  const prompt = promptOf(chatBodySchema.parse({ ...base, messages: [user, message] }));
  expect(prompt.messages[1]).toStrictEqual({ role: 'tool', toolCallId: 'c1', text: '3' });
});
