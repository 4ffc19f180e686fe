// What a schedule has analysed already: a document is new when its name or its version is.

import type { BlobStore } from '../../src/storage/blob-store.ts';
import { createHash } from 'node:crypto';

export async function readSeen(blobs: BlobStore, schedule: string): Promise<ReadonlyMap<string, string>> {
  const bytes = await blobs.get(key(schedule));
  return new Map(bytes ? (JSON.parse(Buffer.from(bytes).toString('utf8')) as [string, string][]) : []);
}

/** One analysis of a schedule runs at a time, so nobody else writes in between. */
export async function addSeen(
  blobs: BlobStore,
  schedule: string,
  versions: Iterable<readonly [name: string, version: string]>,
): Promise<void> {
  const seen = new Map(await readSeen(blobs, schedule));
  for (const [name, version] of versions) seen.set(name, version);
  await blobs.write(key(schedule), [Buffer.from(JSON.stringify([...seen]), 'utf8')]);
}

function key(schedule: string): string {
  return `seen-${createHash('sha256').update(schedule).digest('hex')}.json`;
}
