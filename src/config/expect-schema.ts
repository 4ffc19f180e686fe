// `expect` of a model in the configuration file. A part of the one schema in `schema.ts`; what is wrong beyond the form of
// its fields is found in `cross-checks.ts`.

import * as z from 'zod';
import { syntaxes } from '../domain/expectation.ts';

const count = z.int().min(0).max(1_000_000);

const bounds = z.union(
  [
    count,
    z
      .strictObject({ min: count.exactOptional(), max: count.exactOptional() })
      .refine(({ min, max }) => min !== undefined || max !== undefined, { error: 'needs a min or a max' }),
  ],
  { error: 'must be a number, or a mapping with min or max' },
);

/** Each one: @default nothing is expected */
export const expectFields = z
  .strictObject({
    /** A JSON Schema document. */
    schema: z.record(z.string(), z.unknown()).exactOptional(),
    /** A regular expression in the syntax of RE2. */
    pattern: z.string().min(1).max(1_000).exactOptional(),
    characters: bounds.exactOptional(),
    words: bounds.exactOptional(),
    bullets: bounds.exactOptional(),
    paragraphs: bounds.exactOptional(),
    syntax: z.enum(syntaxes).exactOptional(),
  })
  .refine((expect) => Object.keys(expect).length > 0, { error: 'expects nothing' });
