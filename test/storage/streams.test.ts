// Blobs that come and go in pieces: whole or not at all, and never all of one in memory.

import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import { directoryBlobStore } from '../../src/storage/directory.ts';

let directory: string;
let blobs: BlobStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-blobs-'));
  blobs = directoryBlobStore(directory);
});

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function textOf(content: AsyncIterable<Uint8Array> | null): Promise<string | null> {
  if (!content) return null;
  const all: Uint8Array[] = [];
  for await (const piece of content) all.push(piece);
  return Buffer.concat(all).toString();
}

const filesIn = () => readdirSync(directory, { recursive: true }).filter((name) => String(name).includes('.'));

test('comes back as it went in, as a whole and in ranges', async () => {
  expect(await blobs.write('file-one.content', pieces('Hello, ', 'world', '!'))).toBe(13);
  expect(await textOf(await blobs.read('file-one.content'))).toBe('Hello, world!');
  expect(await textOf(await blobs.read('file-one.content', { start: 7, end: 12 }))).toBe('world');
  expect(await textOf(await blobs.read('file-one.content', { start: 5, end: 5 }))).toBe('');
  expect(await textOf(await blobs.read('file-one.content', { start: 12, end: 99 }))).toBe('!');
});

test('one that is not there is null', async () => {
  expect(await blobs.read('file-none.content')).toBeNull();
});

test('an error of the content leaves nothing, and is the caller’s own', async () => {
  const error = new Error('The client went away.');
  const broken = (async function* () {
    yield Buffer.from('half');
    throw error;
  })();
  await expect(blobs.write('file-half.content', broken)).rejects.toBe(error);
  expect(await blobs.read('file-half.content')).toBeNull();
  expect(filesIn()).toEqual([]);
});

test('an error of the content keeps what was there', async () => {
  await blobs.write('file-one.content', pieces('old'));
  const broken = (async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('new');
    throw new Error('The client went away.');
  })();
  await expect(blobs.write('file-one.content', broken)).rejects.toThrow('went away');
  expect(await textOf(await blobs.read('file-one.content'))).toBe('old');
});

test('a second write replaces the first', async () => {
  await blobs.write('batch_one.end.json', pieces('first'));
  await blobs.write('batch_one.end.json', pieces('second, longer'));
  expect(await textOf(await blobs.read('batch_one.end.json'))).toBe('second, longer');
});

test('lists by prefix, and nothing that is still being written', async () => {
  await blobs.write('batch_b.start.json', pieces('b'));
  await blobs.write('batch_a.start.json', pieces('aa'));
  await blobs.write('file-one.content', pieces('x'));
  const listed = await blobs.list('batch_');
  expect(listed.map(({ key, bytes }) => [key, bytes])).toEqual([
    ['batch_a.start.json', 2],
    ['batch_b.start.json', 1],
  ]);
  expect(listed[0]?.modifiedMs).toBeGreaterThan(0);
  expect(await blobs.list('nothing-')).toEqual([]);
  await expect(blobs.list('ba')).rejects.toThrow('four letters');
});

test('200 MB go through in less than 64 MB of memory', async () => {
  const before = process.memoryUsage().rss;
  let most = before;
  const look = () => {
    most = Math.max(most, process.memoryUsage().rss);
  };
  // Bytes of its own each: of one piece again and again, a store might keep all.
  const large = (async function* () {
    for (let number = 0; number < 800; number++) {
      yield Buffer.alloc(256 * 1024, number);
      look();
    }
  })();
  expect(await blobs.write('file-large.content', large)).toBe(200 * 1024 * 1024);
  let bytes = 0;
  for await (const read of (await blobs.read('file-large.content')) ?? []) {
    bytes += read.length;
    look();
  }
  expect(bytes).toBe(200 * 1024 * 1024);
  expect(most - before).toBeLessThan(64 * 1024 * 1024);
});
