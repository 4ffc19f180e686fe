// The id of a line at a provider: whose batch it is, and which line. Within what every wire allows.

import { createHash } from 'node:crypto';

/** 12 hex digits of the key, and the number of the line. */
export function lineId(key: string, line: number): string {
  return `${markOf(key)}-${line}`;
}

/** Null when the id is not one of this key's. */
export function lineOf(key: string, id: string): number | null {
  const [mark, number] = id.split('-');
  return mark === markOf(key) && number !== undefined && /^\d{1,9}$/.test(number) ? Number(number) : null;
}

const marks = new Map<string, string>();

function markOf(key: string): string {
  const known = marks.get(key);
  if (known !== undefined) return known;
  // Few keys are in use at a time.
  if (marks.size > 1_000) marks.clear();
  const mark = createHash('sha256').update(key).digest('hex').slice(0, 12);
  marks.set(key, mark);
  return mark;
}
