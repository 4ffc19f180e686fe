// Which elements of two lists belong together: in order, so that one missing or inserted puts none of the others out of
// step.

import type { Field, ListField } from './json-fields.ts';

/** Indices into both lists; undefined where the other has an element that this one lacks. */
type Pair = readonly [number | undefined, number | undefined];

export interface Alignment {
  readonly pairs: readonly Pair[];
  readonly score: Score;
}

/** In units of weight: of the leaves that agree, and of all. */
export interface Score {
  readonly agreeing: number;
  readonly all: number;
}

/** A list, or a part of one. */
export type Elements = Pick<ListField, 'elements' | 'isNested'>;

type ScoreOf = (a: Field, b: Field) => Score;

/**
 * With the least weight that disagrees, and among these with the most that agrees: so the score is the same from both
 * sides. Where that is too much work, position by position, but for what is equal at both ends.
 */
export function aligned(a: Elements, b: Elements, scoreOf: ScoreOf): Alignment {
  const shorter = Math.min(a.elements.length, b.elements.length);
  const isSame = (indexA: number, indexB: number) => a.elements.at(indexA)?.id === b.elements.at(indexB)?.id;
  let start = 0;
  while (start < shorter && isSame(start, start)) start++;
  let rest = 0;
  while (rest < shorter - start && isSame(-1 - rest, -1 - rest)) rest++;
  const [endA, endB] = [a.elements.length - rest, b.elements.length - rest];
  const middle = { a: a.elements.slice(start, endA), b: b.elements.slice(start, endB) };
  const isPlain = middle.a.length === 0 || middle.b.length === 0 || isTooMuch(middle, a.isNested || b.isNested);
  const { pairs, score } = isPlain ? byPosition(middle, scoreOf) : byLeastWeight(middle, scoreOf);
  const same = weightOf(a.elements) - weightOf(middle.a);
  return {
    pairs: [
      ...Array.from({ length: start }, (_, index): Pair => [index, index]),
      ...pairs.map(([first, second]): Pair => [moved(first, start), moved(second, start)]),
      ...Array.from({ length: rest }, (_, index): Pair => [endA + index, endB + index]),
    ],
    score: { agreeing: same + score.agreeing, all: same + score.all },
  };
}

interface TwoLists {
  readonly a: readonly Field[];
  readonly b: readonly Field[];
}

function moved(index: number | undefined, by: number): number | undefined {
  return index === undefined ? undefined : index + by;
}

/** 400 elements with 400. */
const MAX_CELLS = 160_000;
/** Leaves that are compared with each other: some 100 ms. */
export const MAX_WORK = 1_000_000;

/** Every element is compared with every other; and so are, within them, those of lists. */
function isTooMuch({ a, b }: TwoLists, isNested: boolean): boolean {
  const [sizeA, sizeB] = [sizeOf(a), sizeOf(b)];
  const work = isNested ? sizeA * sizeB : Math.min(a.length * sizeB, b.length * sizeA);
  return a.length * b.length > MAX_CELLS || work > MAX_WORK;
}

export function sizeOf(elements: readonly Field[]): number {
  return elements.reduce((sum, { size }) => sum + size, 0);
}

function weightOf(elements: readonly Field[]): number {
  return elements.reduce((sum, { weight }) => sum + weight, 0);
}

function byPosition({ a, b }: TwoLists, scoreOf: ScoreOf): Alignment {
  const both = Math.min(a.length, b.length);
  const pairs: Pair[] = [];
  let agreeing = 0;
  let all = weightOf(a.slice(both)) + weightOf(b.slice(both));
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [one, other] = [a[index], b[index]];
    pairs.push([one && index, other && index]);
    if (!one || !other) continue;
    const score = scoreOf(one, other);
    agreeing += score.agreeing;
    all += score.all;
  }
  return { pairs, score: { agreeing, all } };
}

/** As the distance of two texts by insertions, deletions and substitutions, but that all of them have their weight. */
function byLeastWeight({ a, b }: TwoLists, scoreOf: ScoreOf): Alignment {
  const width = b.length + 1;
  const cells = (a.length + 1) * width;
  const differing = new Float64Array(cells).fill(Number.POSITIVE_INFINITY);
  const agreeing = new Float64Array(cells);
  const origin = new Int32Array(cells);
  const reach = (to: number, from: number, differs: number, agrees: number) => {
    if (differs > at(differing, to) || (differs === at(differing, to) && agrees <= at(agreeing, to))) return;
    differing[to] = differs;
    agreeing[to] = agrees;
    origin[to] = from;
  };
  differing[0] = 0;
  for (let cell = 0; cell < cells; cell++) {
    const one = a[Math.floor(cell / width)];
    const other = b[cell % width];
    const [differs, agrees] = [at(differing, cell), at(agreeing, cell)];
    if (one) reach(cell + width, cell, differs + one.weight, agrees);
    if (other) reach(cell + 1, cell, differs + other.weight, agrees);
    if (!one || !other) continue;
    const score = scoreOf(one, other);
    reach(cell + width + 1, cell, differs + score.all - score.agreeing, agrees + score.agreeing);
  }
  const last = cells - 1;
  const score = { agreeing: at(agreeing, last), all: at(agreeing, last) + at(differing, last) };
  return { pairs: pairsTo(last, width, origin), score };
}

function pairsTo(last: number, width: number, origin: Int32Array): readonly Pair[] {
  const pairs: Pair[] = [];
  for (let cell = last; cell > 0; cell = at(origin, cell)) {
    const step = cell - at(origin, cell);
    const [row, column] = [Math.floor(cell / width) - 1, (cell % width) - 1];
    pairs.push([step === 1 ? undefined : row, step === width ? undefined : column]);
  }
  return pairs.toReversed();
}

function at(numbers: Float64Array | Int32Array, index: number): number {
  return numbers[index] ?? 0;
}
