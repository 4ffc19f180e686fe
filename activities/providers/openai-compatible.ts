// OpenAI's chat completions, as spoken by others: any server (vLLM, llama.cpp, Ollama, LM Studio, gateways, our simulator),
// and vendors with a dialect of their own. No such vendor's own words.

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { Prompt } from '../../src/domain/prompt.ts';
import { classifyOpenaiCompatible } from './errors/openai-compatible.ts';
import { openaiPlainAnswer } from './openai-plain.ts';
import {
  OpenaiWireReader,
  openaiDocumentFacts,
  openaiEmbeddingFacts,
  openaiFinishReasons,
  openaiOutputLimit,
} from './openai-wire.ts';
import type { EmbeddingApi, FinishMeaning, Vendor } from './vendor.ts';

type Fields = Readonly<Record<string, unknown>>;
type Settings = Parameters<typeof createOpenAICompatible>[0];

export interface Dialect extends Pick<Vendor, 'classify'> {
  /** Fields of the body that are not everybody's, or that differ. Undefined leaves a field out that is everybody's. */
  readonly fields?: (input: { readonly model: string; readonly prompt: Prompt }) => Fields;
  /** @default x-request-id */
  readonly requestIdHeader?: string;
  /** Beside OpenAI's own. */
  readonly finishReasons?: Readonly<Record<string, FinishMeaning>>;
  /** @default as OpenAI counts: reasoning tokens are among those of the answer */
  readonly convertUsage?: NonNullable<Settings['convertUsage']>;
  readonly newReader?: Vendor['newReader'];
  readonly continues?: NonNullable<Vendor['continues']>;
  /** @default false */
  readonly hasEmbeddings?: boolean;
}

export function compatibleVendor(dialect: Dialect): Vendor {
  const { fields, requestIdHeader = 'x-request-id', convertUsage, finishReasons, continues, hasEmbeddings } = dialect;
  return {
    languageModel: ({ model, baseUrl, apiKey, fetch }) =>
      createOpenAICompatible({
        name: NAME,
        baseURL: baseUrl,
        ...(apiKey !== undefined && { apiKey }),
        fetch,
        includeUsage: true,
        // Without it the AI SDK drops the schema; what a model does not take is known or said, and the chain goes on.
        supportsStructuredOutputs: true,
        ...(convertUsage && { convertUsage }),
      }).chatModel(model),
    providerOptions: ({ model, prompt }) => ({
      [NAME]: written({
        ...commonFields(prompt),
        ...fields?.({ model, prompt }),
        strictJsonSchema: prompt.responseFormat?.type === 'json-schema' && prompt.responseFormat.strict === true,
      }),
    }),
    requestIdHeader,
    newReader: dialect.newReader ?? ((onText) => new OpenaiWireReader(onText)),
    ...(continues && { continues }),
    ...(hasEmbeddings && { embeddings }),
    documentFacts: openaiDocumentFacts,
    ...(!convertUsage && { plainAnswer: openaiPlainAnswer }),
    outputLimit: openaiOutputLimit,
    finishReasons: { ...openaiFinishReasons, ...finishReasons },
    classify: dialect.classify,
  };
}

/** The AI SDK's name for the provider, under which it looks for our options: what it does not know goes into the body. */
const NAME = 'compatible';

const embeddings: EmbeddingApi = {
  model: ({ model, baseUrl, apiKey, fetch }) =>
    createOpenAICompatible({
      name: NAME,
      baseURL: baseUrl,
      ...(apiKey !== undefined && { apiKey }),
      fetch,
    }).embeddingModel(model),
  options: (wanted) => ({ [NAME]: wanted }),
  read: openaiEmbeddingFacts,
};

function commonFields({ params, user, tools, parallelToolCalls }: Prompt): Fields {
  const { reasoningEffort, logprobs } = params;
  return {
    reasoningEffort,
    user,
    ...(tools && { parallel_tool_calls: parallelToolCalls }),
    ...(logprobs !== undefined && { logprobs: true, ...(logprobs > 0 && { top_logprobs: logprobs }) }),
  };
}

type Json = NonNullable<ReturnType<Vendor['providerOptions']>[string]>[string];

function written(fields: Fields): Record<string, Json> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Record<string, Json>;
}

/** Any server. */
export const openaiCompatible = compatibleVendor({
  // Spellings of servers that pass on their engine's own word.
  finishReasons: {
    eos: 'stop',
    eos_token: 'stop',
    end_turn: 'stop',
    stop_sequence: 'stop',
    max_tokens: 'length',
    error: 'malformed',
    abort: 'server-error',
  },
  classify: classifyOpenaiCompatible,
  hasEmbeddings: true,
});
