// xAI's chat completions: the Grok models.

import type { JSONObject } from '@ai-sdk/provider';
import type { ReasoningEffort } from '../../src/domain/prompt.ts';
import { compatibleVendor } from './openai-compatible.ts';
import { classifyXai } from './errors/xai.ts';

export const xai = compatibleVendor({
  fields: ({ prompt }) => ({
    reasoningEffort: effortWord(prompt.params.reasoningEffort),
    service_tier: prompt.params.serviceTier === 'priority' ? 'priority' : undefined,
  }),
  // Reasoning comes on top of the tokens of the answer: https://docs.x.ai/docs/guides/reasoning
  convertUsage: (usage) => {
    const reasoning = usage?.completion_tokens_details?.reasoning_tokens ?? undefined;
    const text = usage?.completion_tokens ?? undefined;
    const cacheRead = usage?.prompt_tokens_details?.cached_tokens ?? undefined;
    return {
      inputTokens: { total: usage?.prompt_tokens ?? undefined, noCache: undefined, cacheRead, cacheWrite: undefined },
      outputTokens: { total: text === undefined ? undefined : text + (reasoning ?? 0), text, reasoning },
      raw: { ...usage } as JSONObject,
    };
  },
  classify: classifyXai,
});

function effortWord(effort: ReasoningEffort | undefined): string | undefined {
  if (effort === 'minimal') return 'low';
  return effort === 'xhigh' || effort === 'max' ? 'high' : effort;
}
