// The documents that the demo has summarised: texts that ship with the project. Reads them, nothing else.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CommandError } from '../output.ts';

export interface Document {
  /** From 1, in the order of the file names. */
  readonly number: number;
  readonly name: string;
  readonly text: string;
}

// The sources stand three folders, the compiled files four folders below the project.
const FOLDER = import.meta.url.endsWith('.ts') ? '../../../demo/documents/' : '../../../../demo/documents/';

export function readDocuments(count: number): readonly Document[] {
  const folder = new URL(FOLDER, import.meta.url);
  const files = textFiles(folder).slice(0, count);
  if (files.length < count) {
    throw new CommandError(
      `The demo needs ${count} text files in ${fileURLToPath(folder)}, and ${files.length} are there.`,
    );
  }
  return files.map((file, index) => ({
    number: index + 1,
    name: file.slice(0, -SUFFIX.length),
    text: readFileSync(new URL(file, folder), 'utf8'),
  }));
}

const SUFFIX = '.txt';

function textFiles(folder: URL): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(SUFFIX))
      .sort();
  } catch (error) {
    throw new CommandError(`The demo's documents can't be read: ${(error as Error).message}`, { cause: error });
  }
}
