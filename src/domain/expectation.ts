// What an answer must be like (`expect`): plain data, what it comes to for a text as far as counting tells, and what does
// not fit together. Pure; schemas, patterns and syntax take libraries and are checked in `activities/expect`.

import type { JsonSchema } from './prompt.ts';
import { countBullets, countCharacters, countParagraphs, countWords } from './text-counts.ts';

/** Every field that is given must hold. */
export interface Expect {
  /** The answer is JSON that is valid against it. */
  readonly schema?: JsonSchema;
  /** A regular expression of RE2 that is found somewhere in the answer. */
  readonly pattern?: string;
  readonly characters?: Bounds;
  readonly words?: Bounds;
  readonly bullets?: Bounds;
  readonly paragraphs?: Bounds;
  /** The answer, or what its one fence holds, is text of this language. */
  readonly syntax?: Syntax;
}

export const syntaxes = ['json', 'sql', 'python', 'typescript'] as const;
export type Syntax = (typeof syntaxes)[number];

/** Both ends count as within. */
interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** As a configuration or a request gives them: a number is what it must be exactly. */
type BoundsFields = number | Bounds;

export interface ExpectFields extends Omit<Expect, Counted> {
  readonly characters?: BoundsFields;
  readonly words?: BoundsFields;
  readonly bullets?: BoundsFields;
  readonly paragraphs?: BoundsFields;
}

const counts = {
  characters: { count: countCharacters, one: 'character', many: 'characters' },
  words: { count: countWords, one: 'word', many: 'words' },
  bullets: { count: countBullets, one: 'bullet point', many: 'bullet points' },
  paragraphs: { count: countParagraphs, one: 'paragraph', many: 'paragraphs' },
} as const;

type Counted = keyof typeof counts;
const counted = Object.keys(counts) as readonly Counted[];

export function expectOf(fields: ExpectFields): Expect {
  const bounds = counted.flatMap((name) => {
    const given = fields[name];
    return given === undefined ? [] : [[name, typeof given === 'number' ? { min: given, max: given } : given]];
  });
  return { ...fields, ...Object.fromEntries(bounds) } as Expect;
}

/** What does not fit together: the field's path, and a remark that follows its name. */
export interface ExpectFault {
  readonly path: readonly string[];
  readonly message: string;
}

export function boundsFaults(expect: Expect): readonly ExpectFault[] {
  return counted.flatMap((name) => {
    const { min, max } = expect[name] ?? {};
    return min !== undefined && max !== undefined && min > max
      ? [{ path: [name], message: `has a min (${min}) above its max (${max})` }]
      : [];
  });
}

/** Two expectations that no answer can meet both. */
export function contradiction(expects: readonly Expect[]): ExpectFault | null {
  for (const name of counted) {
    const min = Math.max(...expects.map((expect) => expect[name]?.min ?? 0));
    const max = Math.min(...expects.map((expect) => expect[name]?.max ?? Number.POSITIVE_INFINITY));
    if (min > max) return { path: [name], message: `contradicts the model's own: at least ${min} and at most ${max}` };
  }
  return null;
}

/** What is wrong with the counts of a text, as a remark on "it"; null: nothing. Quotes nothing of the text. */
export function countFault(expect: Expect, text: string): string | null {
  for (const name of counted) {
    const bounds = expect[name];
    if (!bounds) continue;
    const { count, one, many } = counts[name];
    const found = count(text);
    const { min = 0, max = Number.POSITIVE_INFINITY } = bounds;
    if (found >= min && found <= max) continue;
    return `it has ${found} ${found === 1 ? one : many}, ${wanted(bounds)} ${isOne(bounds) ? 'is' : 'are'} expected`;
  }
  return null;
}

function wanted({ min, max }: Bounds): string {
  if (min === max) return `exactly ${min}`;
  if (min === undefined || min === 0) return `at most ${max}`;
  return max === undefined ? `at least ${min}` : `${min} to ${max}`;
}

function isOne({ min, max }: Bounds): boolean {
  return (max ?? min) === 1;
}
