// Mistral's chat completions.

import { createMistral } from '@ai-sdk/mistral';
import { classifyMistral } from './errors/mistral.ts';
import { plainAnswer } from './openai-plain.ts';
import {
  OpenaiWireReader,
  openaiDocumentFacts,
  openaiEmbeddingFacts,
  openaiFinishReasons,
  openaiOutputLimit,
} from './openai-wire.ts';
import { countIn, type Fields } from './plain-json.ts';
import type { Vendor } from './vendor.ts';

export const mistral: Vendor = {
  languageModel: ({ model, baseUrl, apiKey, fetch }) =>
    createMistral({ baseURL: baseUrl, apiKey: apiKey ?? '', fetch })(model),
  providerOptions: ({ prompt }) => ({
    mistral: {
      // Mistral knows only on and off.
      ...(prompt.params.reasoningEffort !== undefined && {
        reasoningEffort: prompt.params.reasoningEffort === 'none' ? 'none' : 'high',
      }),
      ...(prompt.parallelToolCalls !== undefined && { parallelToolCalls: prompt.parallelToolCalls }),
      strictJsonSchema: prompt.responseFormat?.type === 'json-schema' && prompt.responseFormat.strict === true,
    },
  }),
  // The AI SDK marks a last message of the assistant as a prefix.
  continues: () => true,
  // https://github.com/vercel/ai/pull/3256
  repeatsPrefix: true,
  requestIdHeader: 'mistral-correlation-id',
  newReader: (onText) => new OpenaiWireReader(onText),
  documentFacts: openaiDocumentFacts,
  plainAnswer: (body) =>
    plainAnswer(body, (usage) => ({ cached: cachedTokens(usage) || undefined, reasoning: undefined })),
  outputLimit: openaiOutputLimit,
  finishReasons: { ...openaiFinishReasons, model_length: 'truncated', error: 'malformed' },
  classify: classifyMistral,
  embeddings: {
    model: ({ model, baseUrl, apiKey, fetch }) =>
      createMistral({ baseURL: baseUrl, apiKey: apiKey ?? '', fetch }).embedding(model),
    // The AI SDK passes none on.
    options: () => ({}),
    read: openaiEmbeddingFacts,
  },
};

/** It has had several names for it. */
function cachedTokens(usage: Fields): number {
  const { num_cached_tokens: count, prompt_tokens_details: details, prompt_token_details: older } = usage;
  return count === undefined ? countIn(details ?? older, 'cached_tokens') : countIn(usage, 'num_cached_tokens');
}
