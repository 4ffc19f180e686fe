// Small JSON documents as blobs.

import type { BlobKey, BlobStore } from '../storage/blob-store.ts';

/** Replaces what was there. */
export async function writeJson(blobs: BlobStore, key: BlobKey, value: unknown): Promise<void> {
  await blobs.write(key, [Buffer.from(JSON.stringify(value), 'utf8')]);
}

/** Null when there is no such blob. The caller vouches for the type: it has written it. */
export async function readJson<T>(blobs: BlobStore, key: BlobKey): Promise<T | null> {
  const bytes = await blobs.get(key);
  return bytes && (JSON.parse(Buffer.from(bytes).toString('utf8')) as T);
}
