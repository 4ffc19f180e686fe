// Gemini's batches: a file of lines, and a long-running operation under a name of ours.

import { GoogleGenAI } from '@google/genai';
import { isRecord } from '../sse.ts';
import type { BatchAccess, BatchConnection, BatchLook, BatchVendor, LaneResult, UploadedLines } from './lane.ts';
import { cancelled, type Fields, fetchOf, isAsOld, NO_TIMEOUT_MS, removed, resultsIn } from './wire.ts';

export const googleBatches: BatchVendor = { connect: (access) => new GoogleBatches(access) };

class GoogleBatches implements BatchConnection {
  readonly #client: GoogleGenAI;
  readonly #access: BatchAccess;
  readonly #root: string;
  readonly #version: string;

  constructor(access: BatchAccess) {
    const [, root = access.baseUrl, version = ''] = /^(.*)\/(v[^/]+)$/.exec(access.baseUrl) ?? [];
    this.#access = access;
    this.#root = root;
    this.#version = version;
    this.#client = new GoogleGenAI({
      vertexai: false,
      apiKey: access.settings.apiKey ?? '',
      httpOptions: { baseUrl: root, apiVersion: version, timeout: NO_TIMEOUT_MS, fetch: fetchOf(access) },
    });
  }

  encode({ id, body }: { readonly id: string; readonly body: unknown }): string {
    return JSON.stringify({ key: id, request: body });
  }

  async upload({ key, path }: { readonly key: string; readonly path: string }): Promise<UploadedLines> {
    // The SDK reads it in pieces.
    const file = await this.#client.files.upload({
      file: path,
      config: { mimeType: 'application/jsonl', displayName: key },
    });
    return { type: 'file', fileId: file.name ?? '' };
  }

  async create({ key, uploaded }: Parameters<BatchConnection['create']>[0]): Promise<string> {
    const { name } = await this.#client.batches.create({
      model: this.#access.model,
      src: { fileName: uploaded.type === 'file' ? uploaded.fileId : '' },
      config: { displayName: key },
    });
    return name ?? '';
  }

  async find({ key, sinceMs }: Parameters<BatchConnection['find']>[0]) {
    const certain: string[] = [];
    // Through all pages: nobody promises an order.
    for await (const { name, displayName, createTime } of await this.#client.batches.list({
      config: { pageSize: 100 },
    })) {
      const isLate = createTime === undefined || isAsOld(Date.parse(createTime), sinceMs);
      if (displayName === key && name !== undefined && isLate) certain.push(name);
    }
    return { certain, possible: [] };
  }

  async look(id: string): Promise<BatchLook> {
    // Of what the API says, the SDK drops the counts and the error.
    const operation: unknown = await (await this.#get(`${this.#access.baseUrl}/${id}`)).json();
    return lookOf(isRecord(operation) ? operation : {});
  }

  async *results(id: string): AsyncGenerator<readonly LaneResult[]> {
    const { dest } = await this.#client.batches.get({ name: id });
    if (dest?.fileName === undefined) return;
    // The SDK downloads to a disk only, and never ends when the connection breaks meanwhile.
    const url = `${this.#root}/download/${this.#version}/${dest.fileName}:download?alt=media`;
    yield* resultsIn((await this.#get(url)).body, resultOf);
  }

  async cancel(id: string): Promise<void> {
    await cancelled(this.#client.batches.cancel({ name: id }), () => this.look(id));
  }

  async remove(id: string, uploaded: UploadedLines): Promise<void> {
    // The file of results goes with its batch.
    await removed(this.#client.batches.delete({ name: id }));
    if (uploaded.type === 'file') await removed(this.#client.files.delete({ name: uploaded.fileId }));
  }

  async #get(url: string): Promise<Response> {
    const headers = { 'x-goog-api-key': this.#access.settings.apiKey ?? '' };
    const answer = await fetchOf(this.#access)(url, { headers });
    if (answer.ok) return answer;
    throw new AnswerError(answer.status, answer.headers, await answer.text());
  }
}

class AnswerError extends Error {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;

  constructor(status: number, headers: Headers, body: string) {
    super(`The API answered with HTTP ${status}.`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

function lookOf({ metadata, error }: Fields): BatchLook {
  const { state, batchStats: stats } = isRecord(metadata) ? metadata : {};
  const name = String(state).replace(/^(?:BATCH|JOB)_STATE_/, '');
  const end = ENDS[name] ?? null;
  const { message = '', status } = isRecord(error) ? error : {};
  return {
    state: end ? 'ended' : name === 'PENDING' || name === 'QUEUED' ? 'waiting' : 'running',
    end,
    // 64-bit numbers are texts in this API's JSON, and zeros are left out.
    done: isRecord(stats) ? count(stats['successfulRequestCount']) + count(stats['failedRequestCount']) : null,
    words: typeof message === 'string' && message !== '' ? [message] : [],
    code: typeof status === 'string' ? status : null,
  };
}

function count(value: unknown): number {
  return Number(value ?? 0);
}

const ENDS: Readonly<Record<string, NonNullable<BatchLook['end']>>> = {
  SUCCEEDED: 'completed',
  PARTIALLY_SUCCEEDED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  EXPIRED: 'expired',
};

function resultOf({ key: id, response, error }: Fields): LaneResult | null {
  if (typeof id !== 'string') return null;
  if (isRecord(response)) return { type: 'answer', id, body: response, requestId: null };
  if (!isRecord(error)) return null;
  const { code, status = RPC_CODES[Number(code)] } = error;
  if (status === 'CANCELLED') return { type: 'cancelled', id };
  const isHttp = typeof code === 'number' && code >= 400;
  return { type: 'error', id, status: isHttp ? code : null, body: { error: { ...error, status } } };
}

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const RPC_CODES: Readonly<Record<number, string>> = {
  1: 'CANCELLED',
  2: 'UNKNOWN',
  3: 'INVALID_ARGUMENT',
  4: 'DEADLINE_EXCEEDED',
  5: 'NOT_FOUND',
  7: 'PERMISSION_DENIED',
  8: 'RESOURCE_EXHAUSTED',
  9: 'FAILED_PRECONDITION',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  16: 'UNAUTHENTICATED',
};
