// Batches in OpenAI's shape, and its dialects: files of lines, and one batch for each file.

import { openAsBlob } from 'node:fs';
import OpenAI, { type ClientOptions } from 'openai';
import { isRecord } from '../sse.ts';
import type { BatchAccess, BatchConnection, BatchLook, BatchVendor, LaneResult, UploadedLines } from './lane.ts';
import { openaiResult } from './openai-line.ts';
import { cancelled, type Fields, fetchOf, isAsOld, NO_TIMEOUT_MS, removed, resultsIn } from './wire.ts';

interface Dialect {
  /** What the line and the batch are for. @default /v1/chat/completions */
  readonly endpoint?: (access: BatchAccess) => string;
  /** @default batch */
  readonly purpose?: string;
  /** @default /files */
  readonly uploadPath?: string;
  /** Not everybody takes metadata: without it the file tells whose a batch is. @default true */
  readonly hasMetadata?: boolean;
  /** Where to, and with what beside the key. @default the base URL, and the key as a bearer's */
  readonly client?: (access: BatchAccess) => Pick<ClientOptions, 'baseURL' | 'defaultHeaders' | 'defaultQuery'>;
}

const hasDate = ({ settings }: BatchAccess): boolean => /^\d/.test(settings.apiVersion ?? '');

export const openaiBatches = batchVendor({});

export const alibabaBatches = batchVendor({ hasMetadata: false });

export const togetherBatches = batchVendor({
  purpose: 'batch-api',
  // https://docs.together.ai/reference/upload-file
  uploadPath: '/files/upload',
  hasMetadata: false,
});

export const azureBatches = batchVendor({
  endpoint: (access) => (hasDate(access) ? '/chat/completions' : ENDPOINT),
  // Files and batches are the resource's: the deployment is in the lines only.
  client: (access) => ({
    baseURL: hasDate(access) ? access.baseUrl : `${access.baseUrl}/v1`,
    defaultHeaders: { 'api-key': access.settings.apiKey ?? '', authorization: null },
    ...(access.settings.apiVersion !== undefined && { defaultQuery: { 'api-version': access.settings.apiVersion } }),
  }),
});

const ENDPOINT = '/v1/chat/completions';
const PAGE = 100;

function batchVendor(dialect: Dialect): BatchVendor {
  return { connect: (access) => new OpenaiBatches(access, dialect) };
}

class OpenaiBatches implements BatchConnection {
  readonly #client: OpenAI;
  readonly #dialect: Dialect;
  readonly #endpoint: string;

  constructor(access: BatchAccess, dialect: Dialect) {
    this.#dialect = dialect;
    this.#endpoint = dialect.endpoint?.(access) ?? ENDPOINT;
    const { apiKey } = access.settings;
    this.#client = new OpenAI({
      baseURL: access.baseUrl,
      ...(apiKey === undefined && { defaultHeaders: { authorization: null } }),
      ...dialect.client?.(access),
      // The SDK wants one also where there is none, and would take it and the others from the environment.
      apiKey: apiKey ?? 'none',
      adminAPIKey: null,
      organization: null,
      project: null,
      maxRetries: 0,
      timeout: NO_TIMEOUT_MS,
      fetch: fetchOf(access),
    });
  }

  encode({ id, body }: { readonly id: string; readonly body: unknown }): string {
    return JSON.stringify({ custom_id: id, method: 'POST', url: this.#endpoint, body });
  }

  async upload({ key, path }: { readonly key: string; readonly path: string }): Promise<UploadedLines> {
    const { purpose = 'batch', uploadPath = '/files' } = this.#dialect;
    const name = `holdfast-${key}.jsonl`;
    const form = new FormData();
    form.append('purpose', purpose);
    if (uploadPath !== '/files') form.append('file_name', name);
    // The runtime's own form reads the file faster than it is sent: up to all of it is in memory meanwhile.
    form.append('file', await openAsBlob(path, { type: 'application/jsonl' }), name);
    const file = await this.#client.post<{ readonly id: string }>(uploadPath, { body: form });
    return { type: 'file', fileId: file.id };
  }

  async create({ key, uploaded }: Parameters<BatchConnection['create']>[0]): Promise<string> {
    const body = {
      input_file_id: uploaded.type === 'file' ? uploaded.fileId : '',
      endpoint: this.#endpoint,
      completion_window: '24h',
      ...(this.#dialect.hasMetadata !== false && { metadata: { holdfast_key: key } }),
    };
    return String(batchIn(await this.#client.post<unknown>('/batches', { body }))['id']);
  }

  async find({ key, uploaded, sinceMs }: Parameters<BatchConnection['find']>[0]) {
    const certain: string[] = [];
    let after: string | undefined;
    for (;;) {
      const query = { limit: PAGE, ...(after !== undefined && { after }) };
      const page = await this.#client.get<unknown>('/batches', { query });
      const list = isRecord(page) ? page['data'] : page;
      const batches = Array.isArray(list) ? list.filter(isRecord) : [];
      for (const batch of batches) {
        const { metadata, input_file_id: fileId, id } = batch;
        const isOurs =
          (isRecord(metadata) && metadata['holdfast_key'] === key) ||
          (uploaded.type === 'file' && uploaded.fileId === fileId);
        if (isOurs && typeof id === 'string') certain.push(id);
      }
      const last = batches.at(-1);
      const isDone = !last || !isAsOld(createdMs(last), sinceMs);
      if (isDone || !isRecord(page) || page['has_more'] !== true || last['id'] === after) break;
      after = String(last['id']);
    }
    return { certain, possible: [] };
  }

  async look(id: string): Promise<BatchLook> {
    return lookOf(await this.#batch(id));
  }

  async *results(id: string): AsyncGenerator<readonly LaneResult[]> {
    // Of one that has expired or was cancelled too: answers in the one file, lines without one in the other.
    for (const fileId of outputs(await this.#batch(id))) {
      const content = await this.#client.files.content(fileId);
      yield* resultsIn(content.body, openaiResult);
    }
  }

  async cancel(id: string): Promise<void> {
    await cancelled(this.#client.batches.cancel(id), () => this.look(id));
  }

  async remove(id: string, uploaded: UploadedLines): Promise<void> {
    const files = [...outputs(await this.#batch(id)), ...(uploaded.type === 'file' ? [uploaded.fileId] : [])];
    for (const fileId of files) await removed(this.#client.files.delete(fileId));
  }

  async #batch(id: string): Promise<Fields> {
    return batchIn(await this.#client.get<unknown>(`/batches/${encodeURIComponent(id)}`));
  }
}

/** Together puts a new one into a field. */
function batchIn(answer: unknown): Fields {
  if (!isRecord(answer)) return {};
  return isRecord(answer['job']) ? answer['job'] : answer;
}

function createdMs({ created_at: created }: Fields): number {
  return typeof created === 'number' ? created * 1_000 : Date.parse(String(created));
}

function outputs({ output_file_id: output, error_file_id: error }: Fields): readonly string[] {
  return [output, error].filter((id): id is string => typeof id === 'string' && id !== '');
}

function lookOf(batch: Fields): BatchLook {
  const status = String(batch['status']).toLowerCase();
  const end =
    status === 'completed' || status === 'failed' || status === 'expired' || status === 'cancelled' ? status : null;
  const { errors, request_counts: counts } = batch;
  const faults = isRecord(errors) && Array.isArray(errors['data']) ? errors['data'].filter(isRecord) : [];
  const code = faults.map((fault) => fault['code']).find((name) => typeof name === 'string');
  const words = [...faults.map((fault) => fault['message']), batch['error']];
  return {
    state: end ? 'ended' : status === 'validating' ? 'waiting' : 'running',
    end,
    done: isRecord(counts) ? Number(counts['completed'] ?? 0) + Number(counts['failed'] ?? 0) : null,
    words: words.filter((word) => typeof word === 'string'),
    code: code ?? null,
  };
}
