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

/** As many as the plot needs. */
export type Documents = readonly [Document, Document, Document, Document, Document, Document, Document, Document];

// The sources stand three folders, the compiled files four folders below the project.
const FOLDER = import.meta.url.endsWith('.ts') ? '../../../demo/documents/' : '../../../../demo/documents/';

export function readDocuments(): Documents {
  const folder = new URL(FOLDER, import.meta.url);
  const documents = textFiles(folder).map((file, index) => ({
    number: index + 1,
    name: file.slice(0, -SUFFIX.length),
    text: readFileSync(new URL(file, folder), 'utf8'),
  }));
  if (!areEnough(documents)) {
    throw new CommandError(`The demo needs 8 documents in ${fileURLToPath(folder)}, and has ${documents.length}.`);
  }
  return documents;
}

function areEnough(documents: readonly Document[]): documents is Documents {
  return documents.length >= 8;
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
