// What each activity of a provider's batch has come to, beside Temporal: whoever does it again, after a crash, a reset or a
// second start of the same batch, takes that, and pays for nothing twice.

import { createHash } from 'node:crypto';
import type { LineSet } from '../../src/domain/line-set.ts';
import type { Target } from '../../src/domain/target.ts';
import { targetName } from '../../src/domain/target.ts';
import type { BatchDeps } from './batch-deps.ts';

/** Other lines, or another target, are another batch. */
export function keyOf(step: { readonly name: string; readonly target: Target; readonly lines: LineSet }): string {
  const what = JSON.stringify([targetName(step.target), step.lines]);
  return `${step.name}.${createHash('sha256').update(what).digest('hex').slice(0, 12)}`;
}

/** Does it, unless it has been done. */
export async function once<T>(deps: Blobs, part: StepPart, work: () => Promise<T>): Promise<T> {
  const known = await readPart<T>(deps, part);
  if (known !== null) return known;
  const result = await work();
  await writePart(deps, part, result);
  return result;
}

/** Null when it has not been done. The caller vouches for the type: it has written it. */
export async function readPart<T>({ blobs }: Blobs, part: StepPart): Promise<T | null> {
  const bytes = await blobs.get(blobKey(part));
  return bytes && (JSON.parse(Buffer.from(bytes).toString('utf8')) as T);
}

export async function writePart({ blobs }: Blobs, part: StepPart, value: unknown): Promise<void> {
  await blobs.write(blobKey(part), [Buffer.from(JSON.stringify(value), 'utf8')]);
}

type Blobs = Pick<BatchDeps, 'blobs'>;

interface StepPart {
  readonly key: string;
  readonly part: 'uploaded' | 'asked' | 'created' | 'collected';
}

function blobKey({ key, part }: StepPart): string {
  return `${key}.${part}.json`;
}
