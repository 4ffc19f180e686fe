// A file that the caller may see; one of somebody else's is not there.

import type { Files, StoredFile } from '../domain/files.ts';
import type { Caller } from './auth.ts';
import { maySee } from './auth.ts';
import { ApiError } from './errors.ts';

async function findOwnFile(files: Files, id: string, caller: Caller): Promise<StoredFile | null> {
  const file = await files.find(id);
  return file && maySee(caller, file.owner) ? file : null;
}

export async function readOwnFile(files: Files, id: string, caller: Caller): Promise<StoredFile> {
  const file = await findOwnFile(files, id, caller);
  if (!file) throw fileNotFound(id);
  return file;
}

export function fileNotFound(id: string): ApiError {
  return new ApiError({ code: 'file_not_found', message: `There is no file ${JSON.stringify(id)}.`, param: 'id' });
}
