// A call's tokens as the AI SDK counts them, in our words. An unknown count is none, and not 0.

import type { LanguageModelV3Usage } from '@ai-sdk/provider';
import type { Usage } from '../../src/domain/answer.ts';

/** The AI SDK fills in 0 where a provider says nothing; no call has 0 input tokens, and no answer 0 output tokens. */
export function usageOf({ inputTokens, outputTokens, raw }: LanguageModelV3Usage): Usage | null {
  if (!inputTokens.total && !outputTokens.total) return null;
  const words = JSON.stringify(raw ?? {});
  return {
    inputTokens: inputTokens.total || null,
    cachedInputTokens: /cache/i.test(words) ? (inputTokens.cacheRead ?? null) : null,
    outputTokens: outputTokens.total ?? null,
    reasoningTokens: /reason|thought|thinking/i.test(words) ? (outputTokens.reasoning ?? null) : null,
  };
}
