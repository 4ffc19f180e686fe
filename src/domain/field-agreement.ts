// How far the answers agree with one of them, field by field.

import { agreeOrAbsent, isNothing, keysOf } from './compare-json.ts';
import type { Column, Electorate } from './field-vote.ts';
import { shareOfThose } from './field-vote.ts';
import type { Field, LeafField, ListField, ObjectField } from './json-fields.ts';
import { keyPath } from './json-fields.ts';
import { fitTo } from './list-columns.ts';

type Shares = ReadonlyMap<string, number>;

/**
 * By path of each leaf; a set is one, `tags[]`. Of a list, elements are those of the winner; when an answer has more of
 * them, the path `items[]` has the share of those that don't.
 *
 * @param column what the answers are as a whole, the winner's among them
 */
export function sharesWith(winner: Field, column: Column, electorate: Electorate): Shares {
  const shares = new Map<string, number>();
  collect({ path: '$', winner, column }, electorate, shares);
  return shares;
}

interface Place {
  readonly path: string;
  readonly winner: Field | undefined;
  readonly column: Column;
}

function collect({ path, winner, column }: Place, electorate: Electorate, shares: Map<string, number>): void {
  if ([winner, ...column].some((field) => field?.kind === 'free')) return;
  const places = winner === undefined ? [] : placesBelow({ path, winner, column }, electorate, shares);
  for (const place of places) collect(place, electorate, shares);
  if (places.length > 0) return;
  const agree = column.map((field) => agreeOrAbsent(winner, field));
  shares.set(winner?.kind === 'set' ? `${path}[]` : path, shareOfThose(agree, electorate));
}

/** None of a leaf, and of what is empty. */
function placesBelow(place: Place, electorate: Electorate, shares: Map<string, number>): readonly Place[] {
  const { path, winner, column } = place;
  if (winner?.kind === 'object') return keyPlaces(winner, place);
  if (winner?.kind !== 'list' || winner.elements.length === 0) return [];
  const fits = column.map((field) => (field?.kind === 'list' ? fitTo(winner, field) : undefined));
  const haveMore = fits.map((fit) => [...(fit?.before.values() ?? [])].some(({ elements }) => !elements.every(isFree)));
  const haveNoMore = fits.map((fit, index) => fit !== undefined && haveMore[index] === false);
  if (haveMore.includes(true)) shares.set(`${path}[]`, shareOfThose(haveNoMore, electorate));
  const matched = fits.map((fit) => fit?.matched);
  return elementPlaces(winner, place, matched);
}

type Parent = Pick<Place, 'path' | 'column'>;

function keyPlaces(winner: ObjectField, { path, column }: Parent): Place[] {
  const objects = column.filter((field) => field?.kind === 'object');
  return keysOf([winner, ...objects]).map((key) => ({
    path: keyPath(path, key),
    winner: winner.fields.get(key),
    column: column.map((field) => (field?.kind === 'object' ? field.fields.get(key) : below(field))),
  }));
}

function elementPlaces(winner: ListField, { path, column }: Parent, matched: readonly (Column | undefined)[]): Place[] {
  return winner.elements.map((element, index) => ({
    path: `${path}[${index}]`,
    winner: element,
    column: column.map((field, voter) => (matched[voter] ? matched[voter][index] : below(field))),
  }));
}

/** What a value has where it has no such part: nothing when it is nothing, else something that agrees with nothing. */
function below(field: Field | undefined): Field | undefined {
  return isNothing(field) ? undefined : UNLIKE;
}

/** Also what an answer says that can't be read. */
export const UNLIKE: LeafField = {
  kind: 'other',
  id: Number.NaN,
  weight: 0,
  size: 1,
  value: undefined,
  text: null,
  relativeTolerance: 0,
};

function isFree(field: Field): boolean {
  return field.kind === 'free';
}
