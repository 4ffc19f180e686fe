// The elements of several lists, side by side.

import { scoreOf } from './compare-json.ts';
import type { Column } from './field-vote.ts';
import type { Field } from './json-fields.ts';
import type { Elements } from './list-alignment.ts';
import { aligned } from './list-alignment.ts';

/**
 * One column for each element that any list has. All are aligned to the list that ranks first; what others have between
 * two of its elements is put side by side in the same way.
 *
 * @param ranked indices into `lists`, the one to align to first
 */
export function columnsOf(lists: readonly (Elements | undefined)[], ranked: readonly number[]): readonly Column[] {
  const first = ranked.find((index) => (lists[index]?.elements.length ?? 0) > 0);
  const reference = first === undefined ? undefined : lists[first];
  if (!reference) return [];
  const fits = lists.map((list) => (list ? fitTo(reference, list) : undefined));
  const columns: Column[] = [];
  for (let place = 0; place <= reference.elements.length; place++) {
    const between = fits.map((fit) => fit?.before.get(place));
    for (const column of columnsOf(between, ranked)) columns.push(column);
    if (place < reference.elements.length) columns.push(fits.map((fit) => fit?.matched[place]));
  }
  return columns;
}

export interface Fit {
  /** By index of the reference's element; undefined: it has none that belongs to it. */
  readonly matched: Column;
  /** What it has beyond, by index of the reference's element that comes after. */
  readonly before: ReadonlyMap<number, Elements>;
}

export function fitTo(reference: Elements, list: Elements): Fit {
  const matched: (Field | undefined)[] = reference.elements.map(() => undefined);
  const runs = new Map<number, Field[]>();
  let place = 0;
  for (const [at, own] of aligned(reference, list, scoreOf).pairs) {
    const element = own === undefined ? undefined : list.elements[own];
    if (at !== undefined) {
      matched[at] = element;
      place = at + 1;
    } else if (element) {
      const run = runs.get(place);
      if (run) run.push(element);
      else runs.set(place, [element]);
    }
  }
  const { isNested } = list;
  return { matched, before: new Map([...runs].map(([at, elements]) => [at, { elements, isNested }])) };
}
