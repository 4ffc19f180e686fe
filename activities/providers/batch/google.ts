// Gemini's batches: https://ai.google.dev/gemini-api/docs/batch-api

import { GoogleGenAI } from '@google/genai';
import type { BatchJob } from '@google/genai';
import { BatchApiError } from './batch-api-error.ts';
import { isRecord, parseJson } from '../../../src/domain/json-value.ts';
import type { BatchAccess, BatchConnection, BatchLook, BatchVendor, LaneResult } from './lane.ts';
import { textLines } from './text-lines.ts';

export const googleBatches: BatchVendor = { connect: (access) => new GoogleBatches(access) };

/** A clock of the provider's may be behind ours. */
const SKEW_MS = 10 * 60_000;
const TIMEOUT_MS = 15 * 60_000;

class GoogleBatches implements BatchConnection {
  readonly #client: GoogleGenAI;
  readonly #model: string;
  readonly #signal: AbortSignal;
  readonly #access: BatchAccess;

  /** The SDK makes its requests by itself, over connections of its own. */
  constructor(access: BatchAccess) {
    const { settings, baseUrl, model, signal } = access;
    this.#access = access;
    const apiVersion = baseUrl.slice(baseUrl.lastIndexOf('/') + 1);
    this.#client = new GoogleGenAI({
      apiKey: settings.apiKey ?? '',
      vertexai: false,
      httpOptions: { baseUrl: baseUrl.slice(0, -apiVersion.length), apiVersion, timeout: TIMEOUT_MS },
    });
    this.#model = model;
    this.#signal = signal;
  }

  encode({ id, body }: { readonly id: string; readonly body: unknown }): string {
    return JSON.stringify({ key: id, request: body });
  }

  async upload({ key, path }: { readonly key: string; readonly path: string }) {
    const config = { mimeType: 'application/jsonl', displayName: key, abortSignal: this.#signal };
    const { name } = await this.#client.files.upload({ file: path, config });
    if (name === undefined) throw new Error('The uploaded file has no name.');
    return { type: 'file' as const, fileId: name };
  }

  async create({ key, uploaded }: Parameters<BatchConnection['create']>[0]): Promise<string> {
    if (uploaded.type !== 'file') throw new Error('A batch of this API is made of a file here.');
    const src = { fileName: uploaded.fileId };
    const config = { displayName: key, abortSignal: this.#signal };
    return nameOf(await this.#client.batches.create({ model: this.#model, src, config }));
  }

  async find({ key, sinceMs }: Parameters<BatchConnection['find']>[0]) {
    const certain: string[] = [];
    for await (const job of await this.#client.batches.list({ config: { pageSize: 100, abortSignal: this.#signal } })) {
      if (job.createTime !== undefined && Date.parse(job.createTime) < sinceMs - SKEW_MS) break;
      if (job.displayName === key) certain.push(nameOf(job));
    }
    return { certain, possible: [] };
  }

  async look(id: string): Promise<BatchLook> {
    const { metadata, error } = await this.#operation(id);
    const { state: said, batchStats: stats } = isRecord(metadata) ? metadata : {};
    const [state, end] = STATES[String(said).replace(/^BATCH/, 'JOB')] ?? ['running', null];
    const { message, code } = isRecord(error) ? error : {};
    return {
      state,
      end,
      done: isRecord(stats) ? countOf(stats['successfulRequestCount']) + countOf(stats['failedRequestCount']) : null,
      words: typeof message === 'string' ? [message] : [],
      code: typeof code === 'number' || typeof code === 'string' ? String(code) : null,
    };
  }

  async *results(id: string): AsyncGenerator<LaneResult> {
    const { dest } = await this.#job(id);
    if (dest?.fileName === undefined) return;
    // By hand: the SDK's download never ends when its connection breaks.
    const { body } = await this.#get(`${dest.fileName}:download?alt=media`);
    if (!body) return;
    for await (const text of textLines(body)) {
      const result = readResult(parseJson(text));
      if (result) yield result;
    }
  }

  async cancel(id: string): Promise<void> {
    const { state } = await this.#job(id);
    if (STATES[state ?? '']?.[0] === 'ended') return;
    await this.#client.batches.cancel({ name: id, config: { abortSignal: this.#signal } });
  }

  async remove(id: string, uploaded: Parameters<BatchConnection['remove']>[1]): Promise<void> {
    const { dest } = await this.#job(id);
    const input = uploaded.type === 'file' ? [uploaded.fileId] : [];
    for (const name of [...input, ...(dest?.fileName === undefined ? [] : [dest.fileName])]) {
      await this.#client.files.delete({ name, config: { abortSignal: this.#signal } });
    }
  }

  /** By hand: the SDK leaves out the counts, and why a batch has failed. */
  async #operation(name: string): Promise<Readonly<Record<string, unknown>>> {
    const response = await this.#get(name);
    const body = parseJson(await response.text());
    if (!isRecord(body)) throw new BatchApiError(response, body);
    return body;
  }

  async #get(path: string): Promise<Response> {
    const { fetch, baseUrl, settings } = this.#access;
    const headers = { 'x-goog-api-key': settings.apiKey ?? '' };
    const response = await fetch(`${baseUrl}/${path}`, { headers, signal: this.#signal });
    if (!response.ok) throw new BatchApiError(response, parseJson(await response.text()));
    return response;
  }

  #job(name: string): Promise<BatchJob> {
    return this.#client.batches.get({ name, config: { abortSignal: this.#signal } });
  }
}

const STATES: Readonly<Record<string, readonly [BatchLook['state'], BatchLook['end']]>> = {
  JOB_STATE_QUEUED: ['waiting', null],
  JOB_STATE_PENDING: ['waiting', null],
  JOB_STATE_RUNNING: ['running', null],
  JOB_STATE_CANCELLING: ['running', null],
  JOB_STATE_SUCCEEDED: ['ended', 'completed'],
  JOB_STATE_PARTIALLY_SUCCEEDED: ['ended', 'completed'],
  JOB_STATE_FAILED: ['ended', 'failed'],
  JOB_STATE_EXPIRED: ['ended', 'expired'],
  JOB_STATE_CANCELLED: ['ended', 'cancelled'],
};

/** 64-bit integers are texts in its JSON. */
function countOf(count: unknown): number {
  return Number(count ?? 0);
}

function nameOf({ name }: BatchJob): string {
  if (name === undefined) throw new Error('The batch has no name.');
  return name;
}

/** Null: whose line it is cannot be told. */
function readResult(row: unknown): LaneResult | null {
  if (!isRecord(row) || typeof row['key'] !== 'string') return null;
  const { key: id, response, error } = row;
  if (isRecord(response)) return { type: 'answer', id, body: response, requestId: null };
  return { type: 'error', id, status: null, body: { error } };
}
