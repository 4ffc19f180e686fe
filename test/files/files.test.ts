// Files over a real directory: half of one is none, and leaves nothing behind.

import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { Files } from '../../src/domain/files.ts';
import { createFiles } from '../../src/files/files.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import { directoryBlobStore } from '../../src/storage/directory.ts';

let directory: string;
let blobs: BlobStore;
let files: Files;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-files-'));
  blobs = directoryBlobStore(directory);
  files = createFiles(blobs);
});

const kept = () =>
  readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [entry.name] : [],
  );

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

const facts = () => ({ purpose: 'batch', filename: 'a.jsonl', owner: null }) as const;

test('an error of the facts leaves nothing, and is the caller’s own', async () => {
  const error = new Error('This purpose is not welcome.');
  const refuse = () => {
    throw error;
  };
  await expect(files.create({ content: bytesOf('x'), facts: refuse })).rejects.toBe(error);
  expect(kept()).toEqual([]);
});

test('facts that cannot be written leave no content', async () => {
  const error = new Error('The disk is full.');
  const full: BlobStore = {
    ...blobs,
    write: (key, content) => (key.endsWith('.json') ? Promise.reject(error) : blobs.write(key, content)),
  };
  await expect(createFiles(full).create({ content: bytesOf('x'), facts })).rejects.toBe(error);
  expect(kept()).toEqual([]);
});

test('content whose facts were never written is no file', async () => {
  const { id } = await files.create({ content: bytesOf('x'), facts });
  await blobs.delete(`${id}.json`);
  expect(await files.find(id)).toBeNull();
  expect(await files.read(id)).toBeNull();
  expect(await files.list()).toEqual([]);
});

test('a deleted file leaves nothing', async () => {
  const { id } = await files.create({ content: bytesOf('x'), facts });
  await files.delete(id);
  expect(kept()).toEqual([]);
});

test('the same id again replaces the file', async () => {
  const { id } = await files.create({ content: bytesOf('one'), facts });
  await files.create({ content: bytesOf('second'), facts, id });
  expect((await files.list()).map(({ bytes }) => bytes)).toEqual([6]);
});

test('what is no id of a file leads to no blob', async () => {
  await blobs.write('batch_x.start.json', bytesOf('{}'));
  for (const id of ['batch_x.start', '../../etc/passwd', '']) {
    expect(await files.find(id)).toBeNull();
    expect(await files.read(id)).toBeNull();
    await files.delete(id);
  }
  expect(kept()).toEqual(['batch_x.start.json']);
});
