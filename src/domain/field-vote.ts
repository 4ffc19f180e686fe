// The vote on one field: what the answers say of one place, and which of it has a majority.

import { agreeOrAbsent, isNothing } from './compare-json.ts';
import type { Field } from './json-fields.ts';
import { outweighs } from './weight.ts';

/** What each answer says of one place; undefined: nothing. */
export type Column = readonly (Field | undefined)[];

export interface Electorate {
  /** Of the answers in the columns, in their order. */
  readonly weights: readonly number[];
  /** Of all answers given, also of those that can't be read. */
  readonly allWeight: number;
  readonly quorum: number;
}

export interface FieldVote {
  /** Index of the answer whose value the most agree with. */
  readonly leader: number;
  readonly share: number;
  /** The quorum agrees with it, and each value that does not has less weight behind it. */
  readonly isDecided: boolean;
}

/**
 * Agreeing need not be transitive (tolerance, similarity): so each value that was cast counts those that agree with it,
 * also such as do not agree with each other, and all values that do not agree with it are its rivals.
 */
export function voteOnField(column: Column, electorate: Electorate): FieldVote {
  const { weights, quorum } = electorate;
  const candidates = column.map((field, index) => {
    const supports = column.map((other, voter) => voter === index || agreeOrAbsent(field, other));
    return { index, supports, votes: supports.filter(Boolean).length, weight: sumOf(weights, supports) };
  });
  const ranked = [...candidates].sort((a, b) => {
    if (outweighs(a.weight, b.weight)) return -1;
    return outweighs(b.weight, a.weight) ? 1 : b.votes - a.votes || a.index - b.index;
  });
  const decided = ranked.find(
    ({ supports, votes, weight }) =>
      votes >= quorum && candidates.every((rival) => supports[rival.index] === true || outweighs(weight, rival.weight)),
  );
  const leader = decided ?? ranked[0];
  return {
    leader: leader?.index ?? 0,
    share: shareOf(leader?.weight ?? 0, electorate),
    isDecided: decided !== undefined,
  };
}

/** Whether those for whom it is true are a majority, those for whom it is not, or nobody. */
export function voteOn(isTrue: readonly boolean[], { weights, quorum }: Electorate): 'yes' | 'no' | 'open' {
  const isFalse = isTrue.map((one) => !one);
  const [yes, no] = [sumOf(weights, isTrue), sumOf(weights, isFalse)];
  if (isTrue.filter(Boolean).length >= quorum && outweighs(yes, no)) return 'yes';
  return isFalse.filter(Boolean).length >= quorum && outweighs(no, yes) ? 'no' : 'open';
}

/** Of the weight of all answers. */
export function shareOfThose(areIn: readonly boolean[], electorate: Electorate): number {
  return shareOf(sumOf(electorate.weights, areIn), electorate);
}

/** What all that say something say it as; null: they differ. */
export function commonKind(column: Column): Field['kind'] | null {
  const kinds = new Set(column.filter((field) => !isNothing(field)).map((field) => field?.kind));
  const [kind] = kinds;
  return kinds.size === 1 && kind !== undefined ? kind : null;
}

export function sumOf(weights: readonly number[], areIn: readonly boolean[]): number {
  return weights.reduce((sum, weight, index) => (areIn[index] === true ? sum + weight : sum), 0);
}

function shareOf(weight: number, { allWeight }: Electorate): number {
  return allWeight > 0 ? Math.min(1, weight / allWeight) : 0;
}
