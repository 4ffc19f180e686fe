// The activity `readDocuments`: makes one file of all documents, or checks the one that a client has made, and notes where
// each begins. Done again, it reads what is there then; what came before is replaced.

import { createHash } from 'node:crypto';
import { resolve, sep } from 'node:path';
import { Context } from '@temporalio/activity';
import type { AnalysisFault, AnalysisInput, DocumentLine, DocumentsRead } from '../../src/domain/analysis.ts';
import { analysisKey } from '../../src/domain/ids.ts';
import { isRecord, parseJson } from '../../src/domain/json-value.ts';
import { msUntil } from '../../src/clock-time.ts';
import type { FoundDocument } from '../../src/documents/find-documents.ts';
import { findDocuments } from '../../src/documents/find-documents.ts';
import { documentLines } from '../../src/documents/document-lines.ts';
import { indexKey, inPieces } from '../batch/lines.ts';
import { lineGroups, NotUtf8 } from '../batch/text-lines.ts';
import type { DocumentDeps } from './document-deps.ts';
import { folderFault } from './folders.ts';
import { readSeen } from './seen.ts';

export interface ReadDocumentsInput extends Pick<AnalysisInput, 'source' | 'deadline' | 'output' | 'owner'> {
  readonly analysisId: string;
}

export async function readDocuments(deps: DocumentDeps, input: ReadDocumentsInput): Promise<DocumentsRead> {
  const { source, deadline } = input;
  const deadlineMs =
    deadline.type === 'duration'
      ? deadline.ms
      : msUntil(deadline.time, { timezone: deadline.timezone, nowMs: Date.now() });
  const fileId = source.type === 'file' ? source.fileId : await fileOfFolder(deps, input);
  if (typeof fileId !== 'string') return { fault: fileId };
  const counted = await index(deps, { analysisId: input.analysisId, fileId });
  return 'code' in counted ? { fault: counted } : { fileId, ...counted, deadlineMs };
}

async function fileOfFolder(deps: DocumentDeps, input: ReadDocumentsInput): Promise<string | AnalysisFault> {
  const { source, analysisId, owner } = input;
  if (source.type !== 'folder') throw new TypeError('The source is no folder.');
  const fault = await folderFault(source.folder, deps.documentFolders);
  if (fault) return { code: 'folder_not_allowed', message: fault };
  const seen = source.newFor === null ? null : await readSeen(deps.blobs, source.newFor);
  const id = `file-${createHash('sha256').update(analysisId).digest('hex')}docs`;
  try {
    await deps.files.create({
      id,
      content: inPieces(linesOf({ folder: source.folder, leftOut: input.output?.folder ?? null, seen })),
      facts: () => ({ purpose: 'user_data', filename: `${analysisId}_documents.jsonl`, owner }),
    });
  } catch (error) {
    if (!isMissing(error)) throw error;
    return { code: 'folder_not_found', message: `The folder ${source.folder} is not there, or cannot be read.` };
  }
  return id;
}

async function* linesOf(from: {
  readonly folder: string;
  /** Results of the nights before are no documents. */
  readonly leftOut: string | null;
  readonly seen: ReadonlyMap<string, string> | null;
}): AsyncGenerator<string> {
  const { folder, leftOut, seen } = from;
  for await (const { found, line } of documentLines(newOnes(folder, { leftOut, seen }))) {
    yield JSON.stringify({ ...line, version: versionOf(found) } satisfies DocumentLine);
  }
}

async function* newOnes(
  folder: string,
  { leftOut, seen }: { readonly leftOut: string | null; readonly seen: ReadonlyMap<string, string> | null },
): AsyncGenerator<FoundDocument> {
  const { cancellationSignal } = Context.current();
  for await (const found of findDocuments(folder)) {
    cancellationSignal.throwIfAborted();
    Context.current().heartbeat(found.name);
    if (leftOut !== null && found.path.startsWith(`${resolve(leftOut)}${sep}`)) continue;
    if (seen?.get(found.name) !== versionOf(found)) yield found;
  }
}

function versionOf({ size, modifiedAt }: FoundDocument): string {
  return `${size}.${modifiedAt.getTime()}`;
}

/** Where each line begins; a line that is no document makes the whole file invalid. */
async function index(
  { files, blobs }: DocumentDeps,
  { analysisId, fileId }: { readonly analysisId: string; readonly fileId: string },
): Promise<{ readonly documents: number; readonly unreadable: number } | AnalysisFault> {
  const content = await files.read(fileId);
  if (!content) return { code: 'file_not_found', message: `There is no file ${fileId}.` };
  const begins: number[] = [];
  const names = new Set<string>();
  let at = 0;
  let unreadable = 0;
  const add = (text: string): AnalysisFault | null => {
    begins.push(at);
    at += Buffer.byteLength(text) + 1;
    const document = documentOf(text);
    if (!document)
      return invalid(`Line ${begins.length} of the file is no JSON object with a name, and a text or an error.`);
    if (names.has(document.name)) return invalid(`Line ${begins.length} of the file has the name of an earlier one.`);
    names.add(document.name);
    if ('error' in document) unreadable += 1;
    return null;
  };
  try {
    for await (const texts of lineGroups(content, { strict: true })) {
      Context.current().heartbeat();
      for (const text of texts) {
        const fault = add(text);
        if (fault) return fault;
      }
    }
  } catch (error) {
    if (error instanceof NotUtf8) return invalid(error.message);
    throw error;
  }
  await blobs.write(indexKey(analysisKey(analysisId)), [new Uint8Array(Float64Array.from([...begins, at]).buffer)]);
  return { documents: begins.length, unreadable };
}

function invalid(message: string): AnalysisFault {
  return { code: 'invalid_document', message };
}

export function documentOf(text: string): DocumentLine | null {
  const value = parseJson(text);
  if (!isRecord(value)) return null;
  const { name, text: content, error, version } = value;
  if (typeof name !== 'string' || name === '') return null;
  const facts = { name, ...(typeof version === 'string' && { version }) };
  if (typeof content === 'string') return { ...facts, text: content };
  return typeof error === 'string' ? { ...facts, error } : null;
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES';
}
