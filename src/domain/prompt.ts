// What is asked of a model: messages, tools, the wanted form of the answer and sampling parameters.
// Plain data, the same for every provider; must not know any wire format.

import type { Expect } from './expectation.ts';

/** A JSON Schema document, as the client sent it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  /** `url` is an http(s) address or a `data:` URL. */
  | { readonly type: 'image'; readonly url: string; readonly detail?: 'auto' | 'low' | 'high' }
  /** `url` is a `data:` URL that holds the whole file. */
  | { readonly type: 'file'; readonly url: string; readonly filename?: string };

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text, exactly as the model wrote it. */
  readonly arguments: string;
}

export type Message =
  | { readonly role: 'system'; readonly text: string }
  | { readonly role: 'user'; readonly parts: readonly ContentPart[] }
  | { readonly role: 'assistant'; readonly text: string | null; readonly toolCalls: readonly ToolCall[] }
  | { readonly role: 'tool'; readonly toolCallId: string; readonly text: string };

export interface Tool {
  readonly name: string;
  readonly description?: string;
  readonly parameters?: JsonSchema;
  readonly strict?: boolean;
}

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json' }
  | {
      readonly type: 'json-schema';
      readonly name: string;
      readonly description?: string;
      readonly schema: JsonSchema;
      readonly strict?: boolean;
    };

export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';

/** How the answer is made. A parameter left out is left to the provider. */
export interface Params {
  /** Upper limit of output tokens, reasoning included. */
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  readonly reasoningEffort?: ReasoningEffort;
  /** The log probability of each token of the answer is wanted, and of so many others that might have stood there. */
  readonly logprobs?: number;
  // Mere hints: a target that does not know one answers all the same, and is not sent it.
  readonly verbosity?: 'low' | 'medium' | 'high';
  readonly serviceTier?: 'default' | 'flex' | 'priority';
  readonly promptCacheKey?: string;
  readonly promptCacheRetention?: 'in-memory' | '24h';
  /** The client's own name for its end user, made so that it tells nothing of them. */
  readonly safetyIdentifier?: string;
}

export interface Prompt {
  readonly messages: readonly Message[];
  readonly tools?: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  readonly parallelToolCalls?: boolean;
  readonly responseFormat?: ResponseFormat;
  /** The response format is not sent but told in words, whatever the target takes. */
  readonly tellsFormat?: true;
  /** What the answer must be like beside that: each of them must hold. */
  readonly expect?: readonly Expect[];
  readonly params: Params;
  /** The client's own name for its end user, passed on where the provider takes one. */
  readonly user?: string;
}

/** The schema that the answer has to satisfy; null: none. */
export function schemaOf({ responseFormat }: Prompt): JsonSchema | null {
  return responseFormat?.type === 'json-schema' ? responseFormat.schema : null;
}

/** The whole answer has to be there before it is known whether it is accepted. */
export function isChecked({ responseFormat, expect = [] }: Prompt): boolean {
  return (responseFormat !== undefined && responseFormat.type !== 'text') || expect.length > 0;
}
