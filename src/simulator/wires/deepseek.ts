// DeepSeek's dialect of chat completions: usage always in the last chunk, cache hits counted, no limits in headers.

import { chatCompletions } from './chat-completions.ts';

const MODELS = ['deepseek-chat', 'deepseek-reasoner'];

export const deepseek = chatCompletions({
  finishWords: {
    stop: 'stop',
    length: 'length',
    'tool-calls': 'tool_calls',
    refused: 'stop',
    blocked: 'content_filter',
  },
  refusalField: false,
  streamUsage: 'final',
  wholeToolCalls: false,
  completionId: (id) =>
    `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20, 32)}`,
  toolCallId: (id) => `call_00_${id.slice(0, 24)}`,
  usage: ({ inputTokens, outputTokens }) => ({
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: 0 },
    prompt_cache_hit_tokens: 0,
    prompt_cache_miss_tokens: inputTokens,
  }),
  extra: { system_fingerprint: 'fp_simulated' },
  requestId: (id) => id,
  headers: ({ id }) => ({ 'x-ds-trace-id': id }),
  models: () => ({ object: 'list', data: MODELS.map((id) => ({ id, object: 'model', owned_by: 'deepseek' })) }),
});
