// The faults that a simulated provider can be told to have, as plain data. Says what goes wrong; `plan.ts` makes it so.

import type { Situation } from './error-body.ts';
import type { RecordedRequest } from './simulator.ts';

/**
 * In streams `afterChunks` counts the chunks that carry tokens; 0 is before the first, and half of them is the default.
 * An answer that is not streamed breaks in the middle of its body instead.
 */
export type Fault =
  /** The provider's own error for a situation. `retryAfterMs: null` leaves the hint out. */
  | { readonly type: 'error'; readonly situation: Situation; readonly retryAfterMs?: number | null }
  /** Any HTTP answer: a string is sent as it is, anything else as JSON. */
  | {
      readonly type: 'status';
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** HTTP 200 with a web page, as from a gateway or captive portal. */
  | { readonly type: 'html' }
  /** The connection is reset before any header. */
  | { readonly type: 'reset' }
  /** So many requests per window are let through to the older rules, all others are refused with the true headers. */
  | {
      readonly type: 'limit';
      readonly requests: number;
      readonly windowMs: number;
      /** @default 'rate-limit' */
      readonly situation?: 'rate-limit' | 'quota';
    }

  /** Slow: before the headers, between them and the first token, between tokens; `Infinity` is never. */
  | {
      readonly type: 'delay';
      readonly headersMs?: number;
      readonly firstTokenMs?: number;
      readonly tokenMs?: number;
      /** While there is no token, a keep-alive so often: a comment in a stream, an empty line otherwise. */
      readonly keepAliveMs?: number;
      /** What comes of it in the end; a whole answer when left out. */
      readonly fault?: Exclude<Fault, { type: 'delay' | 'limit' }>;
    }

  /** The socket is destroyed in the middle of the answer. */
  | { readonly type: 'cut'; readonly afterChunks?: number }
  /** The response ends politely in the middle, without finish reason or end event. */
  | { readonly type: 'end-early'; readonly afterChunks?: number }
  /** Nothing more comes, and the socket stays open. */
  | { readonly type: 'stall'; readonly afterChunks?: number; readonly keepAliveMs?: number }
  /** One chunk is not JSON; the stream goes on and finishes with `stop`. */
  | { readonly type: 'malformed-chunk'; readonly afterChunks?: number }
  /** An error under HTTP 200: an event in a stream, the body otherwise. */
  | { readonly type: 'error-in-200'; readonly situation: Situation; readonly afterChunks?: number }

  /** Nothing said, finished with `stop`. */
  | { readonly type: 'empty' }
  /** Cut by the provider, which says so. Half of the answer by default. */
  | { readonly type: 'truncated'; readonly afterTokens?: number }
  /** Cut by the provider, which says `stop`. Reports `outputTokens`, by default the request's own limit if it has one. */
  | { readonly type: 'cut-as-stop'; readonly afterTokens?: number; readonly outputTokens?: number }
  /** The model declines, in the provider's own way; in plain words where the provider has none. */
  | { readonly type: 'refusal' }
  /** The provider's filter blocks the prompt under HTTP 200. `reason` is Gemini's. */
  | { readonly type: 'blocked'; readonly reason?: string }
  /** The provider's own finish reason, or none; `text` replaces the answer. */
  | { readonly type: 'finish'; readonly reason: string | null; readonly text?: string }
  /** JSON that breaks the schema asked for. */
  | { readonly type: 'wrong-json' }
  /** The JSON asked for in a Markdown fence. */
  | { readonly type: 'fenced-json' }

  /**
   * Of embeddings: one of them is missing, short, made of nulls or of zeros, all are of one text; or they come in another
   * order and say so, which is right.
   */
  | {
      readonly type: 'wrong-vectors';
      readonly flaw: 'missing' | 'short' | 'not-numbers' | 'zero' | 'twice' | 'reversed';
    }

  /**
   * A whole answer, valid against the schema asked for, that is not the one that other models give. Told by the seed and
   * the prompt alone: models that share a seed are wrong alike. @default '' as the seed
   */
  | { readonly type: 'dissent'; readonly seed?: string }

  /** A scripted answer, which is no fault at all. */
  | { readonly type: 'answer'; readonly text: string }
  | { readonly type: 'tool-call'; readonly name: string; readonly arguments: Readonly<Record<string, unknown>> };

export type FaultName = Fault['type'];

export interface FaultRule {
  /** Left out: every account. */
  readonly account?: string;
  /** Left out: every model. */
  readonly model?: string;
  readonly matches?: (request: RecordedRequest) => boolean;
  /**
   * Of the requests that match, the share that it befalls: the same prompts every time, and other ones with another seed.
   * The rest goes on to older rules. @default all
   */
  readonly share?: { readonly of: number; readonly seed: string };
  /** How many requests it may befall. @default unlimited */
  readonly times?: number;
  /** How long it lasts from its injection. @default unlimited */
  readonly forMs?: number;
  readonly fault: Fault;
}

/** The client still gets a whole, valid answer. */
export function isHarmless(fault: Fault): boolean {
  if (fault.type === 'delay') return fault.fault === undefined || isHarmless(fault.fault);
  return fault.type === 'answer' || fault.type === 'tool-call' || fault.type === 'dissent';
}
