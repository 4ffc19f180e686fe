// Mistral's batch jobs: a file of lines, and a job that names the model for all of them.

import { openAsBlob } from 'node:fs';
import { HTTPClient, Mistral } from '@mistralai/mistralai';
import type { BatchAccess, BatchConnection, BatchLook, BatchVendor, LaneResult, UploadedLines } from './lane.ts';
import { openaiResult } from './openai-line.ts';
import { cancelled, fetchOf, isAsOld, NO_TIMEOUT_MS, removed, resultsIn } from './wire.ts';

export const mistralBatches: BatchVendor = { connect: (access) => new MistralBatches(access) };

const PAGE = 100;

class MistralBatches implements BatchConnection {
  readonly #client: Mistral;
  readonly #model: string;

  constructor(access: BatchAccess) {
    this.#model = access.model;
    this.#client = new Mistral({
      apiKey: access.settings.apiKey ?? '',
      serverURL: access.baseUrl,
      httpClient: new HTTPClient({ fetcher: fetcherOf(access) }),
      retryConfig: { strategy: 'none' },
      timeoutMs: NO_TIMEOUT_MS,
    });
  }

  encode({ id, body }: { readonly id: string; readonly body: unknown }): string {
    return JSON.stringify({ custom_id: id, body });
  }

  async upload({ key, path }: { readonly key: string; readonly path: string }): Promise<UploadedLines> {
    // The runtime's own form reads the file faster than it is sent: up to all of it is in memory meanwhile.
    const file = new File([await openAsBlob(path)], `holdfast-${key}.jsonl`, { type: 'application/jsonl' });
    const { id } = await this.#client.files.upload({ file, purpose: 'batch' });
    return { type: 'file', fileId: id };
  }

  async create({ key, uploaded }: Parameters<BatchConnection['create']>[0]): Promise<string> {
    const { id } = await this.#client.batch.jobs.create({
      inputFiles: uploaded.type === 'file' ? [uploaded.fileId] : [],
      endpoint: '/v1/chat/completions',
      model: this.#model,
      metadata: { holdfast_key: key },
    });
    return id;
  }

  async find({ key, uploaded, sinceMs }: Parameters<BatchConnection['find']>[0]) {
    const certain: string[] = [];
    for (let page = 0; ; page++) {
      const { data = [] } = await this.#client.batch.jobs.list({ page, pageSize: PAGE, orderBy: '-created' });
      for (const { id, metadata, inputFiles } of data) {
        const isOurs =
          metadata?.['holdfast_key'] === key || (uploaded.type === 'file' && inputFiles.includes(uploaded.fileId));
        if (isOurs) certain.push(id);
      }
      const last = data.at(-1);
      if (!last || data.length < PAGE || !isAsOld(last.createdAt * 1_000, sinceMs)) break;
    }
    return { certain, possible: [] };
  }

  async look(id: string): Promise<BatchLook> {
    const job = await this.#client.batch.jobs.get({ jobId: id });
    const end = ENDS[job.status] ?? null;
    return {
      state: end ? 'ended' : job.status === 'QUEUED' ? 'waiting' : 'running',
      end,
      done: job.completedRequests,
      words: job.errors.map(({ message }) => message),
      code: null,
    };
  }

  async *results(id: string): AsyncGenerator<readonly LaneResult[]> {
    for (const fileId of await this.#outputs(id)) {
      yield* resultsIn(await this.#client.files.download({ fileId }), openaiResult);
    }
  }

  async cancel(id: string): Promise<void> {
    await cancelled(this.#client.batch.jobs.cancel({ jobId: id }), () => this.look(id));
  }

  async remove(id: string, uploaded: UploadedLines): Promise<void> {
    const files = [...(await this.#outputs(id)), ...(uploaded.type === 'file' ? [uploaded.fileId] : [])];
    for (const fileId of files) await removed(this.#client.files.delete({ fileId }));
  }

  async #outputs(id: string): Promise<readonly string[]> {
    const { outputFile, errorFile } = await this.#client.batch.jobs.get({ jobId: id });
    return [outputFile, errorFile].filter((fileId) => typeof fileId === 'string');
  }
}

const ENDS: Readonly<Record<string, NonNullable<BatchLook['end']>>> = {
  SUCCESS: 'completed',
  FAILED: 'failed',
  TIMEOUT_EXCEEDED: 'expired',
  CANCELLED: 'cancelled',
};

/** The SDK puts `/v1` behind every address, and ours ends with it; and its requests are of the runtime's own `fetch`. */
function fetcherOf(access: BatchAccess): typeof globalThis.fetch {
  const fetch = fetchOf(access);
  return (input, init) => {
    const request = new Request(input, init);
    const { method, headers, body, signal } = request;
    const url = request.url.replace(`${access.baseUrl}/v1/`, `${access.baseUrl}/`);
    return fetch(url, { method, headers, signal, ...(body && { body, duplex: 'half' }) });
  };
}
