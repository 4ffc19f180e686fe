// The bodies of analyses and of their schedules. Validation only.

import { z } from 'zod';
import { isTimezone } from '../clock-time.ts';
import { deadlineSchema } from './duration-schema.ts';

const timeSchema = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'must be a time of day such as 01:00' });
const timezoneSchema = z.string().max(64).refine(isTimezone, { error: 'must be a time zone such as Europe/Berlin' });
const folderSchema = z.string().min(1).max(4_096);

/** What is asked of each document, and how. */
const fields = {
  model: z.string().min(1).max(255).meta({ description: 'A configured model, or a target as provider/model.' }),
  prompt: z.string().min(1).meta({ description: 'What is to be told of each document.' }),
  schema: z.record(z.string(), z.unknown()).nullish().meta({ description: 'JSON Schema of an answer. Default: text.' }),
  max_tokens: z.int().min(1).nullish().meta({ description: 'Of one answer.' }),
  timezone: timezoneSchema.nullish().meta({ description: 'Of the times of day. Default UTC.' }),
  deadline: z
    .union([timeSchema, deadlineSchema], { error: 'must be a time of day such as 07:00, or a duration such as 6h' })
    .nullish()
    .meta({ description: 'Time of day, the next after the beginning, or a duration. Default 24h.' }),
  max_cost_usd: z.number().positive({ error: 'must be above 0' }).nullish(),
  rescue: z.enum(['sync', 'none']).nullish().meta({ description: 'As for batches. Default sync.' }),
  webhook_url: z.string().max(2_048).nullish().meta({ description: 'Told when the analysis has ended.' }),
  output_folder: folderSchema.nullish().meta({
    description: "Folder of the workers' into which the results are put as well. For operators only.",
  }),
  csv: z.boolean().nullish().meta({ description: 'Also as a table, in `output_folder`.' }),
};

export const analysisBodySchema = z
  .strictObject({
    input_file_id: z
      .string()
      .min(1)
      .max(100)
      .nullish()
      .meta({ description: 'File of the purpose `user_data`: `{"name", "text"}` or `{"name", "error"}` a line.' }),
    folder: folderSchema.nullish().meta({ description: "Folder of the workers'. For operators only." }),
    at: timeSchema.nullish().meta({ description: 'When it begins: the next such time of day. Default: at once.' }),
    ...fields,
  })
  .refine(({ input_file_id: file, folder }) => (file == null) !== (folder == null), {
    error: 'needs either input_file_id or folder',
    path: ['input_file_id'],
  });

export const scheduleBodySchema = z.strictObject({
  folder: folderSchema.meta({ description: "Folder of the workers': every night what is new in it." }),
  at: timeSchema,
  ...fields,
});

export type AnalysisBody = z.output<typeof analysisBodySchema>;
export type ScheduleBody = z.output<typeof scheduleBodySchema>;
