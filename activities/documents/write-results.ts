// Puts the results into a folder of this machine: written beside, then renamed, so that whoever looks finds all or nothing.

import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ApplicationFailure } from '@temporalio/activity';
import { csvRows } from '../../src/documents/results-csv.ts';
import { analysisKey } from '../../src/domain/ids.ts';
import type { Files } from '../../src/domain/files.ts';
import { textLines } from '../batch/text-lines.ts';
import type { DocumentDeps } from './document-deps.ts';
import { folderFault } from './folders.ts';

export async function writeResults(
  { files, documentFolders }: DocumentDeps,
  results: {
    readonly folder: string;
    readonly csv: boolean;
    readonly analysisId: string;
    readonly fileId: string;
  },
): Promise<void> {
  const { folder, csv, analysisId, fileId } = results;
  const fault = await folderFault(folder, documentFolders);
  // Mended in the configuration, the next attempt succeeds.
  if (fault) throw ApplicationFailure.retryable(fault, 'FolderNotAllowed');
  const path = join(folder, analysisKey(analysisId));
  await writeWhole(`${path}.jsonl`, contentOf(files, fileId));
  if (csv)
    await writeWhole(
      `${path}.csv`,
      csvRows(() => linesOf(files, fileId)),
    );
}

async function writeWhole(
  path: string,
  content: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array>,
): Promise<void> {
  const beside = `${path}.part`;
  const file = await open(beside, 'w');
  await pipeline(content, file.createWriteStream());
  await rename(beside, path);
}

async function* contentOf(files: Files, fileId: string): AsyncGenerator<Uint8Array> {
  const content = await files.read(fileId);
  if (!content) throw new Error(`The file ${fileId} is gone.`);
  yield* content;
}

function linesOf(files: Files, fileId: string): AsyncIterable<string> {
  return textLines(contentOf(files, fileId));
}
