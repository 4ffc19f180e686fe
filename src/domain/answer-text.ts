// The text by which an answer is compared.

import type { Answer } from './answer.ts';

/** Null for a refusal, for tool calls, which are compared instead, and where there is nothing but white space. */
export function textOf({ text, refusal, toolCalls }: Answer): string | null {
  if (toolCalls.length > 0 || refusal !== null || text === null) return null;
  return text.trim() === '' ? null : text;
}
