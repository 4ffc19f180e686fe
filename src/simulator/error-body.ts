// What each provider answers when something is wrong: status, headers and body as the provider sends them.
// Tests and docs read from here too; must not know what any of it means to us.

import { alibabaErrors } from './errors/alibaba.ts';
import { anthropicErrors } from './errors/anthropic.ts';
import { azureErrors } from './errors/azure.ts';
import { bedrockErrors } from './errors/bedrock.ts';
import { cohereErrors } from './errors/cohere.ts';
import { deepseekErrors } from './errors/deepseek.ts';
import { fireworksErrors } from './errors/fireworks.ts';
import { googleErrors } from './errors/google.ts';
import { groqErrors } from './errors/groq.ts';
import { mistralErrors } from './errors/mistral.ts';
import { openaiErrors } from './errors/openai.ts';
import { openrouterErrors } from './errors/openrouter.ts';
import { togetherErrors } from './errors/together.ts';
import { tokenmixErrors } from './errors/tokenmix.ts';
import { xaiErrors } from './errors/xai.ts';
import type { Wire } from './simulator.ts';

/** A provider that has no form of its own for a situation answers with its nearest one. */
export type Situation =
  | 'rate-limit'
  /** Growing too fast: slow down, whatever the limit says. */
  | 'ramp-limit'
  /** This one request is larger than the whole limit: waiting never helps. */
  | 'request-over-limit'
  /** Spent: nothing goes until an operator or the next period comes. */
  | 'quota'
  | 'billing'
  | 'overloaded'
  | 'server-error'
  /** A gateway's web page with status 502. */
  | 'bad-gateway'
  | 'timeout'
  | 'auth'
  | 'permission'
  | 'model-not-found'
  | 'context-too-long'
  | 'body-too-large'
  | 'invalid-request'
  | 'unsupported-parameter'
  | 'content-policy';

export interface ErrorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A string is sent as it is. */
  readonly body: unknown;
}

export interface ErrorDetails {
  readonly model: string;
  readonly requestId: string;
  /** Null: the provider gives no hint. */
  readonly retryAfterMs: number | null;
}

export type ErrorTable = Readonly<Record<Situation, (details: ErrorDetails) => ErrorReply>>;

export function errorBody(wire: Wire, situation: Situation, details: Partial<ErrorDetails> = {}): ErrorReply {
  const { model = 'some-model', requestId = 'req_0000', retryAfterMs = 1_000 } = details;
  return tables[wire][situation]({ model, requestId, retryAfterMs });
}

const tables: Readonly<Record<Wire, ErrorTable>> = {
  openai: openaiErrors,
  anthropic: anthropicErrors,
  google: googleErrors,
  mistral: mistralErrors,
  deepseek: deepseekErrors,
  alibaba: alibabaErrors,
  azure: azureErrors,
  bedrock: bedrockErrors,
  cohere: cohereErrors,
  fireworks: fireworksErrors,
  groq: groqErrors,
  openrouter: openrouterErrors,
  together: togetherErrors,
  tokenmix: tokenmixErrors,
  xai: xaiErrors,
  vertex: googleErrors,
};
