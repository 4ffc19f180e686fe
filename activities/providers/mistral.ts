// Mistral's chat completions.

import { createMistral } from '@ai-sdk/mistral';
import { classifyMistral } from './errors/mistral.ts';
import {
  OpenaiWireReader,
  openaiDocumentFacts,
  openaiEmbeddingFacts,
  openaiFinishReasons,
  openaiOutputLimit,
} from './openai-wire.ts';
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
