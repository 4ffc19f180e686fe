// Looks at JSON that is taken as it is only when nothing in it is unexpected. Knows no wire.

import { isRecord } from './sse.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** The one element of a list; null when it is not one record. */
export function onlyRecord(list: unknown): Fields | null {
  const only: unknown = Array.isArray(list) && list.length === 1 ? list[0] : null;
  return isRecord(only) ? only : null;
}

/** Whether all fields but these say nothing. */
export function hasOnly(fields: Fields, names: ReadonlySet<string>): boolean {
  for (const name in fields) if (!names.has(name) && !isVoid(fields[name])) return false;
  return true;
}

/** 0 when the field is left out; NaN, as no count ever is, when it is no number. */
export function countIn(fields: unknown, name: string): number {
  if (fields === undefined) return 0;
  const value = isRecord(fields) ? fields[name] : Number.NaN;
  if (value === undefined) return 0;
  return typeof value === 'number' ? value : Number.NaN;
}

function isVoid(value: unknown): boolean {
  return value == null || (Array.isArray(value) && value.length === 0);
}
