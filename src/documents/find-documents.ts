// Finds documents: a file, a folder with all that is in it, or what a pattern matches.

import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { glob } from 'tinyglobby';

export interface FoundDocument {
  /** Relative to the folder, with `/`: unique. */
  readonly name: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly modifiedAt: Date;
}

/** By name; hidden files are left out. Throws the file system's error when there is no such file or folder. */
export async function* findDocuments(pattern: string): AsyncGenerator<FoundDocument> {
  const facts = await stat(pattern).catch((error: unknown) => {
    // A name may look like a pattern, so what is there counts first.
    if (isPattern(pattern)) return null;
    throw error;
  });
  if (facts?.isFile()) {
    yield { name: basename(pattern), path: resolve(pattern), size: facts.size, modifiedAt: facts.mtime };
    return;
  }
  const cwd = facts ? resolve(pattern) : process.cwd();
  const names = await glob(facts ? '**' : pattern, { cwd, onlyFiles: true, followSymbolicLinks: false });
  for (const name of names.toSorted()) {
    const path = resolve(cwd, name);
    const found = await stat(path).catch(nullIfMissing);
    // It may have gone since the folder was listed: reading takes hours.
    if (found) yield { name, path, size: found.size, modifiedAt: found.mtime };
  }
}

function nullIfMissing(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
  throw error;
}

function isPattern(text: string): boolean {
  return /[*?{}[\]]/.test(text);
}
