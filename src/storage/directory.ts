// The blob store as a directory: one file a blob, sharded by the key's first letters. Several processes may share it.
// A file is there in full or not at all: it is written beside, synced, and renamed. Only its owner may read it.

import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobStore } from './blob-store.ts';
import { assertBlobKey } from './blob-store.ts';

export function directoryBlobStore(directory: string): BlobStore {
  return {
    async put(key, bytes) {
      const path = pathOf(directory, key);
      await named(`The blob ${key} could not be written`, async () => {
        if (!(await touch(path, bytes.length))) await writeWhole(path, bytes);
      });
    },
    async get(key) {
      const path = pathOf(directory, key);
      return named(`The blob ${key} could not be read`, () => orNull(readFile(path)));
    },
    async delete(key) {
      const path = pathOf(directory, key);
      await named(`The blob ${key} could not be deleted`, () => rm(path, { force: true }));
    },
  };
}

function pathOf(directory: string, key: string): string {
  assertBlobKey(key);
  return join(directory, key.slice(0, 2), key.slice(2, 4), key);
}

/** Whether the blob is there already; then it counts as new again for whoever clears out old ones. */
async function touch(path: string, length: number): Promise<boolean> {
  const found = await orNull(stat(path));
  if (found?.size !== length) return false;
  const now = new Date();
  return (await orNull(utimes(path, now, now).then(() => true))) ?? false;
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const shard = dirname(path);
  const firstNew = await mkdir(shard, { recursive: true, mode: 0o700 });
  // A dot first: no key looks like that.
  const temporary = join(shard, `.${randomUUID()}`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  // The names have to survive a crash too: the file's, and those of directories that were just made.
  await sync(shard);
  if (firstNew !== undefined) await syncUpTo(dirname(shard), dirname(firstNew));
}

async function syncUpTo(directory: string, last: string): Promise<void> {
  await sync(directory);
  if (directory.length > last.length) await syncUpTo(dirname(directory), last);
}

async function sync(directory: string): Promise<void> {
  // Windows can't open a directory, and keeps its names safe by itself.
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function orNull<T>(pending: Promise<T>): Promise<T | null> {
  try {
    return await pending;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

async function named<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${what}: ${reason}`, { cause: error });
  }
}
