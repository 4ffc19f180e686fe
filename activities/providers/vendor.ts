// What a vendor's file has to tell: how to ask, how to read its wire, what its words mean. Interfaces only.

import type { EmbeddingModelV3, LanguageModelV3, SharedV3ProviderOptions } from '@ai-sdk/provider';
import type { TokenLogprobs, Usage } from '../../src/domain/answer.ts';
import type { FailureKind } from '../../src/domain/failure.ts';
import type { ContentPart, Prompt } from '../../src/domain/prompt.ts';

export interface Vendor {
  /** `baseUrl` has no slash at its end; `fetch` makes exactly one request. Kept for all calls of the model. */
  readonly languageModel: (input: ModelAddress) => StreamingModel;
  /** What only this vendor's API knows: reasoning effort, end user, parallel tool calls, strictness. */
  readonly providerOptions: (input: { readonly model: string; readonly prompt: Prompt }) => SharedV3ProviderOptions;
  /** How the wanted detail of an image is said, where it can be. */
  readonly imageOptions?: (detail: ImageDetail) => SharedV3ProviderOptions;
  /** Response header that names the request in the vendor's logs. */
  readonly requestIdHeader: string;
  /** What splits the stream into events. @default server-sent events */
  readonly newDecoder?: () => EventDecoder;
  /** `onText` takes each piece of the answer's text as it comes: together they are the text that the AI SDK returns. */
  readonly newReader: (onText: (text: string) => void) => WireReader;
  /** Whether the API goes on from an assistant's message that comes last. @default of no model */
  readonly continues?: (model: string) => boolean;
  /** The answer may begin with that message once more. @default false */
  readonly repeatsPrefix?: true;
  /** What an answer in one piece says beside what the AI SDK reads of it. @default the model's name alone */
  readonly documentFacts?: (body: unknown) => Partial<DocumentFacts>;
  /**
   * A plain text out of an answer in one piece, as the AI SDK reads it, at a small part of the cost. Null: it is more than
   * that, or unusual, and the AI SDK has to read it. @default always null
   */
  readonly plainAnswer?: (body: unknown) => PlainAnswer | null;
  /** The upper limit of output tokens in a request body, as it went out. */
  readonly outputLimit: (requestBody: unknown) => number | null;
  /** What the wire's own finish reasons mean; one that is not listed is not understood, and so a failure. */
  readonly finishReasons: Readonly<Record<string, FinishMeaning>>;
  /** Null: nothing of this vendor's own, the rows for any provider decide. */
  readonly classify: (answer: ErrorAnswer, nowMs: number) => Fault | null;
  /** Left out: it has no embeddings, and its line of the registry says so too. */
  readonly embeddings?: EmbeddingApi;
}

export interface PlainAnswer {
  readonly text: string;
  readonly finishReason: string;
  readonly usage: Usage | null;
  readonly servedModel: string | null;
}

/** As `WireReader` has them of a stream. */
export type DocumentFacts = Pick<WireReader, 'servedModel' | 'fingerprint' | 'refusal' | 'blockReason' | 'logprobs'>;

export interface EmbeddingApi {
  readonly model: (input: ModelAddress) => EmbeddingModelV3;
  readonly options: (wanted: { readonly dimensions?: number; readonly user?: string }) => SharedV3ProviderOptions;
  /** What the answer's body says beside the vectors. */
  readonly read: (body: unknown) => EmbeddingFacts;
}

export interface EmbeddingFacts {
  readonly servedModel: string | null;
  readonly inputTokens: number | null;
  /** Which text each vector belongs to; null where the wire does not say. */
  readonly order: readonly number[] | null;
}

type ImageDetail = NonNullable<Extract<ContentPart, { readonly type: 'image' }>['detail']>;

/** All that is used of a model: it streams, and batches are of documents. */
export type StreamingModel = Pick<LanguageModelV3, 'doStream' | 'doGenerate'>;

export interface ModelAddress {
  readonly model: string;
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly settings: Access;
  readonly fetch: typeof globalThis.fetch;
}

/** What the configuration says of the way to a provider. Holds secrets. */
export interface Access {
  readonly apiKey?: string;
  readonly baseUrl?: string;
  /** The operator's own label, and where a cloud has regions, its name of it. */
  readonly region?: string;
  readonly resource?: string;
  readonly apiVersion?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  readonly project?: string;
  /** JSON, as the cloud gives it in a file. */
  readonly credentials?: string;
}

/** How a vendor is reached that needs more than an address and a key. */
export interface OwnAccess {
  /** The fields that no other type has. */
  readonly fields: readonly (keyof Access)[];
  /** The address without a `baseUrl`; null when what makes it up is missing. */
  readonly addressOf: (access: Access) => string | null;
  /** What is missing, to be put behind the type's name. */
  readonly faultOf: (access: Access) => string | null;
}

/** `length` is a cut at the limit of output tokens; whether that is a failure depends on who set the limit. */
export type FinishMeaning = 'stop' | 'length' | 'tool-calls' | FailureKind;

/** Splits the bytes of a stream into the data of its events. */
export interface EventDecoder {
  /** The bytes themselves are handed on, and not what the reader makes of an event. */
  readonly isBinary: boolean;
  /** The events that this piece completes. */
  push(piece: Uint8Array): readonly string[];
  /** An event whose end never came. */
  rest(): string | null;
}

/** Reads one answer's events as they come off the wire, before the AI SDK sees them. */
export interface WireReader {
  /** Takes an event's data and returns the events to hand on; text is held back and joined, as each event is costly. */
  take(data: string): string;
  /** What was held back, at the end of the stream. */
  rest(): string;
  /** Events so far that carried some of the answer, reasoning included. */
  readonly tokens: number;
  /** The wire's own sign of completeness was seen. */
  readonly isComplete: boolean;
  readonly isMalformed: boolean;
  /** The body of an error that came in the stream. */
  readonly error: unknown;
  readonly servedModel: string | null;
  /** The provider's name for the system that serves. */
  readonly fingerprint: string | null;
  readonly logprobs: readonly TokenLogprobs[] | null;
  /** The model's refusal, where the wire keeps it apart from text. */
  readonly refusal: string | null;
  /** Why the provider's filter let nothing through, where the wire says so instead of a finish reason. */
  readonly blockReason: string | null;
}

/** An answer that is an error: by its status, or by its body in spite of its status. */
export interface ErrorAnswer {
  /** Null when the error came inside a stream and names no status. */
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  /** What its `retry-after` headers say. */
  readonly retryAfterMs: number | null;
  /** The parsed JSON, or null when there is none. */
  readonly body: unknown;
}

/** What an error means, before it is put into words. */
export interface Fault {
  readonly kind: FailureKind;
  readonly param?: string;
  /** Set it only where the headers do not decide: they are the provider's first word. */
  readonly retryAfterMs?: number;
  readonly isRetryable?: boolean;
}
