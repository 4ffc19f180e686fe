// Which files of a folder, or of a pattern, are documents.

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { findDocuments } from '../../src/documents/find-documents.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-find-'));
  await mkdir(join(folder, 'deeper'));
  await mkdir(join(folder, '.git'));
  for (const name of ['b.txt', 'a [1].pdf', 'deeper/c.md', '.DS_Store', '.git/config', 'odd.xyz']) {
    await writeFile(join(folder, name), 'text');
  }
  await symlink(folder, join(folder, 'deeper', 'loop'));
});

async function namesOf(pattern: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of findDocuments(pattern)) names.push(name);
  return names;
}

test('a folder has all that is in it, by name, and nothing hidden; a loop is not followed', async () => {
  expect(await namesOf(folder)).toEqual(['a [1].pdf', 'b.txt', 'deeper/c.md', 'odd.xyz']);
});

test('a file is itself, whatever characters its name has', async () => {
  expect(await namesOf(join(folder, 'b.txt'))).toEqual(['b.txt']);
  expect(await namesOf(join(folder, 'a [1].pdf'))).toEqual(['a [1].pdf']);
});

test('a pattern has what it matches', async () => {
  expect((await namesOf(join(folder, '**/*.{md,txt}'))).map((name) => name.slice(-4))).toEqual(['.txt', 'c.md']);
  expect(await namesOf(join(folder, '*.none'))).toEqual([]);
});

test('what is not there is an error', async () => {
  await expect(namesOf(join(folder, 'absent'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('what goes while a folder is read is left out', async () => {
  const shrinking = await mkdtemp(join(tmpdir(), 'holdfast-find-'));
  for (const name of ['a.txt', 'b.txt', 'c.txt']) await writeFile(join(shrinking, name), 'text');
  const names: string[] = [];
  for await (const { name } of findDocuments(shrinking)) {
    names.push(name);
    await rm(join(shrinking, 'b.txt'), { force: true });
  }
  expect(names).toEqual(['a.txt', 'c.txt']);
});

test('facts tell a file that has changed', async () => {
  for await (const found of findDocuments(join(folder, 'b.txt'))) {
    expect(found).toMatchObject({ path: join(folder, 'b.txt'), size: 4, modifiedAt: expect.any(Date) });
  }
});
