// JSON answers decided field by field, when as a whole none has a majority. Only values that were cast come out.

import type { Answer } from './answer.ts';
import { textOf } from './answer-text.ts';
import { scoreOf } from './compare-json.ts';
import { sharesWith, UNLIKE } from './field-agreement.ts';
import type { Electorate } from './field-vote.ts';
import { decideFields } from './field-decision.ts';
import type { Field } from './json-fields.ts';
import { fieldReader } from './json-fields.ts';
import { parseJson } from './json-value.ts';
import type { JsonCompare } from './model-settings.ts';
import type { JsonSchema } from './prompt.ts';

export interface FieldBallots {
  readonly answers: readonly Answer[];
  /** By index of the answer. */
  readonly weights: readonly number[];
  readonly compare: JsonCompare;
  readonly schema: JsonSchema | null;
}

/**
 * By path of each leaf field of the answers: from 0 to 1, the share of the weight of all answers given whose value agrees
 * with that of answer `winner`. Indices in paths are the winner's. Empty when the winner holds no JSON.
 */
export function fieldAgreement(input: FieldBallots & { readonly winner: number }): Readonly<Record<string, number>> {
  const { weights, winner } = input;
  const fields = fieldsOf(input);
  const won = fields[winner];
  if (!won) return {};
  const column = fields.map((field) => field ?? UNLIKE);
  const electorate = { weights, allWeight: total(weights), quorum: 1 };
  return Object.fromEntries(sharesWith(won, column, electorate));
}

/**
 * Each field by majority: the value that the quorum agrees on, and with more weight behind it than behind any that does
 * not agree with it. A field without one is null, and open. Agreeing need not be transitive: the value that comes out is
 * the one that most weight agrees with, whether or not those agree among each other.
 *
 * Objects are merged key by key. Lists are aligned to that of the answer with the most support, and an element that the
 * majority does not have is left out; of sets each element is decided on. Where answers differ in kind (an object, a
 * text), the whole value there is one field. Where the rules leave a field free, it is that answer's with the most support.
 * Indices in paths are those of `value`.
 */
export function majorityByField(input: FieldBallots & { readonly quorum: number }): {
  readonly value: unknown;
  readonly openFields: readonly string[];
  /** By path: the share of the weight of all answers whose value agrees with the one that came out, or that leads. */
  readonly fields: Readonly<Record<string, number>>;
} {
  const all = fieldsOf(input);
  const voters = all.flatMap((field, index) => (field ? [{ field, weight: input.weights[index] ?? 0 }] : []));
  if (voters.length === 0) return { value: null, openFields: ['$'], fields: {} };
  const column = voters.map(({ field }) => field);
  const weights = voters.map(({ weight }) => weight);
  const electorate: Electorate = { weights, allWeight: total(input.weights), quorum: input.quorum };
  const { value, openFields, shares } = decideFields({ column, ranked: bySupport(column, weights), electorate });
  return { value, openFields, fields: Object.fromEntries(shares) };
}

/** Null: the answer holds no JSON. */
function fieldsOf({ answers, compare, schema }: FieldBallots): readonly (Field | null)[] {
  const read = fieldReader(compare, schema);
  return answers.map((answer) => {
    const text = textOf(answer);
    const value = text === null ? undefined : parseJson(text);
    return value === undefined ? null : read(value);
  });
}

/** Indices: first the one whose fields have the most weight of others behind them. */
function bySupport(column: readonly Field[], weights: readonly number[]): readonly number[] {
  const support = column.map(() => 0);
  for (const [index, field] of column.entries()) {
    for (const [before, other] of column.slice(0, index).entries()) {
      const { agreeing } = scoreOf(field, other);
      support[index] = (support[index] ?? 0) + agreeing * (weights[before] ?? 0);
      support[before] = (support[before] ?? 0) + agreeing * (weights[index] ?? 0);
    }
  }
  return [...column.keys()].sort((a, b) => (support[b] ?? 0) - (support[a] ?? 0) || a - b);
}

function total(weights: readonly number[]): number {
  return weights.reduce((sum, weight) => sum + weight, 0);
}
