// The body of OpenAI's batches API, and what is ours beside it. Strict, as for chat completions. Validation only.

import { z } from 'zod';
import { metadataSchema } from './chat-schema.ts';
import { deadlineSchema } from './duration-schema.ts';

const OURS = 'Of Holdfast, beside what OpenAI has.';

export const batchBodySchema = z.strictObject({
  input_file_id: z
    .string()
    .min(1)
    .max(100)
    .meta({ description: 'Of the purpose `batch`: one request in JSON a line.' }),
  endpoint: z.enum(['/v1/chat/completions', '/v1/responses'], {
    error: 'must be /v1/chat/completions or /v1/responses: batches of other endpoints are not supported',
  }),
  completion_window: deadlineSchema
    .nullish()
    .meta({ description: 'As OpenAI has it: `24h`, or another duration. Default 24h.' }),
  metadata: metadataSchema.nullish(),
  output_expires_after: z
    .null({ error: 'is not supported: files are kept until they are deleted' })
    .optional()
    .meta({ description: 'Not supported.' }),
  lanes: z
    .array(z.string().min(1).max(512))
    .min(1)
    .max(16)
    .nullish()
    .meta({
      description: `${OURS} Targets, in the order in which they are tried. Default: \`batch.targets\` of the model, else its targets.`,
      examples: [['openai/gpt-4o', 'claude/claude-sonnet-4-5']],
    }),
  deadline: deadlineSchema
    .nullish()
    .meta({ description: `${OURS} Then what there is is put together. Default: the completion_window.` }),
  rescue: z
    .enum(['sync', 'none'])
    .nullish()
    .meta({
      description: `${OURS} \`sync\`: lines that no lane has answered are asked in the ordinary way. Default sync.`,
    }),
  max_cost_usd: z
    .number()
    .positive({ error: 'must be above 0' })
    .nullish()
    .meta({ description: `${OURS} What is done is kept, the rest stops. Default: no cap.` }),
  webhook_url: z
    .string()
    .max(2_048)
    .nullish()
    .meta({ description: `${OURS} Told when the batch has ended.` }),
});

export type BatchBody = z.output<typeof batchBodySchema>;
