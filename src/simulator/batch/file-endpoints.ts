// The files of OpenAI and Mistral: sent as a form, listed, read and removed; results of batches are files too.

import type { Json } from '../wires/wire.ts';
import type { BatchReply, BatchRequest, BatchRoute } from './batch-wire.ts';
import { sizeOf } from './batch-wire.ts';
import { newId, type SentFile } from './desk.ts';
import { readForm } from './multipart.ts';

export interface FileDialect {
  readonly prefix: string;
  readonly show: (file: ShownFile) => Json;
  readonly missing: (message: string) => BatchReply;
  /** Null: no batch has such a file. */
  readonly resultFile: (request: BatchRequest, id: string) => ResultFile | null;
}

export interface ShownFile {
  readonly id: string;
  readonly name: string;
  readonly purpose: string;
  readonly createdAtMs: number;
  readonly bytes: number;
  readonly isResult: boolean;
  readonly isOutput: boolean;
}

export interface ResultFile {
  readonly name: string;
  readonly createdAtMs: number;
  /** Otherwise of errors. */
  readonly isOutput: boolean;
  readonly lines: () => AsyncIterable<string>;
}

export function fileRoute(request: BatchRequest, dialect: FileDialect): BatchRoute | null {
  const { method, path } = request;
  const [, id, content] = /^v1\/files(?:\/([^/]+)(\/content)?)?$/.exec(path) ?? [];
  if (path === 'v1/files') {
    if (method === 'POST') return { call: 'upload', answer: () => upload(request, dialect) };
    return method === 'GET' ? { call: 'list', answer: () => list(request, dialect) } : null;
  }
  if (!id) return null;
  if (method === 'DELETE' && !content) return { call: 'remove', answer: () => remove(request, dialect, id) };
  if (method !== 'GET') return null;
  return content
    ? { call: 'results', answer: () => read(request, dialect, id) }
    : { call: 'look', answer: () => retrieve(request, dialect, id) };
}

async function upload({ request, desk, owner }: BatchRequest, { prefix, show, missing }: FileDialect) {
  const content = desk.spool.open();
  const form = await readForm({
    contentType: request.headers['content-type'] ?? '',
    source: request,
    save: (chunks) => content.append(chunks),
  });
  if (!form?.file) return { ...missing("'file' is a required property"), status: 400 };
  const { name } = form.file;
  const file = desk.keep({ ...owner, id: newId(prefix), name, purpose: form.fields['purpose'] ?? '', content });
  return { json: show(shownOf(file)) };
}

function list({ desk, owner }: BatchRequest, { show }: FileDialect): BatchReply {
  const data = desk.files(owner).map((file) => show(shownOf(file)));
  return { json: { object: 'list', data, total: data.length, has_more: false } };
}

async function retrieve(request: BatchRequest, dialect: FileDialect, id: string): Promise<BatchReply> {
  const { desk, owner } = request;
  const sent = desk.file(owner, id);
  if (sent) return { json: dialect.show(shownOf(sent)) };
  const result = resultOf(request, dialect, id);
  if (!result) return unknown(dialect, id);
  const { name, createdAtMs, isOutput } = result;
  const bytes = await sizeOf(result.lines());
  return { json: dialect.show({ id, name, createdAtMs, isOutput, purpose: 'batch', bytes, isResult: true }) };
}

function read(request: BatchRequest, dialect: FileDialect, id: string): BatchReply {
  const chunks = request.desk.file(request.owner, id)?.content.chunks() ?? resultOf(request, dialect, id)?.lines();
  return chunks ? { chunks, contentType: 'application/octet-stream' } : unknown(dialect, id);
}

function remove(request: BatchRequest, dialect: FileDialect, id: string): BatchReply {
  const { desk, owner } = request;
  const file = desk.file(owner, id);
  if (!file && !resultOf(request, dialect, id)) return unknown(dialect, id);
  if (file) desk.removeFile(file);
  else desk.removeResult(id);
  return { json: { id, object: 'file', deleted: true } };
}

function resultOf(request: BatchRequest, { resultFile }: FileDialect, id: string): ResultFile | null {
  return request.desk.isRemoved(id) ? null : resultFile(request, id);
}

function unknown(dialect: FileDialect, id: string): BatchReply {
  return dialect.missing(`No such File object: ${id}`);
}

function shownOf({ id, name, purpose, createdAtMs, content }: SentFile): ShownFile {
  return { id, name, purpose, createdAtMs, bytes: content.bytes, isResult: false, isOutput: false };
}
