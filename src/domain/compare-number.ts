// The one number that an answer holds, however it is written. Never guesses: a text with several numbers holds none, nor
// does one whose number can't be read for certain.

/**
 * Symmetric. With a tolerance not transitive (10, 11 and 12 at a tenth): each pair is judged by itself.
 *
 * @param relativeTolerance part of the larger one by which they may differ; 0: not at all
 */
export function numbersAgree(a: number, b: number, relativeTolerance: number): boolean {
  if (a === b) return true;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  return Math.abs(a - b) <= relativeTolerance * Math.max(Math.abs(a), Math.abs(b));
}

/**
 * Null unless the text holds one number, once or several times. Units and currencies are left aside: "5%" is 5. What
 * looks like a number and is none is passed over: dates, times of day, versions, digits that belong to a word or a name
 * ("GPT-4", "item2", "0x1F"). What states a number in a way that is not read here leaves the whole text without one:
 * ranges, fractions, ratios, powers, digits of other scripts, "5 million" (2 and 2 million must not agree on 2).
 */
export function numberIn(text: string): number | null {
  const normal = text.normalize('NFKC');
  if (COMPOSED_DIGITS.test(text) || OTHER_DIGITS.test(normal)) return null;
  let found: number | null = null;
  for (const match of normal.matchAll(TOKEN)) {
    const number = numberOf(match);
    if (number === 'none') continue;
    if (number === 'unreadable' || (found !== null && number !== found)) return null;
    found = number;
  }
  return found;
}

/** NFKC would make "10²" 102 and "1½" 11⁄2. */
const COMPOSED_DIGITS = /\p{Nd}\s?\p{No}/u;
const OTHER_DIGITS = /(?![0-9])\p{Nd}/u;

const SIGN = String.raw`[-+\u2010\u2011\u2013\u2212]`;
const CURRENCY = '(?:AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|INR|JPY|KRW|MXN|NOK|NZD|PLN|SEK|USD)';
/** Between digits they make one thing of them. */
const JOINT = String.raw`[.,'’/:+=*^_×÷⁄\u2010-\u2013\u2212-]`;
const WORD_PART = String.raw`[\p{L}\p{M}\p{N}_]`;

const ISO_DATE = String.raw`\d{4}-\d{2}-\d{2}`;
const ISO_TIME = String.raw`\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[-+]\d{2}:?\d{2})?`;

// The alternatives are tried in this order at each place, and each takes all that belongs together. No repetition lies
// inside another without something between that tells them apart: so none takes longer than the text is.
const TOKEN = new RegExp(
  [
    `${ISO_DATE}(?:[T ]${ISO_TIME})?(?!\\d|${JOINT}\\d)`,
    String.raw`(?!${CURRENCY} ?${SIGN}?\d)\p{L}${WORD_PART}*(?:[-.'’/\u2010\u2011\u2013]${WORD_PART}+)*`,
    [
      String.raw`(?<lead>${SIGN}?(?:(?:\p{Sc}|${CURRENCY}) ?)?${SIGN}?)`,
      // Groups of thousands with spaces, or digits with anything between.
      String.raw`(?<digits>[1-9]\d{0,2}(?: \d{3})+(?:[.,]\d+)?(?!${JOINT}*\d)|(?:(?<![\p{L}\p{N}.])\.)?\d+(?:${JOINT}+\d+)*)`,
      String.raw`(?:[eE](?<exponent>[-+\u2212]?\d+)(?!${WORD_PART}))?`,
      `(?<tail>${WORD_PART}*)`,
    ].join(''),
  ].join('|'),
  'gu',
);

function numberOf(match: RegExpExecArray): number | 'none' | 'unreadable' {
  const { lead = '', digits, exponent = '0', tail = '' } = match.groups ?? {};
  if (digits === undefined || /\d/u.test(tail) || NO_NUMBER.test(digits)) return 'none';
  const decimal = decimalOf(digits);
  const end = match.index + match[0].length - tail.length;
  if (decimal === null || isScaled(lead, match.input.slice(end, end + LONGEST_SCALE))) return 'unreadable';
  const number = Number(`${decimal}e${exponent.replace('\u2212', '-')}`);
  if (!Number.isFinite(number)) return 'unreadable';
  return /[-\u2010\u2011\u2013\u2212]/u.test(lead) ? -number : number;
}

/** Dates (2026-1-31, 31.1.2026, 1/31/26), times of day, versions and addresses. */
const NO_NUMBER = new RegExp(
  [
    String.raw`^\d{4}[-/.\u2010\u2011]\d{1,2}[-/.\u2010\u2011]\d{1,2}$`,
    String.raw`^\d{1,2}[-/.\u2010\u2011]\d{1,2}[-/.\u2010\u2011](?:\d{2}|\d{4})$`,
    String.raw`^\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?$`,
    String.raw`^(?!\d{1,3}(?:\.\d{3})+$)\d+(?:\.\d+){2,}$`,
  ].join('|'),
  'u',
);

/** With a decimal point and nothing else between the digits; null when the marks between them make no sense. */
function decimalOf(digits: string): string | null {
  if (/^\d*\.?\d+$/u.test(digits)) return digits;
  const { whole, part = '' } = (THOUSANDS.exec(digits) ?? INDIAN_THOUSANDS.exec(digits))?.groups ?? {};
  if (whole !== undefined) return `${whole.replaceAll(/\D/gu, '')}.${part}`;
  return /^\d+,\d+$/u.test(digits) ? digits.replace(',', '.') : null;
}

/** "1,234" is one, "0,123" and "1234,567" are not; "1.234" never comes here. */
const THOUSANDS = /^(?<whole>[1-9]\d{0,2}(?<mark>[.,'’ ])\d{3}(?:\k<mark>\d{3})*)(?:(?!\k<mark>)[.,](?<part>\d+))?$/u;
const INDIAN_THOUSANDS = /^(?<whole>[1-9]\d?(?:,\d{2})+,\d{3})(?:\.(?<part>\d+))?$/u;

function isScaled(lead: string, after: string): boolean {
  const isMoney = /\p{Sc}|[A-Z]/u.test(lead);
  return SCALE.test(after) || SCALE_SIGN.test(after) || (isMoney && /^ ?m(?!\p{L}|\p{N})/u.test(after));
}

/** A small m is a metre, unless it is money's. */
const SCALE_SIGN = /^ ?(?:[kKMBT](?!\p{L}|\p{N})|[十百千万萬億亿兆])/u;
const SCALE =
  /^[ -]?(?:[bm]n|mio|mrd|mil|dozen|lakhs?|crores?|hundred|thousand|tausend|(?:m|b|tr)ill?i(?:on|ard)\p{L}*|millones|milh\p{L}+)(?!\p{L}|\p{N})/iu;
const LONGEST_SCALE = 16;
