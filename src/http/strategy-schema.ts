// The `strategy` of a submitted inference: a model entry's fields in snake_case. Validation only; `strategy.ts` translates,
// and src/domain/strategies.ts says what fits together.

import { z } from 'zod';
import { hasTwoLimits, samplingFields } from './chat-schema.ts';
import { deadlineSchema, delaySchema, holdTimeoutSchema, timeoutSchema } from './duration-schema.ts';

const targetNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9._-]+\/.+$/, { error: 'must be "provider/model"' })
  .meta({ examples: ['openai/gpt-4o'] });

const linkFields = {
  target: targetNameSchema,
  system: z.string().optional(),
  params: z
    .strictObject(samplingFields)
    .refine((params) => !hasTwoLimits(params), {
      error: 'differs from max_tokens',
      path: ['max_completion_tokens'],
    })
    .optional(),
};

const targetSchema = z.union([targetNameSchema, z.strictObject(linkFields)], {
  error: 'must be "provider/model" or an object with target',
});

const shareSchema = z.number().min(0).max(1);
const toleranceSchema = shareSchema.optional();

const commonFields = {
  deadline: deadlineSchema.optional(),
  attempt_timeout: timeoutSchema.optional(),
  first_token_timeout: timeoutSchema.optional(),
  stall_timeout: timeoutSchema.optional(),
  max_attempts_per_target: z.int().min(1).max(10).optional(),
  on_exhausted: z.enum(['fail', 'wait']).optional(),
  on_refusal: z.enum(['return', 'failover']).optional(),
};

const rankingFields = {
  order: z
    .enum(['listed', 'reliability', 'latency', 'cost'])
    .optional()
    .meta({ description: 'In which order the targets are tried. Default listed.' }),
  minimum_success: shareSchema
    .optional()
    .meta({ description: "Share of a target's calls; one below it is tried after the others." }),
  minimum_quality: shareSchema
    .optional()
    .meta({ description: 'The same of its answers: the complete ones of the form asked for.' }),
};

const failoverSchema = z.strictObject({
  type: z.literal('failover'),
  targets: z.array(targetSchema).min(1).max(32),
  ...rankingFields,
  ...commonFields,
});

const hedgeSchema = z.strictObject({
  type: z.literal('hedge'),
  targets: z.array(targetSchema).min(1).max(32),
  hedge_delay: z
    .union([z.literal('p95'), delaySchema], { error: 'must be "p95" or a duration such as "500ms"' })
    .optional()
    .meta({
      description:
        "How long nobody has answered before the next starts; `p95`: the target's own recent one. Default p95.",
    }),
  hedge_budget: z
    .strictObject({ requests: shareSchema.optional(), spend: shareSchema.optional() })
    .optional()
    .meta({ description: "Shares of a model's inferences and spend that hedges may take. Default 0.1 each." }),
  ...rankingFields,
  ...commonFields,
});

const textRules = {
  ignore_whitespace: z.boolean().optional(),
  ignore_case: z.boolean().optional(),
  ignore_punctuation: z.boolean().optional(),
  similarity: shareSchema.optional(),
};

const fieldRulesSchema = z.strictObject({
  ...textRules,
  relative_tolerance: toleranceSchema,
  weight: z.number().min(0).optional(),
  free: z.boolean().optional(),
  as: z.enum(['date', 'set']).optional(),
});

const compareSchema = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('exact') }),
    z.strictObject({ type: z.literal('text'), ...textRules }),
    z.strictObject({ type: z.literal('number'), relative_tolerance: toleranceSchema }),
    z.strictObject({
      type: z.literal('json'),
      ...textRules,
      relative_tolerance: toleranceSchema,
      threshold: z.number().gt(0).max(1).optional(),
      fields: z
        .record(z.string().min(1).max(512), fieldRulesSchema)
        .optional()
        .meta({ description: 'By path, such as `amount`, `buyer.name`, `items[].price`.' }),
    }),
    z.strictObject({ type: z.literal('judge'), target: targetNameSchema }),
  ])
  .meta({ description: 'When two votes agree.' });

const weightSchema = z.number().gt(0).optional();

const legSchema = z.union(
  [
    targetNameSchema,
    z.strictObject({ ...linkFields, weight: weightSchema }),
    z.strictObject({ chain: z.array(targetSchema).min(1).max(32), weight: weightSchema }),
  ],
  { error: 'must be "provider/model" or an object with target or chain' },
);

const consensusSchema = z.strictObject({
  type: z.literal('consensus'),
  targets: z.array(legSchema).min(1).max(16).meta({ description: 'The voters: three or more, of different models.' }),
  quorum: z.int().optional().meta({ description: 'Votes that must agree. Default more than half.' }),
  compare: compareSchema,
  grace_after_quorum: delaySchema
    .optional()
    .meta({ description: 'How long the others are waited for once the quorum is reached. Default 30s.' }),
  early_exit: z.boolean().optional().meta({ description: 'Stop as soon as the outcome cannot change. Default false.' }),
  on_split: z.enum(['fail', 'majority-field', 'escalate', 'hold']).optional(),
  escalate_to: z.union([targetSchema, z.array(targetSchema).min(1).max(32)]).optional(),
  approvals: z
    .int()
    .min(1)
    .max(10)
    .optional()
    .meta({ description: 'With hold: different API keys that decide alike.' }),
  submitter_may_resolve: z.boolean().optional(),
  hold_timeout: holdTimeoutSchema.optional(),
  ...commonFields,
});

export const strategySchema = z
  .discriminatedUnion('type', [failoverSchema, hedgeSchema, consensusSchema])
  .meta({ description: "Replaces the model's own; `model` is then only a name for the record." });

export type StrategyBody = z.output<typeof strategySchema>;
export type TargetBody = z.output<typeof targetSchema>;
