// Whether two texts say the same: their normal form, and how alike they are by pairs of characters. Never takes
// time by the square of their length.

import type { TextRules } from './model-settings.ts';

/** A text that is ready to be compared. */
export interface ComparableText {
  readonly text: string;
  /** How alike another has to be. */
  readonly similarity: number;
  /** Of neighbouring characters, sorted. Made once, when first needed. */
  readonly pairs: () => Uint32Array;
}

/** Of a text that is in its normal form already. */
export function comparableText(text: string, similarity: number): ComparableText {
  let pairs: Uint32Array | null = null;
  return {
    text,
    similarity,
    pairs: () => {
      pairs ??= pairsOf(text);
      return pairs;
    },
  };
}

/**
 * Symmetric. Below a similarity of 1 not transitive: of three texts the first and the last may have drifted apart. Each
 * pair is judged by itself.
 */
export function textsAgree(a: ComparableText, b: ComparableText): boolean {
  if (a.text === b.text) return true;
  const similarity = Math.max(a.similarity, b.similarity);
  const shorter = Math.min(a.text.length, b.text.length) - 1;
  if (similarity >= 1 || shorter < 1) return false;
  const all = a.text.length + b.text.length - 2;
  // No more pairs can be shared than the shorter one has.
  if ((2 * shorter) / all < similarity) return false;
  return (2 * shared(a.pairs(), b.pairs())) / all >= similarity;
}

/** In Unicode's normal form NFKC: full-width letters, ligatures and non-breaking spaces are the plain ones. */
export function normalText(text: string, rules: TextRules): string {
  let normal = text.normalize('NFKC');
  if (rules.ignorePunctuation) normal = withoutPunctuation(normal);
  // A capital may come out decomposed, as the Turkish dotted I does.
  if (rules.ignoreCase) normal = normal.toLowerCase().normalize('NFKC');
  return rules.ignoreWhitespace ? normal.replaceAll(/\s+/gu, ' ').trim() : normal;
}

/** With what belongs to a number kept: "1.5" and "15", "-5" and "5", "$5" and "€5" never become the same. */
function withoutPunctuation(text: string): string {
  return text.replaceAll(/[\p{P}\p{S}]+/gu, (marks, offset: number) =>
    kept(marks, {
      before: text.slice(Math.max(0, offset - 2), offset),
      after: text.slice(offset + marks.length).slice(0, 2),
    }),
  );
}

function kept(marks: string, { before, after }: { readonly before: string; readonly after: string }): string {
  const followsDigit = /\p{Nd}$/u.test(before);
  const precedesDigit = /^\p{Nd}/u.test(after);
  // A decimal point, a fraction, a range, a date, a time of day.
  if (followsDigit && precedesDigit) return oneMinus(marks);
  // After a letter a hyphen is one: "GPT-4" is "GPT4". A currency is none: "US$5".
  const leading = /\p{L}$/u.test(before) ? /\p{Sc}[\p{Sm}\p{Pd}.,]*$/u : /[\p{Sc}\p{Sm}\p{Pd}.,]+$/u;
  if (precedesDigit) return oneMinus(leading.exec(marks.slice(-LONGEST_SIGN))?.[0] ?? '');
  if (followsDigit) return /^[\p{Sc}%‰]+/u.exec(marks)?.[0] ?? '';
  const belongsAcrossSpace = /\p{Nd}\s$/u.test(before) || /^\s\p{Nd}/u.test(after);
  return belongsAcrossSpace ? (/\p{Sc}/u.exec(marks)?.[0] ?? '') : '';
}

/** As "-$." of "-$.50", and one to spare. Without a limit a long rule of dashes would take the square of its length. */
const LONGEST_SIGN = 4;

/** Models write any of these before a number. */
function oneMinus(marks: string): string {
  return marks.replaceAll(/[\u2010\u2011\u2212]/gu, '-');
}

/** Of UTF-16 code units: quicker than characters, and no different but for rare ones. */
function pairsOf(text: string): Uint32Array {
  const pairs = new Uint32Array(text.length - 1);
  for (let index = 0; index < pairs.length; index++) {
    pairs[index] = text.charCodeAt(index) * 0x1_00_00 + text.charCodeAt(index + 1);
  }
  return pairs.sort();
}

/** How many they have in common, each as often as both have it. Sorted lists take a tenth of the time of counts in maps. */
function shared(a: Uint32Array, b: Uint32Array): number {
  let [indexA, indexB, sum] = [0, 0, 0];
  while (indexA < a.length && indexB < b.length) {
    const [one, other] = [a[indexA] ?? 0, b[indexB] ?? 0];
    if (one === other) sum++;
    if (one <= other) indexA++;
    if (one >= other) indexB++;
  }
  return sum;
}
