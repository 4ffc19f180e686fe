// What a model answered, in one shape for every provider. Plain data; must not know any wire format.

import type { ToolCall } from './prompt.ts';

export type UnifiedFinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'error' | 'other';

/** Why the model stopped: our word, and the provider's own, which is never lost. */
export interface FinishReason {
  readonly unified: UnifiedFinishReason;
  readonly raw: string | null;
}

/** Token counts. A count that the provider did not report is null, never 0. */
export interface Usage {
  /** All input tokens, cached ones included. */
  readonly inputTokens: number | null;
  readonly cachedInputTokens: number | null;
  /** All output tokens, reasoning included. */
  readonly outputTokens: number | null;
  readonly reasoningTokens: number | null;
}

/** One token of an answer, as the provider has it. */
export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  /** UTF-8, as a token may be half a character; null when it has no text. */
  readonly bytes: readonly number[] | null;
}

export interface TokenLogprobs extends TokenLogprob {
  readonly top: readonly TokenLogprob[];
}

export interface Answer {
  readonly text: string | null;
  /** The model's refusal, when it declined to answer; `text` is null then. */
  readonly refusal: string | null;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: FinishReason;
  readonly usage: Usage | null;
  /** The model that served, as the provider names it. */
  readonly model: string;
  /** The provider's name for the system that served, where it has one. */
  readonly fingerprint?: string;
  /** When they were asked for. */
  readonly logprobs?: readonly TokenLogprobs[];
}

/** An answer that a person has given in the models' stead. */
export function answerOfPerson(text: string): Answer {
  return {
    text,
    refusal: null,
    toolCalls: [],
    finishReason: { unified: 'stop', raw: null },
    usage: null,
    model: 'person',
  };
}
