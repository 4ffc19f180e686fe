// `holdfast batch run`: reads documents, hands them over as one file, and follows the analysis. From then on it is the
// service's: this process may end.

import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { findDocuments } from '../documents/find-documents.ts';
import { readDocument, UnreadableDocument } from '../documents/read-document.ts';
import type { DocumentLine } from '../domain/analysis.ts';
import type { AnalysisOptions } from './analysis-options.ts';
import { analysisBody } from './analysis-options.ts';
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
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'));
  try {
    const path = join(folder, 'documents.jsonl');
    await pipeline(Readable.from(documentLines(patterns, view)), createWriteStream(path));
    const { id: inputFileId } = await client.upload({ path, filename: 'documents.jsonl', purpose: 'user_data' });
    const started = await client.startAnalysis({
      ...body,
      input_file_id: inputFileId,
      ...(at !== undefined && { at }),
    });
    if (detach) {
      view.stop();
      if (json) printJson(started);
      else printLine(started.id);
      return;
    }
    await endAnalysis(client, await followAnalysis(client, started, view), { out, csv, json });
  } finally {
    view.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function* documentLines(patterns: readonly string[], view: BatchView): AsyncGenerator<string> {
  const names = new Set<string>();
  for (const pattern of patterns) {
    for await (const { name, path } of found(pattern)) {
      // Of several arguments each is told apart by its own.
      const own = patterns.length > 1 && names.has(name) ? path : name;
      if (names.has(own)) continue;
      names.add(own);
      view.reading(names.size, own);
      yield `${JSON.stringify(await lineOf(own, path))}\n`;
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

/** One that cannot be read is a failed line, and holds up nothing. */
async function lineOf(name: string, path: string): Promise<DocumentLine> {
  try {
    return { name, text: await readDocument(path) };
  } catch (error) {
    if (!(error instanceof UnreadableDocument)) throw error;
    return { name, error: error.message };
  }
}
