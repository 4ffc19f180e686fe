// Reads the body of a chat completion for the local model. What the model cannot do is refused, never ignored.

import { z } from 'zod';
import type { ApiError } from './api-error.ts';
import type { LlamaSampling } from './llama-module.ts';
import type { ChatMessage } from './local-model.ts';

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly maxTokens: number | null;
  readonly sampling: LlamaSampling;
  readonly isStreamed: boolean;
  readonly isUsageStreamed: boolean;
}

export function readChatRequest(
  body: string,
): { readonly type: 'request'; readonly request: ChatRequest } | { readonly type: 'error'; readonly error: ApiError } {
  const parsed = schema.safeParse(parseJson(body));
  if (!parsed.success) return { type: 'error', error: errorOf(parsed.error.issues[0]) };
  const { model, messages, temperature, top_p, seed, stream, stream_options } = parsed.data;
  const request = {
    model,
    messages,
    maxTokens: parsed.data.max_completion_tokens ?? parsed.data.max_tokens ?? null,
    sampling: {
      ...(temperature !== undefined && { temperature }),
      ...(top_p !== undefined && { topP: top_p }),
      ...(seed !== undefined && { seed }),
    },
    isStreamed: stream,
    isUsageStreamed: stream_options?.include_usage === true,
  };
  return { type: 'request', request };
}

const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });

const messageSchema = z
  .strictObject({
    role: z.enum(['system', 'developer', 'user', 'assistant']),
    content: z.union([z.string(), z.array(textPart)]),
  })
  .transform(
    ({ role, content }): ChatMessage => ({
      role: role === 'developer' ? 'system' : role,
      text: typeof content === 'string' ? content : content.map((part) => part.text).join('\n'),
    }),
  );

const schema = z.strictObject({
  model: z.string(),
  messages: z.array(messageSchema).min(1),
  max_tokens: z.int().min(1).optional(),
  max_completion_tokens: z.int().min(1).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().gt(0).max(1).optional(),
  seed: z.int().min(0).optional(),
  stream: z.boolean().default(false),
  stream_options: z.strictObject({ include_usage: z.boolean().optional() }).optional(),
  n: z.literal(1).optional(),
  user: z.string().optional(),
});

function errorOf(issue: z.core.$ZodIssue | undefined): ApiError {
  const path = issue?.path.join('.') ?? '';
  const unknownKey = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  if (unknownKey !== undefined) {
    const param = path === '' ? unknownKey : `${path}.${unknownKey}`;
    const message = `The local model does not support ${param}.`;
    return { status: 400, type: 'invalid_request_error', code: 'unsupported_parameter', param, message };
  }
  const message = path === '' ? 'The body is not a JSON object.' : `${path}: ${issue?.message ?? 'invalid'}`;
  return { status: 400, type: 'invalid_request_error', code: 'invalid_value', param: path || null, message };
}

/** Undefined when it is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
