// Files in the blob store: the content, and beside it what is known of it, written last: half a file is no file.

import { randomBytes } from 'node:crypto';
import type { Files, StoredFile } from '../domain/files.ts';
import { isFileId, newFileId } from '../domain/ids.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { readJson, writeJson } from './json-blobs.ts';

export function createFiles(blobs: BlobStore): Files {
  return {
    async create({ content, facts, id = newFileId({ nowMs: Date.now(), random: randomBytes(10) }) }) {
      const bytes = await blobs.write(contentKey(id), content);
      try {
        const file: StoredFile = { id, ...facts(), bytes, createdAt: new Date().toISOString() };
        await writeJson(blobs, factsKey(id), file);
        return file;
      } catch (error) {
        // Content that no list shows could never be deleted.
        await remove(blobs, id);
        throw error;
      }
    },
    find: (id) => find(blobs, id),
    async read(id, range) {
      // Only what has come in full.
      return (await find(blobs, id)) && blobs.read(contentKey(id), range);
    },
    async list() {
      const found = await blobs.list(PREFIX);
      const ids = found.flatMap(({ key }) => (key.endsWith(FACTS) ? [key.slice(0, -FACTS.length)] : []));
      const files: StoredFile[] = [];
      for (const id of ids.toSorted().toReversed()) {
        const file = await find(blobs, id);
        if (file) files.push(file);
      }
      return files;
    },
    async delete(id) {
      if (isFileId(id)) await remove(blobs, id);
    },
  };
}

/** The facts first: what is left of it if the process dies in between is no file. */
async function remove(blobs: BlobStore, id: string): Promise<void> {
  await blobs.delete(factsKey(id));
  await blobs.delete(contentKey(id));
}

async function find(blobs: BlobStore, id: string): Promise<StoredFile | null> {
  return isFileId(id) ? readJson<StoredFile>(blobs, factsKey(id)) : null;
}

const PREFIX = 'file-';
const FACTS = '.json';

function factsKey(id: string): string {
  return `${id}${FACTS}`;
}

function contentKey(id: string): string {
  return `${id}.content`;
}
