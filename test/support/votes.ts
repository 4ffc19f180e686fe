// Answers and comparisons for the tests of a vote.

import type { Answer } from '../../src/domain/answer.ts';
import type { JsonCompare, TextRules } from '../../src/domain/model-settings.ts';

/** Compared to the character, but for NFKC. */
export const STRICT_TEXT: TextRules = {
  ignoreWhitespace: false,
  ignoreCase: false,
  ignorePunctuation: false,
  similarity: 1,
};

export const LENIENT_TEXT: TextRules = {
  ignoreWhitespace: true,
  ignoreCase: true,
  ignorePunctuation: true,
  similarity: 1,
};

export function jsonCompare(more: Partial<JsonCompare> = {}): JsonCompare {
  return { type: 'json', ...STRICT_TEXT, relativeTolerance: 0, threshold: 1, fields: {}, ...more };
}

export function answerOf(text: string | null, more: Partial<Answer> = {}): Answer {
  const finishReason = { unified: 'stop', raw: 'stop' } as const;
  return { text, refusal: null, toolCalls: [], finishReason, usage: null, model: 'm', ...more };
}

export function jsonAnswer(value: unknown): Answer {
  return answerOf(JSON.stringify(value));
}

/** Each call as its name and its arguments. */
export function toolAnswer(...calls: readonly (readonly [string, string])[]): Answer {
  const toolCalls = calls.map(([name, text], index) => ({ id: `call-${index}`, name, arguments: text }));
  return answerOf(null, { toolCalls });
}
