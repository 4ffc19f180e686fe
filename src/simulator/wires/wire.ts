// What every simulated wire format can do, and the neutral forms of what is asked and what is replied.

import type { JsonSchema } from '../../domain/prompt.ts';
import type { LimitState } from '../rule-book.ts';

/** What a request asks for, as far as the simulator listens. */
export interface Ask {
  readonly model: string;
  readonly stream: boolean;
  readonly system: string;
  /** The last message of the user. */
  readonly text: string;
  readonly inputTokens: number;
  readonly maxTokens: number | null;
  readonly stop: readonly string[];
  /** JSON is asked for, with this schema if there is one. */
  readonly json: { readonly schema: JsonSchema | null } | null;
  /** A tool that must be called. */
  readonly tool: { readonly name: string; readonly parameters: JsonSchema } | null;
  /** What the answer begins with, as the request says: the reply goes on from there. */
  readonly prefix: string;
  /** Usage is wanted in the stream, where the provider leaves it out unasked. */
  readonly streamUsage: boolean;
}

export type Finish = 'stop' | 'length' | 'tool-calls' | 'refused' | 'blocked';

/** What is said: texts are lists of tokens, and each becomes a chunk of the stream. */
export interface Reply {
  readonly text: readonly string[];
  readonly refusal: readonly string[];
  readonly toolCall: { readonly name: string; readonly arguments: readonly string[] } | null;
  readonly finish: Finish;
  /** Replaces the provider's word for `finish`. */
  readonly rawFinish?: string | null;
  readonly blockReason?: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface ReplyContext {
  /** Hexadecimal, to be made into ids of the provider's form. */
  readonly id: string;
  readonly model: string;
  readonly atMs: number;
  readonly streamUsage: boolean;
}

/** What is written at once: text, or bytes where the provider's frames are binary. */
export type Chunk = string | Uint8Array;

/** The events of a stream, each ready to be written. */
export interface Frames {
  readonly opening: readonly Chunk[];
  readonly tokens: readonly Chunk[];
  readonly closing: readonly Chunk[];
}

export type Json = Readonly<Record<string, unknown>>;

/** What the path says; `model` and `stream` where the provider has them there. */
export type Route =
  | { readonly type: 'models' }
  | { readonly type: 'inference'; readonly model?: string; readonly stream?: boolean };

export interface WireFormat {
  /** Null: no such path. `path` begins behind `/{account}/{wire}/`. */
  route(request: { readonly method: string; readonly path: string }): Route | null;
  /** Null: the provider would call the body invalid. */
  read(body: Json, route: { readonly model?: string; readonly stream?: boolean }): Ask | null;
  requestId(id: string): string;
  /** Headers of every answer; `limit` is null where the provider says nothing of its limits. */
  headers(about: { readonly id: string; readonly atMs: number; readonly limit: LimitState | null }): Headers;
  body(reply: Reply, context: ReplyContext): Json;
  frames(reply: Reply, context: ReplyContext): Frames;
  /** An error as an event of a stream. */
  errorFrame(body: unknown): Chunk;
  /** The content type of a stream. @default server-sent events */
  readonly streamType?: string;
  /** A frame that nobody can read. @default it breaks off in its middle, and the next one follows as if nothing had happened */
  readonly broken?: (frame: Chunk) => Chunk;
  /** What keeps a silent stream open. */
  readonly keepAlive: string;
  models(): Json;
}

export type Headers = Readonly<Record<string, string>>;

export function dataFrame(data: unknown): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}
