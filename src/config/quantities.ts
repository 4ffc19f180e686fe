// Durations and sizes as fields of the configuration: text in, a number with a known unit out.

import * as z from 'zod';
import { formatDuration, parseDuration } from '../domain/duration.ts';

/** A duration in milliseconds, both limits allowed. `form`: what is said of a text that is none. */
export function duration(limits: { readonly minMs: number; readonly maxMs: number; readonly form?: string }) {
  const { minMs, maxMs, form = 'must be a number with a unit (ms, s, m, h or d), such as 30s' } = limits;
  return quantity({
    parse: parseDuration,
    form,
    isWithin: (durationMs) => durationMs >= minMs && durationMs <= maxMs,
    range: `must be between ${formatDuration(minMs)} and ${formatDuration(maxMs)}`,
  });
}

/** A size in bytes, both limits allowed. */
export function size(limits: { readonly min: string; readonly max: string }) {
  const minBytes = parseSize(limits.min) ?? 0;
  const maxBytes = parseSize(limits.max) ?? Number.MAX_SAFE_INTEGER;
  return quantity({
    parse: parseSize,
    form: 'must be a whole number with a unit (B, KB, MB, GB or KiB, MiB, GiB), such as 32MB',
    isWithin: (bytes) => bytes >= minBytes && bytes <= maxBytes,
    range: `must be between ${limits.min} and ${limits.max}`,
  });
}

function quantity(rule: {
  readonly parse: (text: string) => number | null;
  readonly form: string;
  readonly isWithin: (value: number) => boolean;
  readonly range: string;
}) {
  return z.string({ error: rule.form }).transform((text, context) => {
    const value = rule.parse(text);
    if (value !== null && rule.isWithin(value)) return value;
    context.issues.push({ code: 'custom', message: value === null ? rule.form : rule.range, input: text });
    return z.NEVER;
  });
}

function parseSize(text: string): number | null {
  const match = SIZE.exec(text);
  if (!match) return null;
  const bytes = Number(match[1]) * (UNITS_BYTES[match[2] ?? ''] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

const SIZE = /^(\d{1,16})(B|KB|MB|GB|KiB|MiB|GiB)$/;

const UNITS_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
};
