// The body of `POST /v1/inferences`: a chat completion's plus how it is served. Validation only.

import { z } from 'zod';
import { chatFields, checkChatBody, hasTwoLimits, samplingFields } from './chat-schema.ts';
import { deadlineSchema, timeoutSchema } from './duration-schema.ts';

const targetNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9._-]+\/.+$/, { error: 'must be "provider/model"' })
  .meta({ examples: ['openai/gpt-4o'] });

const targetSchema = z.union(
  [
    targetNameSchema,
    z.strictObject({
      target: targetNameSchema,
      system: z.string().optional(),
      params: z
        .strictObject(samplingFields)
        .refine((params) => !hasTwoLimits(params), {
          error: 'differs from max_tokens',
          path: ['max_completion_tokens'],
        })
        .optional(),
    }),
  ],
  { error: 'must be "provider/model" or an object with target' },
);

const minimumSchema = z.number().min(0).max(1);

const strategySchema = z
  .strictObject({
    type: z.literal('failover'),
    targets: z.array(targetSchema).min(1).max(32),
    deadline: deadlineSchema.optional(),
    attempt_timeout: timeoutSchema.optional(),
    first_token_timeout: timeoutSchema.optional(),
    stall_timeout: timeoutSchema.optional(),
    max_attempts_per_target: z.int().min(1).max(10).optional(),
    on_exhausted: z.enum(['fail', 'wait']).optional(),
    on_refusal: z.enum(['return', 'failover']).optional(),
    order: z
      .enum(['listed', 'reliability', 'latency', 'cost'])
      .optional()
      .meta({ description: 'In which order the targets are tried. Default listed.' }),
    minimum_success: minimumSchema
      .optional()
      .meta({ description: "Share of a target's calls; one below it is tried after the others." }),
    minimum_quality: minimumSchema
      .optional()
      .meta({ description: 'The same of its answers: the complete ones of the form asked for.' }),
  })
  .meta({ description: "Replaces the model's own; `model` is then only a name for the record." });

export type StrategyBody = z.output<typeof strategySchema>;

export const inferenceBodySchema = z
  .strictObject({
    ...chatFields,
    strategy: strategySchema.optional(),
    deadline: deadlineSchema.optional().meta({ description: 'The whole inference.', examples: ['24h'] }),
    priority: z.int().min(1).max(5).optional().meta({ description: '1 highest to 5. Default 3.' }),
  })
  .check(checkChatBody);
