// OpenAI's chat completions. The Responses API is not used: it has no counterpart at the other providers.

import { createOpenAI } from '@ai-sdk/openai';
import { classifyOpenai } from './errors/openai.ts';
import { OpenaiWireReader, openaiFinishReasons, openaiOutputLimit } from './openai-wire.ts';
import type { Vendor } from './vendor.ts';

export const openai: Vendor = {
  languageModel: ({ model, baseUrl, apiKey, fetch }) =>
    createOpenAI({ baseURL: baseUrl, apiKey: apiKey ?? '', fetch }).chat(model),
  providerOptions: ({ prompt }) => ({
    openai: {
      ...(prompt.params.reasoningEffort !== undefined && { reasoningEffort: prompt.params.reasoningEffort }),
      ...(prompt.user !== undefined && { user: prompt.user }),
      ...(prompt.tools && prompt.parallelToolCalls !== undefined && { parallelToolCalls: prompt.parallelToolCalls }),
      // The API's default is false, the AI SDK's is true, and a schema that is not written for it would be refused.
      strictJsonSchema: prompt.responseFormat?.type === 'json-schema' && prompt.responseFormat.strict === true,
    },
  }),
  takesImageUrls: true,
  imageOptions: (imageDetail) => ({ openai: { imageDetail } }),
  requestIdHeader: 'x-request-id',
  newReader: (onText) => new OpenaiWireReader(onText),
  outputLimit: openaiOutputLimit,
  finishReasons: openaiFinishReasons,
  classify: classifyOpenai,
};
