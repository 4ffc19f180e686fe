// The blob store as a directory: one file a blob, sharded by the key's first letters. Several processes may share it.
// A file is there in full or not at all: it is written beside, synced, and renamed. Only its owner may read it.

import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobStore, ByteRange, StoredBlob } from './blob-store.ts';
import { assertBlobKey } from './blob-store.ts';

export function directoryBlobStore(directory: string): BlobStore {
  return {
    async put(key, bytes) {
      const path = pathOf(directory, key);
      await named(`The blob ${key} could not be written`, async () => {
        if (!(await touch(path, bytes.length))) await writeBeside(path, (file) => file.writeFile(bytes));
      });
    },
    async get(key) {
      const path = pathOf(directory, key);
      return named(`The blob ${key} could not be read`, () => orNull(readFile(path)));
    },
    async write(key, content) {
      const path = pathOf(directory, key);
      let count = 0;
      // An error of the content is its caller's own, and stays as it is.
      await writeBeside(path, async (file) => {
        for await (const together of gathered(content)) {
          await file.writeFile(together);
          count += together.length;
        }
      });
      return count;
    },
    async read(key, range) {
      const path = pathOf(directory, key);
      const found = await named(`The blob ${key} could not be read`, () => orNull(stat(path)));
      return found && pieces(path, range ?? { start: 0, end: found.size });
    },
    async list(prefix) {
      if (prefix.length < 4) throw new RangeError('A prefix of fewer than four letters was listed.');
      const shard = join(directory, prefix.slice(0, 2), prefix.slice(2, 4));
      const names = (await named(`The blobs ${prefix}* could not be listed`, () => orNull(readdir(shard)))) ?? [];
      const wanted = names.filter((name) => name.startsWith(prefix)).sort();
      const found: StoredBlob[] = [];
      for (const key of wanted) {
        const known = await orNull(stat(join(shard, key)));
        if (known) found.push({ key, bytes: known.size, modifiedMs: known.mtimeMs });
      }
      return found;
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

async function writeBeside(path: string, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const shard = dirname(path);
  const firstNew = await mkdir(shard, { recursive: true, mode: 0o700 });
  // A dot first: no key looks like that.
  const temporary = join(shard, `.${randomUUID()}`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await fill(file);
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

/** Pieces together: a write costs as much as the copy of many of them. */
async function* gathered(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of content) {
    held.push(piece);
    bytes += piece.length;
    if (bytes < GATHERED_BYTES) continue;
    yield Buffer.concat(held);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(held);
}

const GATHERED_BYTES = 512 * 1024;

/** Opened when the first piece is wanted, and closed whenever nobody wants another. */
async function* pieces(path: string, range: ByteRange): AsyncGenerator<Uint8Array> {
  if (range.end <= range.start) return;
  yield* createReadStream(path, { start: range.start, end: range.end - 1, highWaterMark: PIECE_BYTES });
}

/** Below what V8 allocates apart from the rest, which costs several times as much. */
const PIECE_BYTES = 112 * 1024;

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
