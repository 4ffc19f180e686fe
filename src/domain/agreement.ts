// Which votes agree, pair by pair. Pure, and independent of time zone and language: it is replayed.

import type { Answer } from './answer.ts';
import { textOf } from './answer-text.ts';
import { scoreOf } from './compare-json.ts';
import { numberIn, numbersAgree } from './compare-number.ts';
import { comparableText, normalText, textsAgree } from './compare-text.ts';
import { fieldReader } from './json-fields.ts';
import { canonicalJson, parseJson } from './json-value.ts';
import type { Compare } from './model-settings.ts';
import type { JsonSchema, ToolCall } from './prompt.ts';

/**
 * Not an equivalence: with a tolerance, a similarity or a threshold below 1 the first may agree with the second and the
 * second with the third, but not the first with the third. Nothing is made of that here: each pair stands for itself.
 */
export interface Agreement {
  /** By index: the answer holds something that can be compared. */
  readonly readable: readonly boolean[];
  /** By index; symmetric, and true of each readable answer with itself. Who is not readable agrees with nobody. */
  readonly agrees: readonly (readonly boolean[])[];
}

export function agreementOf(input: {
  readonly answers: readonly Answer[];
  readonly compare: Exclude<Compare, { readonly type: 'judge' }>;
  readonly schema: JsonSchema | null;
}): Agreement {
  const { answers, compare, schema } = input;
  switch (compare.type) {
    case 'exact':
      return compared(answers, { read: (text) => text, isEqual: (a, b) => a === b });
    case 'text': {
      const read = (text: string) => {
        const normal = normalText(text, compare);
        return normal.trim() === '' ? null : comparableText(normal, compare.similarity);
      };
      return compared(answers, { read, isEqual: textsAgree });
    }
    case 'number':
      return compared(answers, {
        read: numberIn,
        isEqual: (a, b) => numbersAgree(a, b, compare.relativeTolerance),
      });
    case 'json': {
      const fieldsOf = fieldReader(compare, schema);
      const read = (text: string) => {
        const value = parseJson(text);
        return value === undefined ? null : fieldsOf(value);
      };
      const isEqual: Comparison<ReturnType<typeof fieldsOf>>['isEqual'] = (a, b) => {
        const { agreeing, all } = scoreOf(a, b);
        return agreeing >= compare.threshold * all * (1 - ROUNDING);
      };
      return compared(answers, { read, isEqual });
    }
  }
}

/**
 * From which labels a judge found alike. Of an index in several groups the first one counts; one in none agrees with
 * itself alone.
 */
export function agreementOfGroups(groups: readonly (readonly number[])[], count: number): Agreement {
  const indices = Array.from({ length: count }, (_, index) => index);
  const labels = indices.map((index) => groups.findIndex((group) => group.includes(index)));
  return {
    readable: indices.map(() => true),
    agrees: indices.map((a) => indices.map((b) => a === b || (labels[a] !== -1 && labels[a] === labels[b]))),
  };
}

/** A share that was meant to be the threshold may come out a hair below: 0.55 × 100 is more than 55. */
const ROUNDING = 1e-9;

interface Comparison<T> {
  /** Null: there is nothing to compare. */
  readonly read: (text: string) => T | null;
  readonly isEqual: (a: T, b: T) => boolean;
}

/** What an answer says: tool calls, whatever else it says; else its text. */
type Statement<T> = { readonly calls: string } | { readonly content: T };

function compared<T>(answers: readonly Answer[], comparison: Comparison<T>): Agreement {
  const statements = answers.map((answer) => statementOf(answer, comparison.read));
  // Once for both of a pair: symmetric whatever the arithmetic.
  const below = statements.map((a, index) =>
    statements.slice(0, index).map((b) => a !== null && b !== null && statementsAgree(a, b, comparison.isEqual)),
  );
  const agrees = statements.map((a, indexA) =>
    statements.map((_, indexB) => {
      if (indexA === indexB) return a !== null;
      return below[Math.max(indexA, indexB)]?.[Math.min(indexA, indexB)] ?? false;
    }),
  );
  return { readable: statements.map((statement) => statement !== null), agrees };
}

function statementOf<T>(answer: Answer, read: (text: string) => T | null): Statement<T> | null {
  if (answer.toolCalls.length > 0) return { calls: canonicalJson(answer.toolCalls.map(callOf)) };
  const text = textOf(answer);
  const content = text === null ? null : read(text);
  return content === null ? null : { content };
}

function statementsAgree<T>(a: Statement<T>, b: Statement<T>, isEqual: Comparison<T>['isEqual']): boolean {
  if ('calls' in a || 'calls' in b) return 'calls' in a && 'calls' in b && a.calls === b.calls;
  return isEqual(a.content, b.content);
}

/** Without its id, which is the provider's. Some leave out the arguments of a tool that has none. */
function callOf({ name, arguments: text }: ToolCall): readonly unknown[] {
  if (text.trim() === '') return [name, 'json', {}];
  const value = parseJson(text);
  return value === undefined ? [name, 'text', text] : [name, 'json', value];
}
