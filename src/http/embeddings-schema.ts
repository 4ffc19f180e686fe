// The body of OpenAI's embeddings API as far as Holdfast takes it. Validation only.

import { z } from 'zod';

/** As OpenAI has it. */
const MAX_TEXTS = 2_048;

const textSchema = z.string().min(1, { error: 'must not be empty' });
const tokensSchema = z.array(z.union([z.number(), z.array(z.number())])).min(1);

const inputSchema = z
  .union([
    textSchema,
    z
      .array(textSchema)
      .min(1, { error: 'must have a text in it' })
      .max(MAX_TEXTS, { error: `has more than ${MAX_TEXTS} texts` }),
    tokensSchema.meta({ description: 'Token numbers are not supported: no other provider could take them over.' }),
  ])
  .meta({ description: `A text, or up to ${MAX_TEXTS} of them.` });

export const embeddingsBodySchema = z.strictObject({
  model: z.string().min(1).max(255).meta({ description: 'A configured name, or a target as `provider/model`.' }),
  input: inputSchema,
  encoding_format: z
    .enum(['float', 'base64'], { error: 'must be "float" or "base64"' })
    .nullish()
    .meta({ description: '`base64`: of 32-bit floats, little-endian. Default `float`.' }),
  dimensions: z.int().min(1).nullish(),
  user: z.string().max(512).nullish(),
});

export type EmbeddingsBody = z.output<typeof embeddingsBodySchema>;

/** The texts in their order; null when they came as token numbers. */
export function textsOf({ input }: Pick<EmbeddingsBody, 'input'>): readonly string[] | null {
  if (typeof input === 'string') return [input];
  return input.every((item) => typeof item === 'string') ? input : null;
}
