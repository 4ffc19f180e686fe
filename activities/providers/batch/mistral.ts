// Mistral's batch jobs: https://docs.mistral.ai/capabilities/batch

import { openAsBlob } from 'node:fs';
import { HTTPClient, Mistral } from '@mistralai/mistralai';
import type { BatchJob } from '@mistralai/mistralai/models/components';
import { isRecord, parseJson } from '../../../src/domain/json-value.ts';
import type { BatchAccess, BatchConnection, BatchLook, BatchVendor, LaneResult } from './lane.ts';
import { textLines } from './text-lines.ts';

export const mistralBatches: BatchVendor = { connect: (access) => new MistralBatches(access) };

const KEY = 'holdfast_key';
/** A clock of the provider's may be behind ours. */
const SKEW_MS = 10 * 60_000;
const TIMEOUT_MS = 15 * 60_000;
const PAGE = 100;

class MistralBatches implements BatchConnection {
  readonly #client: Mistral;
  readonly #model: string;
  readonly #options: { readonly signal: AbortSignal };

  constructor({ settings, baseUrl, model, fetch, signal }: BatchAccess) {
    this.#client = new Mistral({
      apiKey: settings.apiKey ?? '',
      // Its own paths begin with the version.
      serverURL: baseUrl.replace(/\/v1$/, ''),
      httpClient: new HTTPClient({ fetcher: (input, init) => fetch(input, init) }),
      retryConfig: { strategy: 'none' },
      timeoutMs: TIMEOUT_MS,
    });
    this.#model = model;
    this.#options = { signal };
  }

  /** The model is the job's. */
  encode({ id, body }: { readonly id: string; readonly body: unknown }): string {
    const { model: _, ...fields } = isRecord(body) ? body : {};
    return JSON.stringify({ custom_id: id, body: fields });
  }

  async upload({ key, path }: { readonly key: string; readonly path: string }) {
    const file = { fileName: `${key}.jsonl`, content: await openAsBlob(path) };
    const { id } = await this.#client.files.upload({ file, purpose: 'batch' }, this.#options);
    return { type: 'file' as const, fileId: id };
  }

  async create({ key, uploaded }: Parameters<BatchConnection['create']>[0]): Promise<string> {
    if (uploaded.type !== 'file') throw new Error('A batch of this API is made of a file.');
    const job = await this.#client.batch.jobs.create(
      {
        inputFiles: [uploaded.fileId],
        endpoint: '/v1/chat/completions',
        model: this.#model,
        metadata: { [KEY]: key },
        timeoutHours: 24,
      },
      this.#options,
    );
    return job.id;
  }

  async find({ key, sinceMs }: Parameters<BatchConnection['find']>[0]) {
    const createdAfter = new Date(sinceMs - SKEW_MS);
    const certain: string[] = [];
    for (let page = 0; ; page++) {
      const asked = { page, pageSize: PAGE, createdAfter };
      const { data = [] } = await this.#client.batch.jobs.list(asked, this.#options);
      for (const job of data) if (job.metadata?.[KEY] === key) certain.push(job.id);
      if (data.length < PAGE) return { certain, possible: [] };
    }
  }

  async look(id: string): Promise<BatchLook> {
    const job = await this.#job(id);
    const [state, end] = STATES[job.status] ?? ['running', null];
    return {
      state,
      end,
      done: job.completedRequests,
      words: job.errors.map(({ message }) => message),
      code: null,
    };
  }

  async *results(id: string): AsyncGenerator<LaneResult> {
    for (const fileId of filesOf(await this.#job(id))) {
      const content = await this.#client.files.download({ fileId }, this.#options);
      for await (const text of textLines(content)) {
        const result = readResult(parseJson(text));
        if (result) yield result;
      }
    }
  }

  async cancel(id: string): Promise<void> {
    const { status } = await this.#job(id);
    if (STATES[status]?.[0] === 'ended') return;
    await this.#client.batch.jobs.cancel({ jobId: id }, this.#options);
  }

  async remove(id: string, uploaded: Parameters<BatchConnection['remove']>[1]): Promise<void> {
    const input = uploaded.type === 'file' ? [uploaded.fileId] : [];
    for (const fileId of [...input, ...filesOf(await this.#job(id))]) {
      await this.#client.files.delete({ fileId }, this.#options);
    }
  }

  #job(jobId: string): Promise<BatchJob> {
    return this.#client.batch.jobs.get({ jobId }, this.#options);
  }
}

const STATES: Readonly<Record<string, readonly [BatchLook['state'], BatchLook['end']]>> = {
  QUEUED: ['waiting', null],
  RUNNING: ['running', null],
  CANCELLATION_REQUESTED: ['running', null],
  SUCCESS: ['ended', 'completed'],
  FAILED: ['ended', 'failed'],
  TIMEOUT_EXCEEDED: ['ended', 'expired'],
  CANCELLED: ['ended', 'cancelled'],
};

/** One that ran out of time, or was cancelled, has what it came to. */
function filesOf({ outputFile, errorFile }: BatchJob): readonly string[] {
  return [outputFile, errorFile].flatMap((id) => id ?? []);
}

/** Null: whose line it is cannot be told. */
function readResult(row: unknown): LaneResult | null {
  if (!isRecord(row) || typeof row['custom_id'] !== 'string') return null;
  const id = row['custom_id'];
  const { response, error } = row;
  if (!isRecord(response)) return { type: 'error', id, status: null, body: { error } };
  const { status_code: code, body } = response;
  const status = typeof code === 'number' ? code : 200;
  return status >= 300 ? { type: 'error', id, status, body } : { type: 'answer', id, body, requestId: null };
}
