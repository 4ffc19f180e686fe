// The entries of `calls[]` as clients see them. Must not leave a record out: they are what an operator audits.

import { z } from 'zod';
import type { CallRecord } from '../domain/call.ts';

/** Zod's own date-time comes with a pattern of ten lines. */
export const timeSchema = z.string().meta({ format: 'date-time' });

export const callSchema = z
  .object({
    target: z.string().meta({ description: '`provider/model`', examples: ['openai/gpt-4o'] }),
    model: z.string().meta({ description: 'The model that served, as the provider names it.' }),
    attempt: z.int(),
    outcome: z.enum(['succeeded', 'failed', 'cancelled']),
    kind: z.string().nullable().meta({ description: 'Why it failed; null when it succeeded.' }),
    started_at: timeSchema,
    duration_ms: z.number(),
    first_token_ms: z.number().nullable(),
    usage: z
      .object({
        input_tokens: z.number().nullable(),
        cached_input_tokens: z.number().nullable(),
        output_tokens: z.number().nullable(),
        reasoning_tokens: z.number().nullable(),
      })
      .nullable(),
    cost_usd: z.number().nullable().meta({ description: 'Null when price or usage is unknown.' }),
    provider_request_id: z.string().nullable(),
    possibly_billed: z.boolean().meta({ description: 'The provider may have charged, and nobody can know how much.' }),
    message: z.string().nullable(),
    repaired: z
      .boolean()
      .optional()
      .meta({ description: 'True when the form of the answer was put right; none of its values was touched.' }),
  })
  .meta({ id: 'Call', description: 'One attempt at one target.' });

export function callObject(record: CallRecord): z.output<typeof callSchema> {
  const { usage } = record;
  return {
    target: record.target,
    model: record.model,
    attempt: record.attempt,
    outcome: record.outcome,
    kind: record.kind,
    started_at: record.startedAt,
    duration_ms: record.durationMs,
    first_token_ms: record.firstTokenMs,
    usage: usage && {
      input_tokens: usage.inputTokens,
      cached_input_tokens: usage.cachedInputTokens,
      output_tokens: usage.outputTokens,
      reasoning_tokens: usage.reasoningTokens,
    },
    cost_usd: record.costUsd,
    provider_request_id: record.providerRequestId,
    possibly_billed: record.possiblyBilled,
    message: record.message,
    ...(record.repaired && { repaired: true }),
  };
}
