// A client of batches: sends a file of lines, waits for the batch of it, and reads what came of each line.

import { createWriteStream, openAsBlob } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';

export const MODEL = 'analysis';
const ENDPOINT = '/v1/chat/completions';
const LINE_BYTES = 1_024;
const LOOK_EVERY_MS = 500;

/** Of so many lines; returns where it lies. */
export async function writeLines(directory: string, lines: number): Promise<string> {
  const path = join(directory, `${lines}.jsonl`);
  await pipeline(Readable.from(linesOf(lines)), createWriteStream(path));
  return path;
}

function* linesOf(count: number): Generator<string> {
  for (let line = 0; line < count; line++) {
    const bare = lineOf(line, '').length;
    yield lineOf(line, PROSE.slice(0, LINE_BYTES - bare));
  }
}

/** ASCII: as many bytes as characters. */
function lineOf(line: number, text: string): string {
  const messages = [{ role: 'user', content: `What does document ${line} say? ${text}` }];
  const body = { model: MODEL, messages, temperature: 0, max_tokens: 500 };
  return `${JSON.stringify({ custom_id: `document ${line}`, method: 'POST', url: ENDPOINT, body })}\n`;
}

const PROSE = 'The parties agree that the goods are delivered in one piece, and paid within a month. '.repeat(12);

interface EndedBatch {
  readonly status: string;
  readonly output_file_id: string | null;
  readonly error_file_id: string | null;
  readonly request_counts: { readonly total: number; readonly completed: number; readonly failed: number };
  readonly temporal: { readonly workflow_id: string };
}

/** Throws unless every line has ended once. Returns the workflow's id. */
export async function runBatch(
  url: string,
  of: { readonly path: string; readonly lines: number; readonly lanes: readonly string[] },
): Promise<string> {
  const { path, lines, lanes } = of;
  const fileId = await upload(url, path);
  const wanted = { input_file_id: fileId, endpoint: ENDPOINT, completion_window: '24h', lanes, rescue: 'none' };
  const { id } = await json<{ readonly id: string }>(`${url}/v1/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(wanted),
  });
  const ended = await end(`${url}/v1/batches/${id}`);
  const ids = new Set<string>();
  for (const file of [ended.output_file_id, ended.error_file_id]) {
    if (file !== null) await readIds(`${url}/v1/files/${file}/content`, ids);
  }
  if (ended.status !== 'completed' || ids.size !== lines || ended.request_counts.total !== lines) {
    throw new Error(`Of ${lines} lines ${ids.size} have come back: ${JSON.stringify(ended)}`);
  }
  return ended.temporal.workflow_id;
}

async function upload(url: string, path: string): Promise<string> {
  const form = new FormData();
  form.append('purpose', 'batch');
  form.append('file', await openAsBlob(path), 'lines.jsonl');
  return (await json<{ readonly id: string }>(`${url}/v1/files`, { method: 'POST', body: form })).id;
}

async function end(url: string): Promise<EndedBatch> {
  for (;;) {
    const batch = await json<EndedBatch>(url);
    if (!RUNNING.has(batch.status)) return batch;
    await setTimeout(LOOK_EVERY_MS);
  }
}

const RUNNING: ReadonlySet<string> = new Set(['validating', 'in_progress', 'finalizing']);

async function readIds(url: string, ids: Set<string>): Promise<void> {
  const { body } = await ok(url);
  if (!body) return;
  for await (const line of createInterface({ input: Readable.fromWeb(body) })) {
    const { custom_id: id } = JSON.parse(line) as { readonly custom_id: string };
    if (ids.has(id)) throw new Error(`The line ${id} has come back twice.`);
    ids.add(id);
  }
}

async function json<T>(url: string, init?: RequestInit): Promise<T> {
  return (await (await ok(url, init)).json()) as T;
}

async function ok(url: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`Answered ${response.status}: ${(await response.text()).slice(0, 500)}`);
  return response;
}
