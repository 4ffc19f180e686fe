// An inference as clients see it, whole and in lists. Pure.

import { z } from 'zod';
import { formatDuration } from '../domain/duration.ts';
import type { Inference } from '../domain/inference.ts';
import type { InferenceSummary } from '../domain/inferences.ts';
import { callObject, callSchema, timeSchema } from './call-object.ts';
import { chatCompletionOf, chatCompletionSchema } from './chat-completion.ts';
import { errorFieldsSchema } from './error-schema.ts';
import { errorObject } from './errors.ts';
import { failureError } from './failure-error.ts';
import { verdictObject, verdictSchema } from './verdict-object.ts';

export const statusSchema = z.enum(['running', 'waiting', 'succeeded', 'failed', 'cancelled']);

export const waitingForSchema = z.enum(['target', 'resolution']);

const summarySchema = z
  .object({
    id: z.string().meta({ examples: ['inf-01k9zv3m7x2c4d5e6f7g8h9j0k'] }),
    object: z.literal('inference'),
    status: statusSchema,
    waiting_for: waitingForSchema.nullable().meta({
      description: 'What a waiting one waits for: the recovery of a target, or a person who resolves its vote.',
    }),
    model: z.string().meta({ description: 'The name that was asked for.' }),
    created_at: timeSchema,
    ended_at: timeSchema.nullable(),
    deadline: z.string().meta({ description: 'Counted from the start; anew after a replay.', examples: ['24h'] }),
    metadata: z.record(z.string(), z.string()),
    request_id: z.string().nullable().meta({ description: '`x-request-id` of the request that started it.' }),
    traceparent: z.string().nullable().meta({ description: 'That came with the same request; providers got it too.' }),
    temporal: z.object({
      workflow_id: z.string(),
      run_id: z.string(),
      ui_url: z.string().nullable().meta({ description: "The workflow in Temporal's web UI." }),
    }),
  })
  .meta({ id: 'InferenceSummary' });

export const inferenceSchema = summarySchema
  .extend({
    target: z.string().nullable().meta({ description: 'The target that served.' }),
    output: chatCompletionSchema.nullable(),
    error: errorFieldsSchema.nullable(),
    verdict: verdictSchema.optional().meta({ description: 'Of a consensus that has come as far as a verdict.' }),
    calls: z.array(callSchema).meta({ description: 'Every attempt at every target, in order.' }),
  })
  .meta({ id: 'Inference' });

export const inferenceListSchema = z
  .object({
    object: z.literal('list'),
    data: z.array(summarySchema),
    has_more: z.boolean(),
    next: z.string().nullable().meta({ description: 'Send it as `after` to get the next page.' }),
  })
  .meta({ id: 'InferenceList' });

export type UiUrlOf = (id: string, runId: string) => string | null;

export function summaryObject(inference: InferenceSummary, uiUrlOf: UiUrlOf): z.output<typeof summarySchema> {
  const { id, runId, status, waitingFor, memo, createdAt, endedAt } = inference;
  return {
    id,
    object: 'inference',
    status,
    waiting_for: waitingFor,
    model: memo.model,
    created_at: createdAt,
    ended_at: endedAt,
    deadline: formatDuration(memo.deadlineMs),
    metadata: { ...memo.metadata },
    request_id: memo.requestId ?? null,
    traceparent: memo.traceparent ?? null,
    temporal: { workflow_id: id, run_id: runId, ui_url: uiUrlOf(id, runId) },
  };
}

export function inferenceObject(inference: Inference, uiUrlOf: UiUrlOf): z.output<typeof inferenceSchema> {
  const { id, createdAt, result, failure, heldVerdict, calls } = inference;
  const verdict = result?.verdict ?? failure?.verdict ?? heldVerdict;
  return {
    ...summaryObject(inference, uiUrlOf),
    target: result?.target ?? null,
    output: result && chatCompletionOf({ id, createdAt, answer: result.answer, target: result.target }),
    error: failure && errorObject(failureError(inference).fields),
    ...(verdict && { verdict: verdictObject(verdict) }),
    calls: calls.map(callObject),
  };
}
