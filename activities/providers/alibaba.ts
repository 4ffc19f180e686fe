// Alibaba's Model Studio (DashScope) in its OpenAI-compatible mode: the Qwen models.

import type { ReasoningEffort } from '../../src/domain/prompt.ts';
import { compatibleVendor } from './openai-compatible.ts';
import { classifyAlibaba } from './errors/alibaba.ts';

export const alibaba = compatibleVendor({
  fields: ({ prompt }) => ({ reasoningEffort: undefined, ...thinking(prompt.params.reasoningEffort) }),
  classify: classifyAlibaba,
  hasEmbeddings: true,
});

/** Tokens of thought for each effort; the API knows no efforts, only a switch and a budget. */
const THINKING_BUDGET: Readonly<Partial<Record<ReasoningEffort, number>>> = {
  minimal: 1_024,
  low: 1_024,
  medium: 8_192,
};

function thinking(effort: ReasoningEffort | undefined): Readonly<Record<string, boolean | number>> {
  if (effort === undefined) return {};
  const budget = THINKING_BUDGET[effort];
  return { enable_thinking: effort !== 'none', ...(budget !== undefined && { thinking_budget: budget }) };
}
