// Whether two JSON values agree, field by field, and to which part. Both must come from the same reader.

import { numbersAgree } from './compare-number.ts';
import { textsAgree } from './compare-text.ts';
import type { Field, LeafField, ObjectField, SetField } from './json-fields.ts';
import { distinct } from './json-fields.ts';
import type { Score } from './list-alignment.ts';
import { aligned, MAX_WORK, sizeOf } from './list-alignment.ts';

/**
 * How much of what either holds is alike: the weight of the leaves that agree, among all. Where one holds nothing, or
 * something of another kind, all leaves of the other disagree. Symmetric.
 */
export function scoreOf(a: Field, b: Field): Score {
  if (a.kind === 'free' || b.kind === 'free') return NOTHING;
  if (a.id === b.id) return { agreeing: a.weight, all: a.weight };
  if (a.kind === 'object' && b.kind === 'object') return scoreOfObjects(a, b);
  if (a.kind === 'list' && b.kind === 'list') return aligned(a, b, scoreOf).score;
  if (a.kind === 'set' && b.kind === 'set') return scoreOfSets(a, b);
  const all = Math.max(a.weight, b.weight);
  return { agreeing: fieldsAgree(a, b) ? all : 0, all };
}

/**
 * All that is compared is alike, weights aside. Symmetric; transitive as long as no tolerance and no similarity below 1
 * is at work.
 */
export function fieldsAgree(a: Field, b: Field): boolean {
  if (a.id === b.id || a.kind === 'free' || b.kind === 'free') return true;
  if (a.kind === 'object' && b.kind === 'object') {
    return keysOf([a, b]).every((key) => agreeOrAbsent(a.fields.get(key), b.fields.get(key)));
  }
  if (a.kind === 'list' && b.kind === 'list') {
    const { length } = a.elements;
    return (
      length === b.elements.length && a.elements.every((element, index) => agreeOrAbsent(element, b.elements[index]))
    );
  }
  if (a.kind === 'set' && b.kind === 'set') return haveSameElements(a, b);
  return leavesAgree(a as LeafField, b as LeafField);
}

/** What is absent is as if it were null. */
export function agreeOrAbsent(a: Field | undefined, b: Field | undefined): boolean {
  if (a && b) return fieldsAgree(a, b);
  return isNothing(a ?? b);
}

/** Absent, null, or left out of everything. */
export function isNothing(field: Field | undefined): boolean {
  return field === undefined || field.kind === 'null' || field.kind === 'free';
}

/** Of any of the objects, in the order of the first that has it. */
export function keysOf(objects: readonly ObjectField[]): readonly string[] {
  return [...new Set(objects.flatMap(({ fields }) => [...fields.keys()]))];
}

const NOTHING: Score = { agreeing: 0, all: 0 };

function leavesAgree(a: LeafField, b: LeafField): boolean {
  if (a.kind === 'text' && b.kind === 'text') return a.text !== null && b.text !== null && textsAgree(a.text, b.text);
  if (a.kind !== 'number' || b.kind !== 'number') return false;
  return numbersAgree(a.value as number, b.value as number, Math.min(a.relativeTolerance, b.relativeTolerance));
}

function scoreOfObjects(a: ObjectField, b: ObjectField): Score {
  let [agreeing, all] = [0, 0];
  for (const [key, field] of a.fields) {
    const score = scoreOrAbsent(field, b.fields.get(key));
    agreeing += score.agreeing;
    all += score.all;
  }
  for (const [key, field] of b.fields) {
    if (a.fields.has(key)) continue;
    const score = scoreOrAbsent(field, undefined);
    agreeing += score.agreeing;
    all += score.all;
  }
  return { agreeing, all };
}

function scoreOrAbsent(field: Field, other: Field | undefined): Score {
  if (other) return scoreOf(field, other);
  return { agreeing: isNothing(field) ? field.weight : 0, all: field.weight };
}

/**
 * Every element that has its like in the other set agrees, and every one that has none is a disagreement. Not a matching
 * one to one: repetition means nothing, and what is matched would depend on the order.
 */
function scoreOfSets(a: SetField, b: SetField): Score {
  const { aloneA, aloneB } = alone(a, b);
  const isEmpty = a.elements.length === 0 || b.elements.length === 0;
  if (isEmpty) return { agreeing: 0, all: Math.max(a.weight, b.weight) };
  const [restA, restB] = [weightOf(aloneA), weightOf(aloneB)];
  const agreeing = Math.max(a.weight - restA, b.weight - restB);
  return { agreeing, all: agreeing + restA + restB };
}

/**
 * The elements of each set that have no like in the other. No two are compared twice: sets in sets in sets would take
 * for ever. Where it is too much work, only what is the same counts as alike.
 */
function alone(a: SetField, b: SetField): { readonly aloneA: readonly Field[]; readonly aloneB: readonly Field[] } {
  const [allA, allB] = [distinct(a.elements), distinct(b.elements)];
  const [idsA, idsB] = [idsOf(allA), idsOf(allB)];
  const onlyA = new Set(allA.filter(({ id }) => !idsB.has(id)));
  const onlyB = new Set(allB.filter(({ id }) => !idsA.has(id)));
  const work = onlyA.size * sizeOf(allB) + onlyB.size * sizeOf(allA);
  if (work > MAX_WORK) return { aloneA: [...onlyA], aloneB: [...onlyB] };
  const alike = new Set<Field>();
  for (const one of onlyA) {
    for (const other of allB) {
      const isOpen = !alike.has(one) || (onlyB.has(other) && !alike.has(other));
      if (isOpen && fieldsAgree(one, other)) alike.add(one).add(other);
    }
  }
  for (const other of onlyB) {
    if (!alike.has(other) && allA.some((one) => !onlyA.has(one) && fieldsAgree(one, other))) alike.add(other);
  }
  const isAlone = (field: Field) => !alike.has(field);
  return { aloneA: [...onlyA].filter(isAlone), aloneB: [...onlyB].filter(isAlone) };
}

function haveSameElements(a: SetField, b: SetField): boolean {
  const { aloneA, aloneB } = alone(a, b);
  return aloneA.length === 0 && aloneB.length === 0;
}

function idsOf(elements: readonly Field[]): ReadonlySet<number> {
  return new Set(elements.map(({ id }) => id));
}

function weightOf(elements: readonly Field[]): number {
  return elements.reduce((sum, { weight }) => sum + weight, 0);
}
