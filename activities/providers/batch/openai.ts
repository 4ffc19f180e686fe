// Batches as OpenAI's API has them, and those who speak it: https://platform.openai.com/docs/api-reference/batch

import { openAsBlob } from 'node:fs';
import OpenAI, { NotFoundError } from 'openai';
import type { Batch } from 'openai/resources/batches';
import { isRecord } from '../../../src/domain/json-value.ts';
import { parseJson } from '../../../src/domain/json-value.ts';
import { textLines } from './text-lines.ts';
import type { BatchAccess, BatchConnection, BatchLook, BatchVendor, LaneResult } from './lane.ts';

/** What differs among those who speak it. */
export interface BatchDialect {
  /** @default batch */
  readonly purpose?: string;
}

export function openaiBatches(dialect: BatchDialect = {}): BatchVendor {
  return { connect: (access) => new OpenaiBatches(access, dialect) };
}

const KEY = 'holdfast_key';
/** A clock of the provider's may be behind ours. */
const SKEW_MS = 10 * 60_000;
const ENDPOINT = '/v1/chat/completions';

class OpenaiBatches implements BatchConnection {
  readonly #client: OpenAI;
  readonly #signal: AbortSignal;
  readonly #dialect: BatchDialect;

  constructor({ settings, baseUrl, fetch, signal }: BatchAccess, dialect: BatchDialect) {
    const apiKey = settings.apiKey ?? 'none';
    this.#client = new OpenAI({ apiKey, baseURL: baseUrl, fetch, maxRetries: 0, timeout: TIMEOUT_MS });
    this.#signal = signal;
    this.#dialect = dialect;
  }

  encode({ id, body }: { readonly id: string; readonly body: unknown }): string {
    return JSON.stringify({ custom_id: id, method: 'POST', url: ENDPOINT, body });
  }

  async upload({ key, path }: { readonly key: string; readonly path: string }) {
    const file = new File([await openAsBlob(path)], `${key}.jsonl`, { type: 'application/jsonl' });
    const purpose = (this.#dialect.purpose ?? 'batch') as 'batch';
    const { id } = await this.#client.files.create({ file, purpose }, { signal: this.#signal });
    return { type: 'file' as const, fileId: id };
  }

  async create({ key, uploaded }: Parameters<BatchConnection['create']>[0]): Promise<string> {
    if (uploaded.type !== 'file') throw new Error('A batch of this API is made of a file.');
    const { id } = await this.#client.batches.create(
      { input_file_id: uploaded.fileId, endpoint: ENDPOINT, completion_window: '24h', metadata: { [KEY]: key } },
      { signal: this.#signal },
    );
    return id;
  }

  async find({ key, sinceMs }: Parameters<BatchConnection['find']>[0]) {
    const certain: string[] = [];
    for await (const batch of this.#client.batches.list({ limit: 100 }, { signal: this.#signal })) {
      if (batch.created_at * 1_000 < sinceMs - SKEW_MS) break;
      if (batch.metadata?.[KEY] === key) certain.push(batch.id);
    }
    return { certain, possible: [] };
  }

  async look(id: string): Promise<BatchLook> {
    const batch = await this.#client.batches.retrieve(id, { signal: this.#signal });
    const [state, end] = STATES[batch.status.toLowerCase()] ?? ['running', null];
    const { request_counts: counts, errors } = batch;
    return {
      state,
      end,
      done: counts ? counts.completed + counts.failed : null,
      words: errors?.data?.flatMap(({ message }) => message ?? []) ?? [],
      code: errors?.data?.[0]?.code ?? null,
    };
  }

  async *results(id: string): AsyncGenerator<LaneResult> {
    const batch = await this.#client.batches.retrieve(id, { signal: this.#signal });
    for (const fileId of filesOf(batch)) {
      const { body } = await this.#client.files.content(fileId, { signal: this.#signal });
      if (!body) continue;
      for await (const text of textLines(body as AsyncIterable<Uint8Array>)) {
        const result = readResult(parseJson(text));
        if (result) yield result;
      }
    }
  }

  async cancel(id: string): Promise<void> {
    const { status } = await this.#client.batches.retrieve(id, { signal: this.#signal });
    if (STATES[status.toLowerCase()]?.[0] === 'ended') return;
    await this.#client.batches.cancel(id, { signal: this.#signal });
  }

  async remove(id: string, uploaded: Parameters<BatchConnection['remove']>[1]): Promise<void> {
    const batch = await this.#client.batches.retrieve(id, { signal: this.#signal });
    const input = uploaded.type === 'file' ? [uploaded.fileId] : [];
    for (const fileId of [...input, ...filesOf(batch)]) {
      await this.#client.files.delete(fileId, { signal: this.#signal }).catch(unlessThere);
    }
  }
}

/** Uploads of 200 MB take their time. */
const TIMEOUT_MS = 15 * 60_000;

const STATES: Readonly<Record<string, readonly [BatchLook['state'], BatchLook['end']]>> = {
  validating: ['waiting', null],
  in_progress: ['running', null],
  finalizing: ['running', null],
  cancelling: ['running', null],
  completed: ['ended', 'completed'],
  failed: ['ended', 'failed'],
  expired: ['ended', 'expired'],
  cancelled: ['ended', 'cancelled'],
};

/** One that has expired or was cancelled has both, with what there is. */
function filesOf({ output_file_id: output, error_file_id: error }: Batch): readonly string[] {
  return [output, error].flatMap((id) => id ?? []);
}

/** Null: whose line it is cannot be told. */
function readResult(row: unknown): LaneResult | null {
  if (!isRecord(row) || typeof row['custom_id'] !== 'string') return null;
  const id = row['custom_id'];
  const { response, error } = row;
  if (isRecord(response)) {
    const { status_code: code, body, request_id: request } = response;
    const status = typeof code === 'number' ? code : 200;
    if (status >= 300) return { type: 'error', id, status, body };
    return { type: 'answer', id, body, requestId: typeof request === 'string' ? request : null };
  }
  const code = isRecord(error) ? error['code'] : null;
  if (code === 'batch_expired') return { type: 'expired', id };
  if (code === 'batch_cancelled') return { type: 'cancelled', id };
  return { type: 'error', id, status: null, body: { error } };
}

function unlessThere(error: unknown): void {
  if (!(error instanceof NotFoundError)) throw error;
}
