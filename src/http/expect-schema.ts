// `expect` in a request: what the answer must be like. Validation of its form only; src/domain/expectation.ts says what fits
// together, and whether a schema or a pattern is one is asked of an injected part.

import { z } from 'zod';
import { syntaxes } from '../domain/expectation.ts';

const countSchema = z.int().min(0).max(1_000_000);

const boundsSchema = z.union(
  [
    countSchema,
    z
      .strictObject({ min: countSchema.exactOptional(), max: countSchema.exactOptional() })
      .refine(({ min, max }) => min !== undefined || max !== undefined, { error: 'needs a min or a max' }),
  ],
  { error: 'must be a number, or an object with min or max' },
);

export const expectSchema = z
  .strictObject({
    schema: z.record(z.string(), z.unknown()).exactOptional().meta({ description: 'A JSON Schema document.' }),
    pattern: z
      .string()
      .min(1)
      .max(1_000)
      .exactOptional()
      .meta({ description: 'A regular expression in the syntax of RE2.' }),
    characters: boundsSchema.exactOptional(),
    words: boundsSchema.exactOptional(),
    bullets: boundsSchema.exactOptional().meta({ description: 'Items of lists, nested and numbered ones too.' }),
    paragraphs: boundsSchema.exactOptional().meta({ description: 'What blank lines separate.' }),
    syntax: z.enum(syntaxes).exactOptional(),
  })
  .refine((expect) => Object.keys(expect).length > 0, { error: 'expects nothing' })
  .meta({
    description:
      'What the answer must be like, beside what the model is configured to give; checked before it is accepted. A number is exact.',
  });
