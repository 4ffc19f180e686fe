// Anthropic's message batches: the lines are in the request that creates them, and there is no place for a key.

import { readFile } from 'node:fs/promises';
import Anthropic from '@anthropic-ai/sdk';
import { isRecord } from '../sse.ts';
import type { BatchAccess, BatchConnection, BatchLook, BatchVendor, LaneResult, UploadedLines } from './lane.ts';
import { cancelled, type Fields, fetchOf, isAsOld, NO_TIMEOUT_MS, removed, resultsIn } from './wire.ts';

export const anthropicBatches: BatchVendor = { connect: (access) => new AnthropicBatches(access) };

type Batch = Anthropic.Messages.MessageBatch;
type Line = Anthropic.Messages.BatchCreateParams.Request;

class AnthropicBatches implements BatchConnection {
  readonly #client: Anthropic;

  constructor(access: BatchAccess) {
    this.#client = new Anthropic({
      apiKey: access.settings.apiKey ?? '',
      // From the environment otherwise: not ours to send.
      authToken: null,
      // As single calls have it: what stands between may know no other.
      defaultHeaders: { 'x-api-key': access.settings.apiKey ?? '', authorization: null },
      baseURL: access.baseUrl,
      maxRetries: 0,
      timeout: NO_TIMEOUT_MS,
      fetch: fetchOf(access),
    });
  }

  encode({ id, body }: { readonly id: string; readonly body: unknown }): string {
    // `stream` is not allowed here.
    const { stream: _stream, ...params } = isRecord(body) ? body : {};
    return JSON.stringify({ custom_id: id, params });
  }

  async upload(): Promise<UploadedLines> {
    return { type: 'inline' };
  }

  async create({ path }: Parameters<BatchConnection['create']>[0]): Promise<string> {
    if (path === null) throw new Error('The lines of this batch go into the request: their file is needed.');
    const text = await readFile(path, 'utf8');
    const lines = text.split('\n').filter((line) => line !== '');
    const { id } = await this.#client.messages.batches.create({
      requests: lines.map((line) => JSON.parse(line) as Line),
    });
    return id;
  }

  async find({ sinceMs, count }: Parameters<BatchConnection['find']>[0]) {
    const possible: string[] = [];
    for await (const batch of this.#client.messages.batches.list({ limit: 100 })) {
      if (!isAsOld(Date.parse(batch.created_at), sinceMs)) break;
      if (total(batch) === count) possible.push(batch.id);
    }
    return { certain: [], possible };
  }

  async look(id: string): Promise<BatchLook> {
    const batch = await this.#client.messages.batches.retrieve(id);
    const hasEnded = batch.processing_status === 'ended';
    const { canceled, expired } = batch.request_counts;
    const end = canceled > 0 ? 'cancelled' : expired > 0 ? 'expired' : 'completed';
    return {
      state: hasEnded ? 'ended' : 'running',
      end: hasEnded ? end : null,
      // All are counted as being processed until the batch has ended.
      done: hasEnded ? total(batch) : null,
      words: [],
      code: null,
    };
  }

  async *results(id: string): AsyncGenerator<readonly LaneResult[]> {
    // Not by the SDK's own method: it goes to whatever address the batch names, with our key and past a configured
    // address, and one line that cannot be read ends it.
    const path = `/v1/messages/batches/${encodeURIComponent(id)}/results`;
    const answer = await this.#client.get(path, { headers: { accept: 'application/binary' } }).asResponse();
    yield* resultsIn(answer.body, resultOf);
  }

  async cancel(id: string): Promise<void> {
    await cancelled(this.#client.messages.batches.cancel(id), () => this.look(id));
  }

  async remove(id: string): Promise<void> {
    await removed(this.#client.messages.batches.delete(id));
  }
}

function total({ request_counts: counts }: Batch): number {
  return counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired;
}

function resultOf({ custom_id: id, result }: Fields): LaneResult | null {
  if (typeof id !== 'string' || !isRecord(result)) return null;
  switch (result['type']) {
    case 'succeeded':
      return { type: 'answer', id, body: readable(result['message']), requestId: null };
    case 'errored':
      return { type: 'error', id, status: null, body: result['error'] };
    case 'canceled':
      return { type: 'cancelled', id };
    case 'expired':
      return { type: 'expired', id };
    default:
      return null;
  }
}

/** The AI SDK's reader takes no null where a text has no citations. */
function readable(message: unknown): unknown {
  if (!isRecord(message) || !Array.isArray(message['content'])) return message;
  const content = message['content'].map((block: unknown) => {
    if (!isRecord(block) || block['citations'] !== null) return block;
    const { citations: _citations, ...text } = block;
    return text;
  });
  return { ...message, content };
}
