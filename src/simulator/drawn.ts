// Chance that is the same every time: numbers drawn from a seed and what is drawn for.

import { createHash } from 'node:crypto';

/** From 0 up to, but not including, 1. Evenly spread, and independent for each combination of parts. */
export function drawn(...parts: readonly string[]): number {
  const hash = createHash('sha256');
  // With its length before it, no part can pass for the end of the one before.
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest().readUIntBE(0, 6) / 2 ** 48;
}
