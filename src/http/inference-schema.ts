// The body of `POST /v1/inferences`: a chat completion's plus how it is served; and that of `resolve`. Validation only.

import { z } from 'zod';
import { chatFields, checkChatBody } from './chat-schema.ts';
import { deadlineSchema } from './duration-schema.ts';
import { strategySchema } from './strategy-schema.ts';

export const inferenceBodySchema = z
  .strictObject({
    ...chatFields,
    stream: z.literal(false, { error: 'is not supported here: it is for chat completions and responses' }).nullish(),
    strategy: strategySchema.optional(),
    deadline: deadlineSchema.optional().meta({ description: 'The whole inference.', examples: ['24h'] }),
    webhook_url: z
      .string()
      .min(1)
      .max(2_048)
      .optional()
      .meta({ description: 'Where its end is posted, signed as Standard Webhooks has it.' }),
    priority: z.int().min(1).max(5).optional().meta({ description: '1 highest to 5. Default 3.' }),
  })
  .check(checkChatBody);

export const resolutionBodySchema = z
  .strictObject({
    vote: z.int().min(0).optional().meta({ description: 'Index of the vote that is to be the answer.' }),
    answer: z.string().min(1).optional().meta({ description: 'An answer of your own instead, in the form asked for.' }),
    reason: z.string().min(1).max(2_000).meta({ description: 'Kept with the verdict, for the record.' }),
  })
  .refine(({ vote, answer }) => (vote === undefined) !== (answer === undefined), {
    error: 'takes either a vote or an answer',
    path: ['vote'],
  });
