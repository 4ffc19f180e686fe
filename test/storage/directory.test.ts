// The blob store as a directory.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { directoryBlobStore } from '../../src/storage/directory.ts';

function emptyDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-blobs-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const filesIn = (directory: string) =>
  readdirSync(directory, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe('the directory store', () => {
  it.each([
    '',
    'abc',
    '../../etc/passwd',
    'ab/cd',
    '.hidden',
    'ABCD',
    'a\0bcd',
    'abcd\n',
    'a'.repeat(201),
  ])('refuses the key %j, which is no safe name', async (key) => {
    const directory = emptyDirectory();
    const blobs = directoryBlobStore(directory);
    await expect(blobs.put(key, Buffer.from('x'))).rejects.toThrow(RangeError);
    await expect(blobs.get(key)).rejects.toThrow(RangeError);
    await expect(blobs.delete(key)).rejects.toThrow(RangeError);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('says which blob it could not write, and why', async () => {
    const file = join(emptyDirectory(), 'file');
    writeFileSync(file, '');
    const blobs = directoryBlobStore(file);
    await expect(blobs.put('abcdef', Buffer.from('x'))).rejects.toThrow(
      /^The blob abcdef could not be written: ENOTDIR/,
    );
    await expect(blobs.get('abcdef')).rejects.toThrow(/^The blob abcdef could not be read: ENOTDIR/);
  });

  it('has no blob that was never put, and deletes none without complaint', async () => {
    const blobs = directoryBlobStore(join(emptyDirectory(), 'blobs'));
    expect(await blobs.get('abcdef')).toBeNull();
    await blobs.delete('abcdef');
  });

  it('gives back the bytes, also to another process, until they are deleted', async () => {
    const directory = join(emptyDirectory(), 'not', 'there', 'yet');
    const bytes = randomBytes(1_000_000);
    await directoryBlobStore(directory).put('abcdef', bytes);
    const other = directoryBlobStore(directory);
    expect(bytes.equals((await other.get('abcdef')) ?? Buffer.alloc(0))).toBe(true);
    await other.delete('abcdef');
    expect(await other.get('abcdef')).toBeNull();
  });

  it('keeps an empty blob', async () => {
    const blobs = directoryBlobStore(emptyDirectory());
    await blobs.put('abcdef', new Uint8Array());
    expect(await blobs.get('abcdef')).toHaveLength(0);
  });

  it('shards by the first letters, and lets only its owner read', async () => {
    const directory = emptyDirectory();
    await directoryBlobStore(directory).put('abcdef', Buffer.from('x'));
    expect(filesIn(directory)).toEqual([join(directory, 'ab', 'cd', 'abcdef')]);
    expect(statSync(join(directory, 'ab', 'cd', 'abcdef')).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'ab')).mode & 0o777).toBe(0o700);
  });

  it('leaves one whole file when many put the same key at once', async () => {
    const directory = emptyDirectory();
    const bytes = randomBytes(200_000);
    await Promise.all(Array.from({ length: 20 }, () => directoryBlobStore(directory).put('abcdef', bytes)));
    expect(filesIn(directory)).toEqual([join(directory, 'ab', 'cd', 'abcdef')]);
    expect(bytes.equals((await directoryBlobStore(directory).get('abcdef')) ?? Buffer.alloc(0))).toBe(true);
  });

  it('does not write a blob that is there again, but counts it as new', async () => {
    const directory = emptyDirectory();
    const blobs = directoryBlobStore(directory);
    const path = join(directory, 'ab', 'cd', 'abcdef');
    await blobs.put('abcdef', Buffer.from('x'));
    const { ino } = statSync(path);
    utimesSync(path, 1, 1);
    await blobs.put('abcdef', Buffer.from('x'));
    expect(statSync(path).ino).toBe(ino);
    expect(statSync(path).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
  });

  it('replaces a file of another length: something has damaged it', async () => {
    const directory = emptyDirectory();
    const blobs = directoryBlobStore(directory);
    await blobs.put('abcdef', Buffer.from('whole'));
    writeFileSync(join(directory, 'ab', 'cd', 'abcdef'), 'who');
    await blobs.put('abcdef', Buffer.from('whole'));
    expect(String(await blobs.get('abcdef'))).toBe('whole');
  });
});
