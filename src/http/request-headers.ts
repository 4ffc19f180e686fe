// The request headers that Holdfast reads, as zod schemas for the routes and the OpenAPI document.

import { z } from 'zod';
import { deadlineSchema } from './duration-schema.ts';
import { idempotencyKeySchema } from './idempotency.ts';

const idempotencyHeader = {
  'idempotency-key': idempotencyKeySchema.optional().meta({
    description:
      'The same key and body join the running or finished inference; after a failure they start it again; ' +
      'the same key with another body is 409.',
  }),
};

export const chatHeadersSchema = z.object({
  ...idempotencyHeader,
  'x-holdfast-deadline': deadlineSchema.optional().meta({ description: 'The whole inference. Default 120s.' }),
  'x-holdfast-priority': z
    .string()
    .regex(/^[1-5]$/, { error: 'must be 1 (highest) to 5' })
    .optional(),
  'x-holdfast-detach': z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: '`true`: a disconnect does not cancel the inference.' }),
  'x-holdfast-stream': z
    .enum(['live', 'verified'])
    .optional()
    .meta({ description: 'With `stream`: tokens as they come, or the answer when it has been judged complete.' }),
});

export const submitHeadersSchema = z.object({
  ...idempotencyHeader,
  prefer: z
    .string()
    .optional()
    .meta({ description: '`wait=30`: wait up to so many seconds, 60 at most, for the end.' }),
});

/** The longest that one long poll is held; a client that wants to wait longer asks again. */
export const MAX_POLL_MS = 60_000;

/** The milliseconds of `Prefer: wait=…`, or null. A preference that is not understood is ignored, says RFC 7240. */
export function preferredWaitMs(prefer: string | undefined): number | null {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i.exec(prefer ?? '')?.[1];
  return seconds === undefined ? null : Math.min(Number(seconds) * 1000, MAX_POLL_MS);
}
