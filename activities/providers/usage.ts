// A call's tokens as the AI SDK counts them, in our words. An unknown count is none, and not 0.

import type { LanguageModelV3Usage } from '@ai-sdk/provider';
import type { Usage } from '../../src/domain/answer.ts';

/** The AI SDK fills in 0 where a provider says nothing; no call has 0 input tokens, and no answer 0 output tokens. */
export function usageOf({ inputTokens, outputTokens, raw }: LanguageModelV3Usage): Usage | null {
  const { total: input, cacheRead: cached } = inputTokens;
  const { total: output, reasoning } = outputTokens;
  return usageOfCounts({ input, cached, output, reasoning, raw });
}

/** `raw`: as the provider has put it, which tells what it has counted. */
export function usageOfCounts(counts: {
  readonly input: number | undefined;
  readonly cached: number | undefined;
  readonly output: number | undefined;
  readonly reasoning: number | undefined;
  readonly raw: unknown;
}): Usage | null {
  const { input, cached, output, reasoning, raw } = counts;
  if (!input && !output) return null;
  const words = JSON.stringify(raw ?? {});
  return {
    inputTokens: input || null,
    cachedInputTokens: /cache/i.test(words) ? (cached ?? null) : null,
    outputTokens: output ?? null,
    reasoningTokens: /reason|thought|thinking/i.test(words) ? (reasoning ?? null) : null,
  };
}
