// Gemini's files: sent in pieces to an address that the start of the upload gives out, and read under another path.
// https://ai.google.dev/api/files

import { objectOf, stringOf } from '../wires/read-json.ts';
import type { Json } from '../wires/wire.ts';
import type { BatchReply, BatchRequest, BatchRoute } from './batch-wire.ts';
import { bodyOf, sizeOf } from './batch-wire.ts';
import { newId, type SentFile } from './desk.ts';
import { resultsFile } from './google-results.ts';

const LIFE_MS = 48 * 60 * 60 * 1_000;

export function googleFileRoute(request: BatchRequest): BatchRoute | null {
  const { method, path } = request;
  if (path === 'upload/v1beta/files' && method === 'POST') return { call: 'upload', answer: () => upload(request) };
  if (path === 'v1beta/files' && method === 'GET') return { call: 'list', answer: () => list(request) };
  const [, id, verb] = /^(?:download\/)?v1beta\/files\/([^/:]+)(:download)?$/.exec(path) ?? [];
  if (!id) return null;
  const name = `files/${id}`;
  if (method === 'DELETE') return { call: 'remove', answer: () => remove(request, name) };
  if (method !== 'GET') return null;
  return verb
    ? { call: 'results', answer: () => download(request, name) }
    : { call: 'look', answer: () => retrieve(request, name) };
}

export function problem(code: number, status: string, message: string): BatchReply {
  return { status: code, json: { error: { code, message, status } } };
}

/** The start is answered with an address, and the pieces that come to it are put one behind the other. */
async function upload(request: BatchRequest): Promise<BatchReply> {
  const { desk, owner, query, base } = request;
  const { headers } = request.request;
  const command = String(headers['x-goog-upload-command'] ?? '');
  const id = query.get('upload_id');
  if (id === null) {
    if (command !== 'start') return problem(400, 'INVALID_ARGUMENT', 'Only resumable uploads are simulated.');
    const file = objectOf((await bodyOf(request))['file']);
    const uploadId = desk.startUpload({
      name: stringOf(file['name']) || newId('files/'),
      displayName: stringOf(file['displayName']),
    });
    const url = `${base}/upload/v1beta/files?upload_id=${uploadId}&upload_protocol=resumable`;
    return { headers: { 'x-goog-upload-url': url, 'x-goog-upload-status': 'active' }, json: '' };
  }
  const started = desk.upload(id);
  if (!started) return problem(404, 'NOT_FOUND', 'There is no such upload.');
  const offset = Number(headers['x-goog-upload-offset'] ?? 0);
  if (offset !== started.content.bytes)
    return problem(400, 'INVALID_ARGUMENT', 'The offset is not where the upload is.');
  await started.content.append(request.request);
  if (!command.includes('finalize')) return { headers: { 'x-goog-upload-status': 'active' }, json: '' };
  const { content, name, displayName } = started;
  const file = desk.keep({ ...owner, id: name, name: displayName, purpose: 'batch', content });
  desk.endUpload(id);
  return { headers: { 'x-goog-upload-status': 'final' }, json: { file: show(request, file) } };
}

function list(request: BatchRequest): BatchReply {
  const files = request.desk.files(request.owner).map((file) => show(request, file));
  return { json: { files } };
}

async function retrieve(request: BatchRequest, name: string): Promise<BatchReply> {
  const { desk, owner, base } = request;
  const sent = desk.file(owner, name);
  if (sent) return { json: show(request, sent) };
  const results = resultsFile(desk, owner, name);
  if (!results) return absent(name);
  const sizeBytes = String(await sizeOf(results));
  return { json: { name, mimeType: 'application/jsonl', sizeBytes, ...common(base, name), source: 'GENERATED' } };
}

function download({ desk, owner }: BatchRequest, name: string): BatchReply {
  const chunks = resultsFile(desk, owner, name);
  return chunks ? { chunks, contentType: 'application/octet-stream' } : absent(name);
}

function remove({ desk, owner }: BatchRequest, name: string): BatchReply {
  const file = desk.file(owner, name);
  if (!file && !resultsFile(desk, owner, name)) return absent(name);
  if (file) desk.removeFile(file);
  else desk.removeResult(name);
  return { json: {} };
}

function absent(name: string): BatchReply {
  const message = `You do not have permission to access the File ${name.slice('files/'.length)} or it may not exist.`;
  return problem(403, 'PERMISSION_DENIED', message);
}

function show({ base }: BatchRequest, { id, name, createdAtMs, content }: SentFile): Json {
  return {
    name: id,
    displayName: name,
    mimeType: 'application/jsonl',
    sizeBytes: String(content.bytes),
    createTime: new Date(createdAtMs).toISOString(),
    updateTime: new Date(createdAtMs).toISOString(),
    expirationTime: new Date(createdAtMs + LIFE_MS).toISOString(),
    ...common(base, id),
    source: 'UPLOADED',
  };
}

function common(base: string, name: string): Json {
  return { uri: `${base}/v1beta/${name}`, state: 'ACTIVE' };
}
