// `?wait=30` of a long poll: seconds, or a duration.

import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import { MAX_POLL_MS } from './request-headers.ts';

export const waitQuerySchema = z.strictObject({
  wait: z
    .string()
    .refine((text) => longestMs(text) !== null, { error: 'must be seconds, such as 30, or a duration, such as "30s"' })
    .optional()
    .meta({ description: 'Answer when it has ended, or after so many seconds, 60 at most.', examples: ['30'] }),
});

export function waitMs(query: z.output<typeof waitQuerySchema>): number {
  return Math.min((query.wait === undefined ? 0 : longestMs(query.wait)) ?? 0, MAX_POLL_MS);
}

function longestMs(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) * 1000 : parseDuration(text);
}
