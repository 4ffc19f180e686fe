// OpenRouter's chat completions: a router to the models of many providers, which may fail in the middle of an answer.

import type { Prompt } from '../../src/domain/prompt.ts';
import { compatibleVendor } from './openai-compatible.ts';
import { classifyOpenrouter } from './errors/openrouter.ts';

export const openrouter = compatibleVendor({
  fields: ({ prompt }) => ({
    // Otherwise it may choose a provider that drops what it does not know: https://openrouter.ai/docs/features/provider-routing
    provider: isBinding(prompt) ? { require_parameters: true } : undefined,
    reasoningEffort: undefined,
    reasoning: reasoning(prompt.params.reasoningEffort),
  }),
  // https://openrouter.ai/docs/api-reference/overview#assistant-prefill
  continues: () => true,
  finishReasons: { error: 'malformed' },
  classify: classifyOpenrouter,
  hasEmbeddings: true,
});

/** Asks for something that is part of what the answer is. */
function isBinding({ tools, responseFormat, params }: Prompt): boolean {
  const isJson = responseFormat !== undefined && responseFormat.type !== 'text';
  return tools !== undefined || isJson || params.logprobs !== undefined || params.stop !== undefined;
}

function reasoning(effort: Prompt['params']['reasoningEffort']) {
  if (effort === undefined) return undefined;
  return effort === 'none' ? { enabled: false } : { effort: effort === 'max' ? 'xhigh' : effort };
}
