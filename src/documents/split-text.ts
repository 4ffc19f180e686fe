// Splits a text into parts that fit: between paragraphs where it can, else between sentences, else between words. Pure.

import { textWeight } from '../domain/text-tokens.ts';

/** Parts of at most so many tokens, by estimate. Joined, they have every word once. */
export function splitText(text: string, { tokens }: { readonly tokens: number }): readonly string[] {
  return text.trim() === '' ? [] : [...parts(text, tokens, 0)];
}

const SEPARATORS: readonly { readonly between: RegExp; readonly join: string }[] = [
  { between: /\n\s*\n/, join: '\n\n' },
  { between: /\n/, join: '\n' },
  { between: /(?<=[.!?])\s+/, join: ' ' },
  { between: /\s+/, join: ' ' },
];

function* parts(text: string, limit: number, level: number): Generator<string> {
  if (fits(textWeight(text), limit)) return yield text;
  const separator = SEPARATORS[level];
  if (!separator) return yield* halves(text, limit);
  const { between, join } = separator;
  const joint = textWeight(join);
  let open: string[] = [];
  let weight = 0;
  for (const piece of text.split(between)) {
    if (piece.trim() === '') continue;
    // Added up: to measure all that is open again for each piece takes minutes where many make a part.
    const added = textWeight(piece);
    if (open.length > 0 && !fits(weight + joint + added, limit)) {
      yield open.join(join);
      open = [];
      weight = 0;
    }
    if (!fits(added, limit)) yield* parts(piece, limit, level + 1);
    else {
      weight += open.length > 0 ? joint + added : added;
      open.push(piece);
    }
  }
  if (open.length > 0) yield open.join(join);
}

/** A sum of fractions is off by a little. */
function fits(weight: number, limit: number): boolean {
  return Math.ceil(weight + 1e-6) <= limit;
}

/** One word that is too long: wherever a character ends. */
function* halves(text: string, limit: number): Generator<string> {
  const characters = Array.from(text);
  if (characters.length <= 1 || fits(textWeight(text), limit)) return yield text;
  const middle = Math.ceil(characters.length / 2);
  yield* halves(characters.slice(0, middle).join(''), limit);
  yield* halves(characters.slice(middle).join(''), limit);
}
