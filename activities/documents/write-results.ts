// Puts the results into a folder of this machine: written beside, then renamed, so that whoever looks finds all or nothing.

import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ApplicationFailure } from '@temporalio/activity';
import { csvRows } from '../../src/documents/results-csv.ts';
import { analysisKey } from '../../src/domain/ids.ts';
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
    readonly schema: unknown;
  },
): Promise<void> {
  const { folder, csv, analysisId, fileId, schema } = results;
  const fault = await folderFault(folder, documentFolders);
  // Mended in the configuration, the next attempt succeeds.
  if (fault) throw ApplicationFailure.retryable(fault, 'FolderNotAllowed');
  const path = join(folder, analysisKey(analysisId));
  const content = async () => (await files.read(fileId)) ?? nothing();
  await writeWhole(`${path}.jsonl`, await content());
  if (csv) await writeWhole(`${path}.csv`, csvRows(textLines(await content()), schema));
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

async function* nothing(): AsyncGenerator<Uint8Array> {}
