// OpenRouter's batches: the lines are in the request that creates them, and the results in the answer that shows them.
// https://openrouter.ai/docs/batch-quickstart

import { readFile } from 'node:fs/promises';
import OpenAI from 'openai';
import { isRecord } from '../sse.ts';
import type { BatchAccess, BatchConnection, BatchLook, BatchVendor, LaneResult, UploadedLines } from './lane.ts';
import { openaiResult } from './openai-line.ts';
import { type Fields, fetchOf, isAsOld, NO_TIMEOUT_MS, removed } from './wire.ts';

export const openrouterBatches: BatchVendor = { connect: (access) => new OpenrouterBatches(access) };

class OpenrouterBatches implements BatchConnection {
  readonly #client: OpenAI;
  readonly #model: string;

  constructor(access: BatchAccess) {
    this.#model = access.model;
    this.#client = new OpenAI({
      // From the environment otherwise: not ours to send.
      adminAPIKey: null,
      organization: null,
      project: null,
      apiKey: access.settings.apiKey ?? '',
      baseURL: access.baseUrl,
      maxRetries: 0,
      timeout: NO_TIMEOUT_MS,
      fetch: fetchOf(access),
    });
  }

  encode({ id, body }: { readonly id: string; readonly body: unknown }): string {
    return JSON.stringify({ custom_id: id, body });
  }

  async upload(): Promise<UploadedLines> {
    return { type: 'inline' };
  }

  async create({ path }: Parameters<BatchConnection['create']>[0]): Promise<string> {
    if (path === null) throw new Error('The lines of this batch go into the request: their file is needed.');
    const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
    const requests = lines.map((line): unknown => JSON.parse(line));
    // In this order: the API reads the requests as they come, and wants to know before what they are.
    const body = { endpoint: '/v1/chat/completions', model: this.#model, requests };
    return String((await this.#client.post<Fields>('/batches', { body }))['id']);
  }

  async find({ sinceMs, count }: Parameters<BatchConnection['find']>[0]) {
    const page = await this.#client.get<unknown>('/batches', { query: { limit: 100 } });
    const batches = isRecord(page) && Array.isArray(page['data']) ? page['data'].filter(isRecord) : [];
    const possible = batches.filter((batch) => {
      const counts = batch['request_counts'];
      return isAsOld(createdMs(batch), sinceMs) && isRecord(counts) && counts['total'] === count;
    });
    return { certain: [], possible: possible.map(({ id }) => String(id)) };
  }

  async look(id: string): Promise<BatchLook> {
    const { status, request_counts: counts, error } = await this.#batch(id);
    const end = ENDS[String(status)] ?? null;
    const { message, code } = isRecord(error) ? error : {};
    return {
      state: end ? 'ended' : status === 'validating' ? 'waiting' : 'running',
      end,
      done: isRecord(counts) ? Number(counts['completed'] ?? 0) + Number(counts['failed'] ?? 0) : null,
      words: typeof message === 'string' ? [message] : [],
      code: typeof code === 'string' ? code : null,
    };
  }

  /** In one document: the limit of lines keeps it small. */
  async *results(id: string): AsyncGenerator<readonly LaneResult[]> {
    const { results } = await this.#batch(id);
    if (Array.isArray(results)) yield results.filter(isRecord).flatMap((line) => openaiResult(line) ?? []);
  }

  /** There is no such thing here: what is running goes on to its end. */
  async cancel(): Promise<void> {
    return;
  }

  async remove(id: string): Promise<void> {
    await removed(this.#client.delete(pathOf(id)));
  }

  #batch(id: string): Promise<Fields> {
    return this.#client.get<Fields>(pathOf(id));
  }
}

function pathOf(id: string): string {
  return `/batches/${encodeURIComponent(id)}`;
}

function createdMs({ created_at: created }: Fields): number {
  return typeof created === 'number' ? created * 1_000 : Date.parse(String(created));
}

const ENDS: Readonly<Record<string, NonNullable<BatchLook['end']>>> = {
  completed: 'completed',
  failed: 'failed',
  expired: 'expired',
  cancelled: 'cancelled',
};
