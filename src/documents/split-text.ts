// Splits a text into parts that fit: between paragraphs where it can, else between sentences, else between words. Pure.

import { textTokens } from '../domain/text-tokens.ts';

/** Parts of at most so many tokens, by estimate. Joined, they have every word once. */
export function splitText(text: string, { tokens }: { readonly tokens: number }): readonly string[] {
  return parts(text, tokens, { sizeOf: textTokens, level: 0 });
}

const SEPARATORS: readonly { readonly between: RegExp; readonly join: string }[] = [
  { between: /\n\s*\n/, join: '\n\n' },
  { between: /\n/, join: '\n' },
  { between: /(?<=[.!?])\s+/, join: ' ' },
  { between: /\s+/, join: ' ' },
];

function parts(
  text: string,
  limit: number,
  how: { readonly sizeOf: (text: string) => number; readonly level: number },
): readonly string[] {
  const { sizeOf, level } = how;
  if (sizeOf(text) <= limit) return text.trim() === '' ? [] : [text];
  const separator = SEPARATORS[level];
  if (!separator) return halves(text, limit, sizeOf);
  const found: string[] = [];
  let open = '';
  for (const piece of text.split(separator.between)) {
    const longer = open === '' ? piece : `${open}${separator.join}${piece}`;
    if (sizeOf(longer) <= limit) {
      open = longer;
      continue;
    }
    if (open.trim() !== '') found.push(open);
    open = '';
    if (sizeOf(piece) <= limit) open = piece;
    else found.push(...parts(piece, limit, { sizeOf, level: level + 1 }));
  }
  if (open.trim() !== '') found.push(open);
  return found;
}

/** One word that is too long: wherever a character ends. */
function halves(text: string, limit: number, sizeOf: (text: string) => number): readonly string[] {
  const characters = Array.from(text);
  if (characters.length <= 1 || sizeOf(text) <= limit) return [text];
  const middle = Math.ceil(characters.length / 2);
  const [first, second] = [characters.slice(0, middle).join(''), characters.slice(middle).join('')];
  return [...halves(first, limit, sizeOf), ...halves(second, limit, sizeOf)];
}
