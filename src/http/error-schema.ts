// The error body for the OpenAPI document. `errors.ts` makes the real one.

import { z } from 'zod';
import { callSchema } from './call-object.ts';
import { errorTable } from './errors.ts';
import { verdictSchema } from './verdict-object.ts';

const codes = Object.keys(errorTable)
  .map((code) => `\`${code}\``)
  .join(' ');

export const errorFieldsSchema = z.object({
  message: z.string(),
  type: z.string(),
  code: z.string().meta({ description: `Stable. One of: ${codes}` }),
  param: z.string().nullable().meta({ description: 'The field or header at fault.' }),
});

export const errorSchema = z
  .object({
    error: errorFieldsSchema.extend({
      inference_id: z.string().optional().meta({ description: 'Set once an inference was started, or may have been.' }),
      verdict: verdictSchema.optional(),
      calls: z.array(callSchema).optional().meta({ description: 'Every attempt that was made.' }),
    }),
  })
  .meta({ id: 'Error', description: 'The header `x-should-retry` says whether sending the request again is safe.' });
