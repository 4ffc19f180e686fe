// What comes out when each field of several JSON values is decided by majority.

import { agreeOrAbsent, fieldsAgree, isNothing, keysOf } from './compare-json.ts';
import type { Column, Electorate } from './field-vote.ts';
import { commonKind, shareOfThose, sumOf, voteOn, voteOnField } from './field-vote.ts';
import type { Field, SetField } from './json-fields.ts';
import { distinct, keyPath } from './json-fields.ts';
import { MAX_WORK, sizeOf } from './list-alignment.ts';
import { columnsOf } from './list-columns.ts';

export interface FieldDecision {
  readonly value: unknown;
  readonly openFields: readonly string[];
  /** By path of each leaf. */
  readonly shares: ReadonlyMap<string, number>;
}

export function decideFields(input: {
  readonly column: Column;
  /** Indices into the columns, the answer to go by first. */
  readonly ranked: readonly number[];
  readonly electorate: Electorate;
}): FieldDecision {
  const { column, ranked, electorate } = input;
  const decision: Decision = { ranked, electorate, open: new Set(), shares: new Map() };
  const part = decide(decision, { path: '$', column, isElement: false });
  return { value: part ? part.value : null, openFields: [...decision.open], shares: decision.shares };
}

interface Decision {
  readonly ranked: readonly number[];
  readonly electorate: Electorate;
  readonly open: Set<string>;
  readonly shares: Map<string, number>;
}

interface Place {
  readonly path: string;
  readonly column: Column;
  /** Of a list: there, to be absent and to be null are two things. */
  readonly isElement: boolean;
}

/** Null: it is left out. */
type Part = { readonly value: unknown } | null;

function decide(decision: Decision, place: Place): Part {
  const { column } = place;
  const free = decision.ranked.map((index) => column[index]).find((field) => field !== undefined);
  if (column.some((field) => field?.kind === 'free')) return free ? { value: free.value } : null;
  const kind = commonKind(column);
  if (kind === null || !isMerged(decision, column)) return decideWhole(decision, place);
  if (kind === 'object') return decideObject(decision, place);
  if (kind === 'list') return decideList(decision, place);
  return kind === 'set' ? decideSet(decision, place) : decideWhole(decision, place);
}

/** Those that have nothing there have no majority against those that do. */
function isMerged({ electorate }: Decision, column: Column): boolean {
  const haveSome = column.map((field) => !isNothing(field));
  return haveSome.every(Boolean) || voteOn(haveSome, electorate) === 'yes';
}

/** As one value. */
function decideWhole({ electorate, open, shares }: Decision, { path, column, isElement }: Place): Part {
  const { leader, share, isDecided } = voteOnField(column, electorate);
  shares.set(path, share);
  if (!isDecided) {
    open.add(path);
    return { value: null };
  }
  const field = column[leader];
  if (field && !isNothing(field)) return { value: field.value };
  const areNull = column.map((one) => one?.kind === 'null');
  const areAbsent = column.map((one) => one === undefined);
  const { weights } = electorate;
  const isLeftOut = isElement ? sumOf(weights, areNull) <= sumOf(weights, areAbsent) : !areNull.includes(true);
  return isLeftOut ? null : { value: null };
}

function decideObject(decision: Decision, place: Place): Part {
  const { path, column } = place;
  const objects = decision.ranked.map((index) => column[index]).filter((field) => field?.kind === 'object');
  const keys = keysOf(objects);
  if (keys.length === 0) return decideWhole(decision, place);
  const entries = keys.flatMap((key) => {
    const values = column.map((field) => (field?.kind === 'object' ? field.fields.get(key) : undefined));
    const part = decide(decision, { path: keyPath(path, key), column: values, isElement: false });
    return part ? [[key, part.value] as const] : [];
  });
  // From entries: also a key `__proto__` is only a key.
  return { value: Object.fromEntries(entries) };
}

function decideList(decision: Decision, place: Place): Part {
  const { path, column } = place;
  const { ranked, electorate, shares } = decision;
  const columns = columnsOf(
    column.map((field) => (field?.kind === 'list' ? field : undefined)),
    ranked,
  );
  if (columns.length === 0) return decideWhole(decision, place);
  const value: unknown[] = [];
  for (const elements of columns) {
    const at = `${path}[${value.length}]`;
    const part = decide(decision, { path: at, column: elements, isElement: true });
    if (part) value.push(part.value);
    else shares.delete(at);
  }
  const areEmpty = column.map((field) => field?.kind === 'list' && field.elements.length === 0);
  if (value.length === 0) shares.set(path, shareOfThose(areEmpty, electorate));
  return { value };
}

/** Open when an element has a majority neither for nor against it: it is left out then. */
function decideSet(decision: Decision, place: Place): Part {
  const { column } = place;
  const path = `${place.path}[]`;
  const { ranked, electorate, open, shares } = decision;
  const sets = column.map((field) => (field?.kind === 'set' ? field : undefined));
  const inOrder = ranked.flatMap((index) => sets[index] ?? []);
  const elements = distinct(inOrder.flatMap((set) => set.elements));
  if (elements.length === 0) return decideWhole(decision, { ...place, path });
  const isWorkable = elements.length * sizeOf(inOrder) <= MAX_WORK;
  const holders = sets.map((set) => (set ? holderOf(set, isWorkable) : () => false));
  const voteFor = (element: Field) => holders.map((holds) => holds(element));
  const votes = new Map(elements.map((element) => [element.id, voteOn(voteFor(element), electorate)]));
  const isIn = ({ id }: Field) => votes.get(id) === 'yes';
  const [reference, ...others] = inOrder;
  if (!reference) return null;
  const chosen = reference.elements.filter(isIn);
  for (const set of others) {
    // With what was chosen of the sets before it: what they have need not be said again.
    const isKnown = holderOf({ ...reference, elements: chosen }, isWorkable);
    for (const element of distinct(set.elements)) if (isIn(element) && !isKnown(element)) chosen.push(element);
  }
  const result: SetField = { ...reference, id: Number.NaN, elements: chosen };
  const agree = column.map((field) => agreeOrAbsent(result, field));
  shares.set(path, shareOfThose(agree, electorate));
  if (elements.some(({ id }) => votes.get(id) === 'open')) open.add(path);
  return { value: chosen.map(({ value }) => value) };
}

/** Above a certain amount of work, by what is the same alone. */
function holderOf(set: SetField, isWorkable: boolean): (element: Field) => boolean {
  const ids = new Set(set.elements.map(({ id }) => id));
  return (element) => ids.has(element.id) || (isWorkable && set.elements.some((other) => fieldsAgree(element, other)));
}
