// OpenAI's chat completions. The Responses API is not used: it has no counterpart at the other providers.

import { createOpenAI } from '@ai-sdk/openai';
import type { Prompt } from '../../src/domain/prompt.ts';
import { classifyOpenai } from './errors/openai.ts';
import { openaiPlainAnswer } from './openai-plain.ts';
import {
  OpenaiWireReader,
  openaiDocumentFacts,
  openaiEmbeddingFacts,
  openaiFinishReasons,
  openaiOutputLimit,
} from './openai-wire.ts';
import type { Vendor } from './vendor.ts';

export const openai: Vendor = {
  languageModel: ({ model, baseUrl, apiKey, fetch }) =>
    createOpenAI({ baseURL: baseUrl, apiKey: apiKey ?? '', fetch }).chat(model),
  providerOptions: ({ prompt }) => ({ openai: openaiOptions(prompt) }),
  imageOptions: (imageDetail) => ({ openai: { imageDetail } }),
  requestIdHeader: 'x-request-id',
  newReader: (onText) => new OpenaiWireReader(onText),
  documentFacts: openaiDocumentFacts,
  plainAnswer: openaiPlainAnswer,
  outputLimit: openaiOutputLimit,
  finishReasons: openaiFinishReasons,
  classify: classifyOpenai,
  embeddings: {
    model: ({ model, baseUrl, apiKey, fetch }) =>
      createOpenAI({ baseURL: baseUrl, apiKey: apiKey ?? '', fetch }).embedding(model),
    options: (wanted) => ({ openai: wanted }),
    read: openaiEmbeddingFacts,
  },
};

function openaiOptions({ params, user, tools, parallelToolCalls, responseFormat }: Prompt) {
  const { reasoningEffort, logprobs, verbosity, serviceTier } = params;
  const { promptCacheKey, promptCacheRetention, safetyIdentifier } = params;
  return {
    ...(reasoningEffort !== undefined && { reasoningEffort }),
    ...(user !== undefined && { user }),
    ...(tools && parallelToolCalls !== undefined && { parallelToolCalls }),
    ...(logprobs !== undefined && { logprobs }),
    ...(verbosity !== undefined && { textVerbosity: verbosity }),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(promptCacheKey !== undefined && { promptCacheKey }),
    ...(promptCacheRetention !== undefined && {
      promptCacheRetention: promptCacheRetention === '24h' ? '24h' : 'in_memory',
    }),
    ...(safetyIdentifier !== undefined && { safetyIdentifier }),
    // The API's default is false, the AI SDK's is true, and a schema that is not written for it would be refused.
    strictJsonSchema: responseFormat?.type === 'json-schema' && responseFormat.strict === true,
  };
}
