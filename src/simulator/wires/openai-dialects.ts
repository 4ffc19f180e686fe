// Those who repeat OpenAI's chat completions nearly to the letter: each with its ids, headers and counts.

import { chatCompletions, type ChatDialect } from './chat-completions.ts';
import { openaiDialect } from './openai.ts';
import type { Reply } from './wire.ts';

const usage = ({ inputTokens, outputTokens }: Reply) => ({
  prompt_tokens: inputTokens,
  completion_tokens: outputTokens,
  total_tokens: inputTokens + outputTokens,
});

function dialect(change: Partial<ChatDialect>) {
  return chatCompletions({ ...openaiDialect, refusalField: false, extra: {}, usage, ...change });
}

const limitHeaders: ChatDialect['headers'] = (about) =>
  Object.fromEntries(Object.entries(openaiDialect.headers(about)).filter(([name]) => name.startsWith('x-ratelimit-')));

export const alibaba = dialect({
  requestId: (id) => id,
  headers: ({ id }) => ({ 'x-request-id': id, 'x-dashscope-call-gateway': 'true' }),
  usage: (reply) => ({ ...usage(reply), prompt_tokens_details: { cached_tokens: 0 } }),
});

export const azure = dialect({
  refusalField: true,
  extra: { system_fingerprint: 'fp_simulated' },
  headers: (about) => ({ ...limitHeaders(about), 'apim-request-id': about.id, 'x-ms-region': 'Sweden Central' }),
});

export const fireworks = dialect({
  streamUsage: 'final',
  headers: (about) => ({ ...limitHeaders(about), 'x-request-id': about.id }),
});

export const groq = dialect({
  extra: { system_fingerprint: 'fp_simulated', x_groq: { id: 'req_simulated' } },
  headers: (about) => ({ ...limitHeaders(about), 'x-request-id': `req_${about.id}`, 'x-groq-region': 'dls' }),
});

export const openrouter = dialect({
  completionId: (id) => `gen-${id}`,
  extra: { provider: 'Simulated' },
  headers: ({ id }) => ({ 'x-request-id': id, 'x-generation-id': `gen-${id}` }),
  usage: (reply) => ({ ...usage(reply), cost: 0.0001, completion_tokens_details: { reasoning_tokens: 0 } }),
});

export const together = dialect({
  headers: (about) => ({ ...limitHeaders(about), 'x-request-id': about.id }),
});

export const tokenmix = dialect({
  headers: ({ id }) => ({ 'x-request-id': id }),
});

/** Reasoning is counted beside the answer. */
export const xai = dialect({
  refusalField: true,
  extra: { system_fingerprint: 'fp_simulated' },
  headers: (about) => ({ ...limitHeaders(about), 'x-request-id': about.id }),
  usage: (reply) => ({
    ...usage(reply),
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  }),
});
