// Fields of OpenAI's API that are known and not done: an error that says so, where they ask for anything but what
// happens anyway. Validation only.

import { z } from 'zod';

/** The mark by which `validation.ts` knows such a fault. */
const UNSUPPORTED = { isUnsupported: true };

const LEAVE_OUT = 'is not supported: leave it out';

/** A field that may only be left out, or be one of the values that change nothing. */
export function unsupported(options: { readonly but?: readonly unknown[]; readonly error?: string } = {}) {
  const { but = [], error = LEAVE_OUT } = options;
  const changesNothing = (value: unknown) => value == null || but.includes(value);
  const description =
    but.length > 0 ? `Nothing but ${but.map((one) => JSON.stringify(one)).join(', ')}.` : 'Not supported.';
  return z.unknown().refine(changesNothing, { error, params: UNSUPPORTED }).optional().meta({ description });
}

/** A thing of a type that is not done, as one of several that are told apart by their `type`. */
export function unsupportedTypes<const Types extends readonly [string, ...string[]]>(types: Types, error: string) {
  return z
    .looseObject({ type: z.enum(types) })
    .refine(() => false, { error, path: ['type'], params: UNSUPPORTED })
    .transform(() => z.NEVER)
    .meta({ description: 'Not supported.' });
}
