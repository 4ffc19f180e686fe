// Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, Ollama, LM Studio, gateways, our simulator.

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { classifyOpenaiCompatible } from './errors/openai-compatible.ts';
import { OpenaiWireReader, openaiFinishReasons, openaiOutputLimit } from './openai-wire.ts';
import type { Vendor } from './vendor.ts';

/** The AI SDK's name for the provider, under which it looks for our options. */
const NAME = 'compatible';

export const openaiCompatible: Vendor = {
  languageModel: ({ model, baseUrl, apiKey, fetch }) =>
    createOpenAICompatible({
      name: NAME,
      baseURL: baseUrl,
      ...(apiKey !== undefined && { apiKey }),
      fetch,
      includeUsage: true,
      // Without it the AI SDK drops the schema; a server that does not take one says so, and the chain goes on.
      supportsStructuredOutputs: true,
    }).chatModel(model),
  providerOptions: ({ prompt }) => ({
    [NAME]: {
      ...(prompt.params.reasoningEffort !== undefined && { reasoningEffort: prompt.params.reasoningEffort }),
      ...(prompt.user !== undefined && { user: prompt.user }),
      ...(prompt.tools && prompt.parallelToolCalls !== undefined && { parallel_tool_calls: prompt.parallelToolCalls }),
      strictJsonSchema: prompt.responseFormat?.type === 'json-schema' && prompt.responseFormat.strict === true,
    },
  }),
  takesImageUrls: true,
  requestIdHeader: 'x-request-id',
  newReader: (onText) => new OpenaiWireReader(onText),
  outputLimit: openaiOutputLimit,
  finishReasons: {
    ...openaiFinishReasons,
    // Spellings of servers that pass on their engine's own word.
    eos: 'stop',
    eos_token: 'stop',
    end_turn: 'stop',
    stop_sequence: 'stop',
    max_tokens: 'length',
    error: 'malformed',
    abort: 'server-error',
  },
  classify: classifyOpenaiCompatible,
};
