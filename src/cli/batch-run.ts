// `holdfast batch run`: reads documents, hands them over as one file, and follows the analysis. From then on it is the
// service's: this process may end.

import { createWriteStream, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { documentLines } from '../documents/document-lines.ts';
import type { FoundDocument } from '../documents/find-documents.ts';
import { findDocuments } from '../documents/find-documents.ts';
import type { AnalysisOptions } from './analysis-options.ts';
import { analysisBody } from './analysis-options.ts';
import type { ApiClient } from './api-client.ts';
import { connect } from './api-client.ts';
import { createBatchView, silentBatchView } from './batch-view.ts';
import type { BatchView } from './batch-view.ts';
import { endAnalysis, followAnalysis } from './follow-analysis.ts';
import { CommandError, printJson, printLine } from './output.ts';

export interface BatchRunOptions extends AnalysisOptions {
  readonly at?: string;
  readonly out: string;
  readonly detach: boolean;
}

export async function batchRun(patterns: readonly string[], options: BatchRunOptions): Promise<void> {
  const { at, out, csv, detach, json } = options;
  const body = await analysisBody(options);
  const client = connect();
  const view = json ? silentBatchView : createBatchView();
  try {
    const inputFileId = await upload(client, documentsOf(patterns, view));
    const started = await client.startAnalysis({
      ...body,
      input_file_id: inputFileId,
      ...(at !== undefined && { at }),
    });
    if (!detach) return await endAnalysis(client, await followAnalysis(client, started, view), { out, csv, json });
    view.stop();
    if (json) printJson(started);
    else printLine(started.id);
  } finally {
    view.stop();
  }
}

/** By way of a file, so that no more than one document is in memory; it goes whatever happens. */
async function upload(client: ApiClient, documents: AsyncIterable<FoundDocument>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'));
  const onInterrupt = () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  process.on('SIGINT', onInterrupt);
  try {
    const path = join(folder, 'documents.jsonl');
    await pipeline(Readable.from(jsonLines(documents)), createWriteStream(path));
    return (await client.upload({ path, filename: 'documents.jsonl', purpose: 'user_data' })).id;
  } finally {
    process.off('SIGINT', onInterrupt);
    await rm(folder, { recursive: true, force: true });
  }
}

async function* jsonLines(documents: AsyncIterable<FoundDocument>): AsyncGenerator<string> {
  for await (const { line } of documentLines(documents)) yield `${JSON.stringify(line)}\n`;
}

/** Each once, under a name of its own. */
async function* documentsOf(patterns: readonly string[], view: BatchView): AsyncGenerator<FoundDocument> {
  const names = new Set<string>();
  const paths = new Set<string>();
  for (const pattern of patterns) {
    for await (const document of found(pattern)) {
      if (paths.has(document.path)) continue;
      paths.add(document.path);
      const name = names.has(document.name) ? document.path : document.name;
      names.add(name);
      view.reading(names.size, name);
      yield { ...document, name };
    }
  }
  if (names.size === 0) throw new CommandError('There are no documents there.');
}

async function* found(pattern: string): ReturnType<typeof findDocuments> {
  try {
    yield* findDocuments(pattern);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new CommandError(`Cannot read ${pattern} (${code}).`, { cause: error });
  }
}
