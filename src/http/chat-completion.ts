// A domain answer as OpenAI's chat completion. Pure; must not turn an unknown count into a number.

import { z } from 'zod';
import type { Answer, TokenLogprob, TokenLogprobs, UnifiedFinishReason, Usage } from '../domain/answer.ts';

const usageSchema = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
  prompt_tokens_details: z.object({ cached_tokens: z.int() }).optional(),
  completion_tokens_details: z.object({ reasoning_tokens: z.int() }).optional(),
});

const toolCallSchema = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const tokenSchema = z.object({ token: z.string(), logprob: z.number(), bytes: z.array(z.int()).nullable() });

export const tokenLogprobsSchema = tokenSchema.extend({ top_logprobs: z.array(tokenSchema) });

const logprobsSchema = z.object({
  content: z.array(tokenLogprobsSchema),
  refusal: z.null(),
});

export const chatCompletionSchema = z
  .object({
    id: z.string().meta({ description: "The inference's id." }),
    object: z.literal('chat.completion'),
    created: z.int(),
    model: z.string().meta({ description: 'The model that served, as its provider names it.' }),
    choices: z.array(
      z.object({
        index: z.literal(0),
        message: z.object({
          role: z.literal('assistant'),
          content: z.string().nullable(),
          refusal: z.string().nullable(),
          tool_calls: z.array(toolCallSchema).optional(),
        }),
        logprobs: logprobsSchema.nullable(),
        finish_reason: z.enum(['stop', 'length', 'tool_calls', 'content_filter']),
      }),
    ),
    system_fingerprint: z
      .string()
      .optional()
      .meta({ description: "Who served: the target, and behind an `@` the provider's own fingerprint." }),
    usage: usageSchema.optional().meta({ description: 'Left out when the provider did not report it.' }),
  })
  .meta({ id: 'ChatCompletion' });

export type ChatCompletion = z.output<typeof chatCompletionSchema>;

export function chatCompletionOf(input: {
  readonly id: string;
  readonly createdAt: string;
  readonly answer: Answer;
  /** `provider/model`; null: no target has answered alone. */
  readonly target: string | null;
}): ChatCompletion {
  const { id, createdAt, answer, target } = input;
  const usage = answer.usage && usageOf(answer.usage);
  return {
    id,
    object: 'chat.completion',
    created: Math.floor(Date.parse(createdAt) / 1000),
    model: answer.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: answer.text,
          refusal: answer.refusal,
          ...(answer.toolCalls.length === 0
            ? {}
            : {
                tool_calls: answer.toolCalls.map((call) => ({
                  id: call.id,
                  type: 'function' as const,
                  function: { name: call.name, arguments: call.arguments },
                })),
              }),
        },
        logprobs: answer.logprobs ? logprobsOf(answer.logprobs) : null,
        // OpenAI ends a refusal with `stop`; providers that have a word of their own for it keep it in `calls`.
        finish_reason: answer.refusal === null ? FINISH_REASONS[answer.finishReason.unified] : 'stop',
      },
    ],
    ...(target === null ? {} : { system_fingerprint: systemFingerprint(target, answer) }),
    ...(usage ? { usage } : {}),
  };
}

/** The target, and what its provider says of itself. */
function systemFingerprint(target: string, { fingerprint }: Pick<Answer, 'fingerprint'>): string {
  return fingerprint === undefined ? target : `${target}@${fingerprint}`;
}

function logprobsOf(tokens: NonNullable<Answer['logprobs']>): z.output<typeof logprobsSchema> {
  return { content: tokens.map(tokenLogprobs), refusal: null };
}

export function tokenLogprobs({ top, ...token }: TokenLogprobs): z.output<typeof tokenLogprobsSchema> {
  return { ...copy(token), top_logprobs: top.map(copy) };
}

function copy({ token, logprob, bytes }: TokenLogprob): z.output<typeof tokenSchema> {
  return { token, logprob, bytes: bytes && [...bytes] };
}

const FINISH_REASONS: Record<UnifiedFinishReason, ChatCompletion['choices'][number]['finish_reason']> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  // An answer that was accepted is complete; OpenAI's list has no word for "ended in some other way".
  error: 'stop',
  other: 'stop',
};

/** OpenAI's clients expect numbers: a usage that is known in part only is left to `calls[]`. */
function usageOf(usage: Usage): ChatCompletion['usage'] | null {
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = usage;
  if (inputTokens === null || outputTokens === null) return null;
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(cachedInputTokens === null ? {} : { prompt_tokens_details: { cached_tokens: cachedInputTokens } }),
    ...(reasoningTokens === null ? {} : { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
  };
}
