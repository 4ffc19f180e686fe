// How long a way was down. The day is cut into slices; one with questions was down by the share of them that got no
// right answer, one without questions is as the one before it was. Pure.

import type { Asked } from './play.ts';

export interface Slice {
  /** Shares of the slice's questions, from 0 to 1. */
  readonly failed: number;
  readonly wrong: number;
}

export function slicesOf(
  asked: readonly Pick<Asked, 'atMs' | 'outcome'>[],
  { lengthMs, sliceMs }: { readonly lengthMs: number; readonly sliceMs: number },
): readonly Slice[] {
  const counts = Array.from({ length: Math.ceil(lengthMs / sliceMs) }, () => ({ asked: 0, failed: 0, wrong: 0 }));
  for (const { atMs, outcome } of asked) {
    const count = counts[Math.floor(atMs / sliceMs)];
    if (!count) continue;
    count.asked++;
    if (outcome === 'wrong') count.wrong++;
    else if (outcome !== 'right') count.failed++;
  }
  let before: Slice = { failed: 0, wrong: 0 };
  return counts.map((count) => {
    if (count.asked > 0) before = { failed: count.failed / count.asked, wrong: count.wrong / count.asked };
    return before;
  });
}

/** The share of the day, from 0 to 1. */
export function downtimeShare(slices: readonly Slice[]): number {
  return slices.reduce((sum, { failed, wrong }) => sum + failed + wrong, 0) / slices.length;
}
