// A set of lines of a batch's file, by number from 0: as ranges, since what belongs together mostly lies together. Pure.

/** Ascending ranges that neither overlap nor touch; the end of each is not in it. */
export type LineSet = readonly (readonly [from: number, to: number])[];

export function lineCount(lines: LineSet): number {
  return lines.reduce((count, [from, to]) => count + to - from, 0);
}

export function hasLine(lines: LineSet, line: number): boolean {
  return lines.some(([from, to]) => line >= from && line < to);
}

export function* eachLine(lines: LineSet): Generator<number> {
  for (const [from, to] of lines) for (let line = from; line < to; line++) yield line;
}

/** Of numbers in any order; each once. */
export function lineSetOf(numbers: Iterable<number>): LineSet {
  const ranges: [number, number][] = [];
  let last: [number, number] | undefined;
  for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
    if (last && number === last[1]) last[1] = number + 1;
    else ranges.push((last = [number, number + 1]));
  }
  return ranges;
}

export function mergeLines(...sets: readonly LineSet[]): LineSet {
  const ranges: [number, number][] = [];
  let last: [number, number] | undefined;
  for (const [from, to] of sets.flat().sort(([a], [b]) => a - b)) {
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else ranges.push((last = [from, to]));
  }
  return ranges;
}
