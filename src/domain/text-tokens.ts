// Tokens of a text without a tokeniser: by its words, numbers, signs and scripts, as every tokeniser cuts at those. One
// pass over the characters, as texts may be long and many.

/** What to expect: within a third of what OpenAI's tokenisers make of prose, code and JSON. */
export function textTokens(text: string): number {
  return Math.ceil(textWeight(text));
}

/** The same unrounded. It adds up where texts are joined by a space or a line break that neither of them ends in. */
export function textWeight(text: string): number {
  return scan(text, USUAL);
}

/** What no tokeniser stays below. */
export function fewestTextTokens(text: string): number {
  return Math.floor(scan(text, FEWEST));
}

type Class = 'space' | 'line' | 'letters' | 'capitals' | 'digits' | 'sign' | 'script' | 'syllables' | 'ideographs';

interface Counting {
  /** Tokens of a run of characters of one class, by its length. */
  readonly tokens: Readonly<Record<Class, (length: number) => number>>;
  /** `camelCase` may be one token or several. */
  readonly cutsAtCapitals: boolean;
}

const USUAL: Counting = {
  tokens: {
    // One space belongs to the word behind it; indentation is a token of its own.
    space: (length) => (length > 1 ? 1 + length / 40 : 0),
    line: (length) => 0.8 + (length - 1) / 16,
    letters: (length) => (length <= 7 ? 1.05 : length / 5.5),
    capitals: (length) => Math.max(1, length / 3),
    digits: (length) => Math.ceil(length / 3),
    sign: (length) => (length === 1 ? 0.75 : 1 + length / 20),
    script: (length) => Math.max(1, length / 3.2),
    syllables: (length) => length * 0.75,
    ideographs: (length) => length * 0.95,
  },
  cutsAtCapitals: true,
};

/** A word is a token at least, unless a sign before it is of the same; very long ones of the same letter are few. */
const WORD = (length: number) => 0.9 + Math.max(0, length - 24) / 24;

const FEWEST: Counting = {
  tokens: {
    space: (length) => (length > 1 ? length / 256 : 0),
    line: () => 0,
    letters: WORD,
    capitals: WORD,
    digits: (length) => length / 4,
    sign: (length) => (length > 1 ? length / 128 : 0),
    script: WORD,
    syllables: (length) => length / 5,
    ideographs: (length) => length / 4,
  },
  cutsAtCapitals: false,
};

function scan(text: string, { tokens, cutsAtCapitals }: Counting): number {
  const costs = CLASSES.map((each) => tokens[each]);
  let total = 0;
  let from = 0;
  let current = -1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const next = code < 128 ? (ASCII[code] ?? 0) : classOf(code);
    if (next === current) continue;
    const isWord = current === CAPITALS && next === LETTERS;
    if (
      (isWord && (at - from === 1 || !cutsAtCapitals)) ||
      (!cutsAtCapitals && current === LETTERS && next === CAPITALS)
    ) {
      current = next;
      continue;
    }
    if (current !== -1) total += costs[current]?.(at - from) ?? 0;
    current = next;
    from = at;
  }
  return total + (costs[current]?.(text.length - from) ?? 0);
}

const CLASSES: readonly Class[] = [
  'space',
  'line',
  'letters',
  'capitals',
  'digits',
  'sign',
  'script',
  'syllables',
  'ideographs',
];
const [SPACE, LETTERS, CAPITALS] = [CLASSES.indexOf('space'), CLASSES.indexOf('letters'), CLASSES.indexOf('capitals')];
const [SIGN, SCRIPT] = [CLASSES.indexOf('sign'), CLASSES.indexOf('script')];
const [SYLLABLES, IDEOGRAPHS] = [CLASSES.indexOf('syllables'), CLASSES.indexOf('ideographs')];

const ASCII = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (character === '\n' || character === '\r') return CLASSES.indexOf('line');
  if (/\s/.test(character)) return SPACE;
  if (/[a-z]/.test(character)) return LETTERS;
  if (/[A-Z]/.test(character)) return CAPITALS;
  return /\d/.test(character) ? CLASSES.indexOf('digits') : SIGN;
});

function classOf(code: number): number {
  if (code < 0x250) return LETTERS;
  // Greek, Cyrillic, Hebrew, Arabic, the scripts of India and their neighbours.
  if (code < 0x2000) return SCRIPT;
  if (code < 0x3040) return code === 0x3000 ? SPACE : SIGN;
  // Kana and Hangul.
  if (code < 0x3100 || (code >= 0xac00 && code < 0xd7b0)) return SYLLABLES;
  // Han, and with them everything that is written as two code units, such as emoji.
  return IDEOGRAPHS;
}
