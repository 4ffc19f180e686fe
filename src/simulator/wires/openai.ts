// OpenAI's dialect of chat completions: refusals in a field, usage in streams on demand, limits in headers.

import { chatCompletions, type ChatDialect } from './chat-completions.ts';

const MODELS = ['gpt-4o', 'gpt-4o-mini'];

export const openaiDialect: ChatDialect = {
  finishWords: {
    stop: 'stop',
    length: 'length',
    'tool-calls': 'tool_calls',
    refused: 'stop',
    blocked: 'content_filter',
  },
  refusalField: true,
  streamUsage: 'asked',
  wholeToolCalls: false,
  completionId: (id) => `chatcmpl-${id}`,
  toolCallId: (id) => `call_${id.slice(0, 24)}`,
  usage: ({ inputTokens, outputTokens }) => ({
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }),
  extra: { service_tier: 'default', system_fingerprint: 'fp_simulated' },
  requestId: (id) => `req_${id}`,
  headers: ({ id, limit }) => ({
    'x-request-id': `req_${id}`,
    'openai-organization': 'org-simulated',
    'openai-version': '2020-10-01',
    'openai-processing-ms': '1',
    ...(limit && {
      'x-ratelimit-limit-requests': String(limit.limit),
      'x-ratelimit-remaining-requests': String(limit.remaining),
      'x-ratelimit-reset-requests': goDuration(limit.resetMs),
      'x-ratelimit-limit-tokens': '2000000',
      'x-ratelimit-remaining-tokens': '1999000',
      'x-ratelimit-reset-tokens': '30ms',
    }),
  }),
  models: () => ({
    object: 'list',
    data: MODELS.map((id) => ({ id, object: 'model', created: 1_715_367_049, owned_by: 'system' })),
  }),
};

export const openai = chatCompletions(openaiDialect);

/** `120ms`, `1.5s`, `6m0s`: how OpenAI writes the time until a limit resets. */
function goDuration(ms: number): string {
  if (ms < 1_000) return `${Math.ceil(ms)}ms`;
  if (ms < 60_000) return `${ms / 1_000}s`;
  return `${Math.floor(ms / 60_000)}m${Math.ceil((ms % 60_000) / 1_000)}s`;
}
