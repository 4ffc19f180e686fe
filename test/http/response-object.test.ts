import { describe, expect, test } from 'vitest';
import type { Inference } from '../../src/domain/inference.ts';
import { responseObject, shownRequest } from '../../src/http/responses/response-object.ts';
import { responseSchema } from '../../src/http/responses/response-object-schema.ts';
import { ShownRequests } from '../../src/http/responses/shown-requests.ts';
import { answered, failed, partsOf } from './responses.ts';

const shown = (inference: Inference) => responseObject(partsOf({ inference }));
const started = partsOf().inference;

const message = (status: string, content: object) => ({
  type: 'message',
  id: 'msg_01k9zv3m7x2c4d5e6f7g8h9j0k',
  role: 'assistant',
  status,
  content: [content],
});
const text = (words: string) => ({ type: 'output_text', text: words, annotations: [], logprobs: [] });

describe('an inference as a response', () => {
  test('that has succeeded, with defaults for all that its request left out', () => {
    expect(shown(answered())).toStrictEqual({
      id: 'resp_01k9zv3m7x2c4d5e6f7g8h9j0k',
      object: 'response',
      created_at: 1_767_225_601,
      status: 'completed',
      background: false,
      error: null,
      incomplete_details: null,
      instructions: null,
      max_output_tokens: null,
      metadata: { team: 'a' },
      model: 'gpt-4o-2024',
      output: [message('completed', text('Hello you.'))],
      parallel_tool_calls: true,
      previous_response_id: null,
      reasoning: { effort: null, summary: null },
      service_tier: 'auto',
      store: true,
      temperature: null,
      text: { format: { type: 'text' }, verbosity: null },
      tool_choice: 'auto',
      tools: [],
      top_logprobs: 0,
      top_p: null,
      truncation: 'disabled',
      usage: {
        input_tokens: 3,
        input_tokens_details: { cached_tokens: 1 },
        output_tokens: 4,
        output_tokens_details: { reasoning_tokens: 2 },
        total_tokens: 7,
      },
    });
  });

  test('shows what its request said', () => {
    const { inference } = partsOf();
    const schema = { type: 'object' };
    const response = responseObject({
      inference,
      request: {
        instructions: 'Be brief.',
        tools: [{ name: 'add', description: 'Adds.', parameters: schema, strict: true }, { name: 'now' }],
        toolChoice: { name: 'add' },
        parallelToolCalls: false,
        responseFormat: { type: 'json-schema', name: 'sum', schema, strict: true },
        params: {
          maxTokens: 10,
          temperature: 0,
          topP: 0.5,
          reasoningEffort: 'low',
          logprobs: 2,
          verbosity: 'low',
          serviceTier: 'flex',
          promptCacheKey: 'key',
          safetyIdentifier: 'user-1',
        },
        user: 'end-user-1',
      },
      memo: { background: true, store: true, hasInstructions: true, previousResponseId: 'resp_1' },
    });
    expect(response).toMatchObject({
      status: 'in_progress',
      model: 'summarize',
      output: [],
      background: true,
      instructions: 'Be brief.',
      max_output_tokens: 10,
      parallel_tool_calls: false,
      previous_response_id: 'resp_1',
      reasoning: { effort: 'low', summary: null },
      temperature: 0,
      text: { format: { type: 'json_schema', name: 'sum', description: null, schema, strict: true }, verbosity: 'low' },
      service_tier: 'flex',
      prompt_cache_key: 'key',
      safety_identifier: 'user-1',
      top_logprobs: 2,
      tool_choice: { type: 'function', name: 'add' },
      tools: [
        { type: 'function', name: 'add', description: 'Adds.', parameters: schema, strict: true },
        { type: 'function', name: 'now', description: null, parameters: null, strict: null },
      ],
      top_p: 0.5,
      user: 'end-user-1',
    });
    expect(response).not.toHaveProperty('usage');
    expect(responseSchema.parse(response)).toEqual(response);
  });

  test('does not take a system message of the input for instructions, and shows none of the input', () => {
    const prompt = { messages: [{ role: 'system', text: 'Be brief.' }], params: {}, user: 'u' } as const;
    const { memo } = partsOf();
    expect(shownRequest(prompt, memo)).toStrictEqual({ instructions: null, params: {}, user: 'u' });
    const own = { ...memo, hasInstructions: true };
    expect(shownRequest(prompt, own)).toStrictEqual({ instructions: 'Be brief.', params: {}, user: 'u' });
  });

  test('with calls of functions beside its text, or alone', () => {
    const toolCalls = [
      { id: 'c1', name: 'add', arguments: '{"a":1}' },
      { id: 'c2', name: 'now', arguments: '{}' },
    ];
    const call = (index: number, fields: object) => ({
      type: 'function_call',
      id: `fc_01k9zv3m7x2c4d5e6f7g8h9j0k_${index}`,
      status: 'completed',
      ...fields,
    });
    const calls = [
      call(0, { call_id: 'c1', name: 'add', arguments: '{"a":1}' }),
      call(1, { call_id: 'c2', name: 'now', arguments: '{}' }),
    ];
    const finishReason = { unified: 'tool-calls', raw: 'tool_calls' } as const;
    expect(shown(answered({ text: null, toolCalls, finishReason })).output).toStrictEqual(calls);
    expect(shown(answered({ toolCalls, finishReason })).output).toStrictEqual([
      message('completed', text('Hello you.')),
      ...calls,
    ]);
  });

  test('that is a refusal is completed, whatever word its provider ends it with', () => {
    const finishReason = { unified: 'content-filter', raw: 'refusal' } as const;
    const response = shown(answered({ text: null, refusal: 'I will not.', finishReason }));
    expect(response.status).toBe('completed');
    expect(response.output).toStrictEqual([message('completed', { type: 'refusal', refusal: 'I will not.' })]);
  });

  test.each([
    ['length', 'max_output_tokens'],
    ['content-filter', 'content_filter'],
  ] as const)('that ended with %s is incomplete', (unified, reason) => {
    const response = shown(answered({ finishReason: { unified, raw: null } }));
    expect(response).toMatchObject({ status: 'incomplete', incomplete_details: { reason }, error: null });
    expect(response.output).toStrictEqual([message('incomplete', text('Hello you.'))]);
  });

  test.each([
    [
      { ...started, status: 'waiting', waitingFor: 'target' },
      { status: 'queued', error: null },
    ],
    [failed(), { status: 'failed', error: { code: 'all_targets_failed', message: 'All targets failed.' } }],
    [
      { ...failed({ code: 'inference_cancelled', message: 'It was cancelled.' }), status: 'cancelled' },
      { status: 'cancelled', error: null },
    ],
  ] satisfies [Inference, object][])('in another state', (inference, fields) => {
    expect(shown(inference)).toMatchObject({ ...fields, output: [], incomplete_details: null });
  });

  test('with log probabilities where they were asked for', () => {
    const token = { token: 'Hello', logprob: -0.5, bytes: [72] };
    const logprobs = [{ ...token, top: [{ ...token, token: 'Hi', logprob: -1 }] }];
    const { output } = shown(answered({ logprobs }));
    const shownLogprobs = [{ ...token, top_logprobs: [{ ...token, token: 'Hi', logprob: -1 }] }];
    expect(output).toStrictEqual([message('completed', { ...text('Hello you.'), logprobs: shownLogprobs })]);
  });

  test('has no usage when the provider told a part of it only, and 0 for details that it did not tell', () => {
    const usage = { inputTokens: 3, cachedInputTokens: null, outputTokens: 4, reasoningTokens: null };
    expect(shown(answered({ usage })).usage).toMatchObject({
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 0 },
    });
    expect(shown(answered({ usage: { ...usage, outputTokens: null } }))).not.toHaveProperty('usage');
  });
});

describe('what is kept of the requests for those who poll', () => {
  const request = (instructions: string) => ({ instructions, params: {} });

  test('is bounded, and drops first what has not been asked for', () => {
    const kept = new ShownRequests(3 * JSON.stringify(request('aaa')).length);
    for (const id of ['a', 'b', 'c']) kept.keep(id, request(id.repeat(3)));
    expect(kept.get('a')).toEqual(request('aaa'));
    kept.keep('a', request('aaa'));
    kept.keep('d', request('ddd'));
    expect(['a', 'b', 'c', 'd'].filter((id) => kept.get(id) !== null)).toEqual(['a', 'c', 'd']);
  });

  test('does not keep one that is larger than all may be together', () => {
    const kept = new ShownRequests(50);
    kept.keep('a', request('a'.repeat(100)));
    expect(kept.get('a')).toBeNull();
    kept.keep('b', request('b'));
    expect(kept.get('b')).toEqual(request('b'));
  });
});
