import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/domain/answer.ts';
import type { CallRecord } from '../../src/domain/call.ts';
import type { FailureKind } from '../../src/domain/failure.ts';
import type { Inference, InferenceFailure } from '../../src/domain/inference.ts';
import { chatCompletionOf } from '../../src/http/chat-completion.ts';
import { failureError } from '../../src/http/failure-error.ts';
import { inferenceObject } from '../../src/http/inference-object.ts';

const id = 'inf-01k9zv3m7x2c4d5e6f7g8h9j0k';
const createdAt = '2026-11-23T10:00:00.900Z';

const answer: Answer = {
  text: 'It is 3.',
  refusal: null,
  toolCalls: [],
  finishReason: { unified: 'stop', raw: 'end_turn' },
  usage: { inputTokens: 10, cachedInputTokens: 4, outputTokens: 5, reasoningTokens: 2 },
  model: 'gpt-4o-2024-08-06',
};

const call = (target: string, kind: FailureKind | null): CallRecord => ({
  target,
  model: 'gpt-4o',
  attempt: 1,
  outcome: kind === null ? 'succeeded' : 'failed',
  kind,
  startedAt: createdAt,
  durationMs: 120,
  firstTokenMs: null,
  usage: null,
  costUsd: null,
  providerRequestId: 'req-1',
  possiblyBilled: false,
  message: null,
});

const inference: Inference = {
  id,
  runId: 'run-1',
  status: 'succeeded',
  waitingFor: null,
  memo: { owner: null, model: 'summarize', deadlineMs: 120_000, metadata: { case: '7' }, fingerprint: 'f' },
  createdAt,
  endedAt: '2026-11-23T10:00:02.000Z',
  result: { answer, target: 'openai/gpt-4o', calls: [] },
  failure: null,
  calls: [{ ...call('openai/gpt-4o', null), usage: answer.usage, costUsd: 0.001, firstTokenMs: 40 }],
  heldVerdict: null,
};

describe("an answer as OpenAI's chat completion", () => {
  const completionOf = (fields: Partial<Answer>) =>
    chatCompletionOf({ id, createdAt, answer: { ...answer, ...fields }, target: null });

  test('a text', () => {
    expect(completionOf({})).toEqual({
      id,
      object: 'chat.completion',
      created: 1_795_428_000,
      model: 'gpt-4o-2024-08-06',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'It is 3.', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: 15,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 2 },
      },
    });
  });

  test('calls of tools', () => {
    const [choice] = completionOf({
      text: null,
      toolCalls: [{ id: 'c1', name: 'add', arguments: '{"a": 1}' }],
      finishReason: { unified: 'tool-calls', raw: 'tool_use' },
    }).choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    expect(choice?.message).toEqual({
      role: 'assistant',
      content: null,
      refusal: null,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a": 1}' } }],
    });
  });

  test('a refusal is no content, and ends with stop whatever the provider calls it', () => {
    const [choice] = completionOf({
      text: null,
      refusal: 'I will not.',
      finishReason: { unified: 'content-filter', raw: 'refusal' },
    }).choices;
    expect(choice?.finish_reason).toBe('stop');
    expect(choice?.message).toMatchObject({ content: null, refusal: 'I will not.' });
  });

  test("a cut at the client's own limit ends with length", () => {
    const [choice] = completionOf({ finishReason: { unified: 'length', raw: 'max_tokens' } }).choices;
    expect(choice?.finish_reason).toBe('length');
  });

  test.each([
    ['that nobody reported', null],
    [
      'that is known in part only',
      { inputTokens: 3, outputTokens: null, cachedInputTokens: null, reasoningTokens: null },
    ],
  ])('a usage %s is left out rather than made up', (_name, usage) => {
    expect(completionOf({ usage })).not.toHaveProperty('usage');
  });
});

describe('an inference as clients see it', () => {
  test('one that succeeded', () => {
    expect(inferenceObject(inference, (of, runId) => `http://ui/${of}/${runId}`)).toEqual({
      id,
      object: 'inference',
      status: 'succeeded',
      waiting_for: null,
      request_id: null,
      traceparent: null,
      model: 'summarize',
      target: 'openai/gpt-4o',
      created_at: createdAt,
      ended_at: '2026-11-23T10:00:02.000Z',
      deadline: '2m',
      metadata: { case: '7' },
      output: chatCompletionOf({ id, createdAt, answer, target: 'openai/gpt-4o' }),
      error: null,
      calls: [
        {
          target: 'openai/gpt-4o',
          model: 'gpt-4o',
          attempt: 1,
          outcome: 'succeeded',
          kind: null,
          started_at: createdAt,
          duration_ms: 120,
          first_token_ms: 40,
          usage: { input_tokens: 10, cached_input_tokens: 4, output_tokens: 5, reasoning_tokens: 2 },
          cost_usd: 0.001,
          provider_request_id: 'req-1',
          possibly_billed: false,
          message: null,
        },
      ],
      temporal: { workflow_id: id, run_id: 'run-1', ui_url: `http://ui/${id}/run-1` },
    });
  });

  test('one that failed carries the error that a waiting client would have got, and no owner or fingerprint', () => {
    const failure = failed({ code: 'deadline_exceeded' });
    const { failure: _, ...fields } = { ...inference, failure };
    const shown = inferenceObject({ ...fields, failure, status: 'failed', result: null }, () => null);
    expect(shown).toMatchObject({
      status: 'failed',
      output: null,
      target: null,
      error: { code: 'deadline_exceeded', type: 'inference_error', message: failure.message, param: null },
    });
    expect(JSON.stringify(shown)).not.toMatch(/owner|fingerprint/);
  });
});

describe('a failed inference, to the client that waits for it', () => {
  const errorOf = (failure: InferenceFailure) => failureError({ id, failure, calls: failure.calls });

  test.each([
    ['invalid_request', 400],
    ['content_filter', 400],
    ['context_length_exceeded', 400],
    ['unsupported_parameter', 400],
    ['inference_cancelled', 409],
    ['internal_error', 500],
    ['all_targets_failed', 502],
    ['deadline_exceeded', 504],
  ] as const)('%s is a %i with its id and every call, and is not to be retried', (code, status) => {
    const calls = [call('openai/gpt-4o', 'server-error'), call('claude/sonnet', 'rate-limited')];
    const error = errorOf(failed({ code, calls }));
    expect(error.status).toBe(status);
    expect(error.headers).toEqual({ 'x-should-retry': 'false', 'x-holdfast-inference-id': id });
    expect(error.body.error).toMatchObject({ code, inference_id: id });
    expect(error.body.error.calls?.map(({ target, kind }) => [target, kind])).toEqual([
      ['openai/gpt-4o', 'server-error'],
      ['claude/sonnet', 'rate-limited'],
    ]);
  });

  test("the provider's words and the parameter it names are passed on where the request is at fault", () => {
    const cause = {
      kind: 'invalid-request',
      message: 'openai/gpt-4o calls the request invalid.',
      providerMessage: "Invalid value for 'temperature'.",
      param: 'temperature',
    } as const;
    const error = errorOf(failed({ code: 'invalid_request', message: cause.message, cause }));
    expect(error.body.error).toMatchObject({
      message: "openai/gpt-4o calls the request invalid. The provider says: Invalid value for 'temperature'.",
      param: 'temperature',
    });
  });

  test("the provider's words are kept back where the provider is at fault", () => {
    const cause = { kind: 'auth', message: 'x', providerMessage: 'Incorrect API key provided: sk-1' } as const;
    const error = errorOf(failed({ code: 'all_targets_failed', cause, calls: [call('openai/gpt-4o', 'auth')] }));
    expect(JSON.stringify(error.body)).not.toContain('sk-1');
  });

  test('nothing of the inside is shown when Holdfast itself failed', () => {
    const error = errorOf(failed({ code: 'internal_error', message: 'TypeError: x is undefined' }));
    expect(JSON.stringify(error.body)).not.toContain('TypeError');
  });

  describe('is a 503 with Retry-After when all targets lack capacity only', () => {
    const shortage = (calls: readonly CallRecord[], retryAfterMs?: number) =>
      errorOf(
        failed({
          code: 'all_targets_failed',
          calls,
          cause: { kind: 'overloaded', message: 'x', ...(retryAfterMs && { retryAfterMs }) },
        }),
      );

    test('at the end, whatever they failed with before', () => {
      const error = shortage([call('a/x', 'server-error'), call('a/x', 'rate-limited'), call('b/x', 'overloaded')]);
      expect(error.status).toBe(503);
      expect(error.body.error.code).toBe('all_targets_failed');
      expect(error.headers).toMatchObject({ 'retry-after': '10', 'x-should-retry': 'false' });
    });

    test("by the provider's own hint, when it gives one", () => {
      expect(shortage([call('a/x', 'overloaded')], 1_200).headers['retry-after']).toBe('2');
    });

    test.each([
      ['one failed otherwise', [call('a/x', 'rate-limited'), call('b/x', 'timeout')]],
      ['a quota is used up', [call('a/x', 'quota-exhausted')]],
      ['nothing was called', []],
    ])('and not when %s', (_name, calls) => {
      expect(shortage(calls).status).toBe(502);
    });
  });
});

function failed(fields: Partial<InferenceFailure>): InferenceFailure {
  return { code: 'all_targets_failed', message: 'A sentence of ours.', cause: null, calls: [], ...fields };
}
