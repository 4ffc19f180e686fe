// Mistral's dialect of chat completions: whole tool calls, usage in the last chunk, limits per minute in headers.

import { chatCompletions } from './chat-completions.ts';

const MODELS = ['mistral-small-latest', 'mistral-large-latest'];

export const mistral = chatCompletions({
  finishWords: { stop: 'stop', length: 'length', 'tool-calls': 'tool_calls', refused: 'stop', blocked: 'error' },
  refusalField: false,
  streamUsage: 'final',
  wholeToolCalls: true,
  completionId: (id) => id,
  toolCallId: (id) => id.slice(0, 9),
  embeddings: { dimensions: 1_024, hasId: true },
  usage: ({ inputTokens, outputTokens }) => ({
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    num_cached_tokens: 0,
  }),
  extra: {},
  requestId: (id) => id,
  headers: ({ id, limit }) => ({
    'x-request-id': id,
    'mistral-correlation-id': id,
    ...(limit && {
      'x-ratelimit-limit-req-minute': String(limit.limit),
      'x-ratelimit-remaining-req-minute': String(limit.remaining),
      'x-ratelimit-limit-tokens-minute': '5000000',
      'x-ratelimit-remaining-tokens-minute': '4999000',
    }),
  }),
  models: () => ({
    object: 'list',
    data: MODELS.map((id) => ({
      id,
      object: 'model',
      created: 1_715_367_049,
      owned_by: 'mistralai',
      capabilities: { completion_chat: true, completion_fim: false, function_calling: true, fine_tuning: false },
      max_context_length: 131_072,
      aliases: [],
      type: 'base',
    })),
  }),
});
