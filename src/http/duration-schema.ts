// Durations in requests and headers, as zod schemas: they stay the texts that the client sent.

import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import { MAX_DEADLINE_MS, MAX_HOLD_MS, MIN_DEADLINE_MS } from '../domain/inference.ts';

/** One that is waited for, so not 0. */
export const timeoutSchema = durationBetween(1, MAX_DEADLINE_MS, 'must be longer than 0 and at most 7d');

/** How long something may wait for its turn, or not at all. */
export const delaySchema = durationBetween(0, MAX_DEADLINE_MS, 'must be at most 7d');

export const holdTimeoutSchema = durationBetween(1_000, MAX_HOLD_MS, 'must be between 1s and 30d');

export const deadlineSchema = durationBetween(MIN_DEADLINE_MS, MAX_DEADLINE_MS, 'must be between 1s and 7d');

function durationBetween(minMs: number, maxMs: number, outOfRange: string) {
  return z
    .string()
    .regex(/^\d{1,16}(ms|s|m|h|d)$/, { error: 'must be a duration such as "250ms", "30s" or "24h"', abort: true })
    .refine((text) => isBetween(text, minMs, maxMs), { error: outOfRange })
    .meta({ examples: ['30s'] });
}

function isBetween(text: string, minMs: number, maxMs: number): boolean {
  const durationMs = parseDuration(text);
  return durationMs !== null && durationMs >= minMs && durationMs <= maxMs;
}
