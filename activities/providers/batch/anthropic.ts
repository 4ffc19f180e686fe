// Anthropic's message batches: https://docs.claude.com/en/docs/build-with-claude/batch-processing

import { readFile } from 'node:fs/promises';
import Anthropic, { NotFoundError } from '@anthropic-ai/sdk';
import type { BatchCreateParams, MessageBatch } from '@anthropic-ai/sdk/resources/messages/batches';
import type { BatchAccess, BatchConnection, BatchLook, BatchVendor, LaneResult } from './lane.ts';

export const anthropicBatches: BatchVendor = { connect: (access) => new AnthropicBatches(access) };

/** A clock of the provider's may be behind ours. */
const SKEW_MS = 10 * 60_000;
const TIMEOUT_MS = 15 * 60_000;

class AnthropicBatches implements BatchConnection {
  readonly #client: Anthropic;
  readonly #signal: AbortSignal;

  constructor({ settings, baseUrl, fetch, signal }: BatchAccess) {
    const apiKey = settings.apiKey ?? 'none';
    this.#client = new Anthropic({ apiKey, baseURL: baseUrl, fetch, maxRetries: 0, timeout: TIMEOUT_MS });
    this.#signal = signal;
  }

  encode({ id, body }: { readonly id: string; readonly body: unknown }): string {
    return JSON.stringify({ custom_id: id, params: body });
  }

  /** It takes its lines with the creation only. */
  upload() {
    return Promise.resolve({ type: 'inline' as const });
  }

  /** All of the lines are in memory here, which the limits of the lane keep small. */
  async create({ path }: Parameters<BatchConnection['create']>[0]): Promise<string> {
    const lines = path === null ? '' : (await readFile(path, 'utf8')).trimEnd();
    const requests = lines.split('\n').map((line) => JSON.parse(line) as BatchCreateParams.Request);
    return (await this.#client.messages.batches.create({ requests }, { signal: this.#signal })).id;
  }

  /** There is no place for a key: one of the same size that was created since may be it. */
  async find({ sinceMs, count }: Parameters<BatchConnection['find']>[0]) {
    const possible: string[] = [];
    for await (const batch of this.#client.messages.batches.list({ limit: 100 }, { signal: this.#signal })) {
      if (Date.parse(batch.created_at) < sinceMs - SKEW_MS) break;
      if (total(batch) === count) possible.push(batch.id);
    }
    return { certain: [], possible };
  }

  /** How many are done it tells at the end only. */
  async look(id: string): Promise<BatchLook> {
    const batch = await this.#client.messages.batches.retrieve(id, {}, { signal: this.#signal });
    const isEnded = batch.processing_status === 'ended';
    const base = { done: isEnded ? total(batch) : null, words: [], code: null };
    if (!isEnded) return { ...base, state: 'running', end: null };
    const { expired, canceled } = batch.request_counts;
    return { ...base, state: 'ended', end: expired > 0 ? 'expired' : canceled > 0 ? 'cancelled' : 'completed' };
  }

  async *results(id: string): AsyncGenerator<LaneResult> {
    const results = await this.#client.messages.batches.results(id, {}, { signal: this.#signal });
    for await (const { custom_id: lineId, result } of results) {
      switch (result.type) {
        case 'succeeded':
          yield { type: 'answer', id: lineId, body: readable(result.message), requestId: null };
          break;
        case 'errored':
          yield { type: 'error', id: lineId, status: null, body: result.error };
          break;
        case 'canceled':
          yield { type: 'cancelled', id: lineId };
          break;
        case 'expired':
          yield { type: 'expired', id: lineId };
          break;
      }
    }
  }

  async cancel(id: string): Promise<void> {
    const batch = await this.#client.messages.batches.retrieve(id, {}, { signal: this.#signal });
    if (batch.processing_status !== 'in_progress') return;
    await this.#client.messages.batches.cancel(id, {}, { signal: this.#signal });
  }

  async remove(id: string): Promise<void> {
    await this.#client.messages.batches.delete(id, {}, { signal: this.#signal }).catch((error: unknown) => {
      if (!(error instanceof NotFoundError)) throw error;
    });
  }
}

/** The AI SDK's reader takes no null where a text has no citations. */
function readable(message: Anthropic.Message): unknown {
  const content = message.content.map((block) => {
    if (block.type !== 'text' || block.citations !== null) return block;
    const { citations: _, ...text } = block;
    return text;
  });
  return { ...message, content };
}

function total({ request_counts: counts }: MessageBatch): number {
  return counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired;
}
