// Answers that ought to be JSON: finds the one JSON value in what a model wrote, or says that it was left open. What comes
// out is plain JSON with the same values: see `activities/expect/lenient-json.ts` for what is put right.

import { readLenientJson } from '../expect/lenient-json.ts';

export type JsonAnswer =
  | { readonly type: 'json'; readonly text: string; readonly isRepaired: boolean }
  /** JSON that begins well and whose end is missing: a cut, whatever the finish reason says. */
  | { readonly type: 'open' }
  /** `because`: a remark on "it" that quotes nothing. */
  | { readonly type: 'none'; readonly because: string };

/** Of a complete answer only: what was cut must not be made whole. */
export function readJsonAnswer(answer: string): JsonAnswer {
  if (isJson(answer)) return { type: 'json', text: answer, isRepaired: false };
  const text = answer.replace(/^\uFEFF/, '').trim();
  const bare = inFence(text) ?? text;
  if (isJson(bare)) return { type: 'json', text: bare, isRepaired: true };
  const start = text.search(/[{[]/);
  const read = start === -1 ? null : readLenientJson(text, start);
  if (read?.type !== 'value') {
    const isCut = isLeftOpen(text) || (read?.type === 'open' && read.isBegun);
    return isCut ? { type: 'open' } : { type: 'none', because: 'JSON was asked for, and it is none' };
  }
  if (!isProse(text.slice(0, start), text.slice(read.end)) || !isJson(read.json)) {
    return { type: 'none', because: 'JSON was asked for, and more than words stands around it' };
  }
  return { type: 'json', text: read.json, isRepaired: true };
}

/** Of a whole answer in one Markdown fence. */
function inFence(text: string): string | null {
  const opening = OPENING_LINE.exec(text)?.[0];
  return opening === undefined || !text.endsWith('```') ? null : text.slice(opening.length, -3).trim();
}

const OPENING_LINE = /^```[\w+-]*[ \t]*\r?\n/;

/**
 * What stands before and behind a value is only words and the value's own fence: nothing that could be a second value, or
 * the rest of a larger one.
 */
function isProse(before: string, behind: string): boolean {
  const isFenced = OPENING.test(before) && CLOSING.test(behind);
  const pieces = isFenced ? [before.replace(OPENING, ''), behind.replace(CLOSING, '')] : [before, behind];
  return pieces.map((piece) => piece.trim()).every(isWords);
}

const OPENING = /```[\w+-]*\s*$/;
const CLOSING = /^\s*```/;

function isWords(piece: string): boolean {
  const quotes = piece.split('"').length - 1;
  return !/^["',:]|[{}[\]]|```/.test(piece) && quotes % 2 === 0 && !isJson(piece);
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Counts brackets, so that what is wrong otherwise may be cut as well. */
export function isLeftOpen(text: string): boolean {
  const json = text.replace(/^\s*```[a-zA-Z]*\s*/, '').trimStart();
  if (json[0] !== '{' && json[0] !== '[') return false;
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < json.length; index++) {
    const character = json[index];
    if (isInString) {
      if (character === '\\') index++;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
  }
  return isInString || depth > 0;
}
