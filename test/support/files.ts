// Files as the service keeps them, in a directory of their own.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Files } from '../../src/domain/files.ts';
import { createFiles } from '../../src/files/files.ts';
import { directoryBlobStore } from '../../src/storage/directory.ts';

export function filesInDirectory(directory = mkdtempSync(join(tmpdir(), 'holdfast-files-'))): Files {
  return createFiles(directoryBlobStore(directory));
}
