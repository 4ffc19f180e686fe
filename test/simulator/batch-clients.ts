// The official clients of the four batch APIs, each made to do the same things, so that one test can ask them all.

import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { Mistral } from '@mistralai/mistralai';
import { Readable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import type { ReadableStream } from 'node:stream/web';
import OpenAI, { toFile } from 'openai';
import type { Simulator } from '../../src/simulator/simulator.ts';

export const MODEL = 'some-model';

export interface Line {
  readonly id: string;
  readonly text: string;
}

export function linesOf(count: number): readonly Line[] {
  return Array.from({ length: count }, (_, n) => ({ id: `line-${n}`, text: `The river ${n} is ${n + 10} km long.` }));
}

export interface Looked {
  /** The provider's own word. */
  readonly state: string | undefined;
  readonly done: number | null;
  readonly error: string | null;
}

interface Result {
  readonly id: string;
  /** Null: an error, or nothing. */
  readonly answer: string | null;
  /** The provider's own word for what it is instead, with its status or code. */
  readonly error: string | null;
}

export interface BatchClient {
  readonly ends: Readonly<Record<'completed' | 'failed' | 'expired' | 'cancelled', string>>;
  create(lines: readonly Line[], key: string): Promise<string>;
  look(id: string): Promise<Looked>;
  results(id: string): Promise<readonly Result[]>;
  cancel(id: string): Promise<unknown>;
  list(pageSize: number): Promise<readonly { readonly id: string; readonly key: string | null }[]>;
  remove(id: string): Promise<unknown>;
}

export function openaiOf(simulator: Simulator): OpenAI {
  return new OpenAI({ apiKey: 'any', baseURL: simulator.baseUrl('acme', 'openai'), maxRetries: 0 });
}

export function anthropicOf(simulator: Simulator): Anthropic {
  return new Anthropic({ apiKey: 'any', baseURL: simulator.baseUrl('acme', 'anthropic'), maxRetries: 0 });
}

export function googleOf(simulator: Simulator): GoogleGenAI {
  const baseUrl = simulator.baseUrl('acme', 'google').replace(/\/v1beta$/, '');
  return new GoogleGenAI({ apiKey: 'any', httpOptions: { baseUrl } });
}

export function mistralOf(simulator: Simulator): Mistral {
  return new Mistral({ apiKey: 'any', serverURL: simulator.baseUrl('acme', 'mistral').replace(/\/v1$/, '') });
}

export function chatLines(lines: readonly Line[]): string {
  return jsonl(
    lines.map(({ id, text }) => ({
      custom_id: id,
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model: MODEL, messages: [{ role: 'user', content: text }] },
    })),
  );
}

export function jsonl(lines: readonly unknown[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

export const clients: Readonly<
  Record<'openai' | 'anthropic' | 'google' | 'mistral', (simulator: Simulator) => BatchClient>
> = { openai, anthropic, google, mistral };

interface ChatLine {
  readonly custom_id: string;
  readonly response: { readonly status_code: number; readonly body: unknown } | null;
  readonly error: { readonly code: string } | null;
}

function openai(simulator: Simulator): BatchClient {
  const api = openaiOf(simulator);
  const read = async (id: string | null | undefined) =>
    id ? chatResults(await (await api.files.content(id)).text()) : [];
  return {
    ends: { completed: 'completed', failed: 'failed', expired: 'expired', cancelled: 'cancelled' },
    async create(lines, key) {
      const file = await toFile(Buffer.from(chatLines(lines)), `${key}.jsonl`);
      const { id } = await api.files.create({ file, purpose: 'batch' });
      const endpoint = '/v1/chat/completions';
      const created = { endpoint, input_file_id: id, completion_window: '24h', metadata: { key } } as const;
      return (await api.batches.create(created)).id;
    },
    async look(id) {
      const { status, request_counts: counts, errors } = await api.batches.retrieve(id);
      return {
        state: status,
        done: counts ? counts.completed + counts.failed : null,
        error: errors?.data?.[0]?.code ?? null,
      };
    },
    async results(id) {
      const { output_file_id: output, error_file_id: error } = await api.batches.retrieve(id);
      return [...(await read(output)), ...(await read(error))];
    },
    cancel: (id) => api.batches.cancel(id),
    async list(limit) {
      const found: { id: string; key: string | null }[] = [];
      for await (const { id, metadata } of api.batches.list({ limit })) {
        found.push({ id, key: metadata?.['key'] ?? null });
      }
      return found;
    },
    async remove(id) {
      const { input_file_id: file } = await api.batches.retrieve(id);
      await api.files.delete(file);
    },
  };
}

function anthropic(simulator: Simulator): BatchClient {
  const { batches } = anthropicOf(simulator).messages;
  return {
    ends: { completed: 'ended', failed: 'ended', expired: 'ended', cancelled: 'ended' },
    async create(lines) {
      const requests = lines.map(({ id, text }) => ({
        custom_id: id,
        params: { model: MODEL, max_tokens: 500, messages: [{ role: 'user' as const, content: text }] },
      }));
      return (await batches.create({ requests })).id;
    },
    async look(id) {
      const { processing_status: state } = await batches.retrieve(id);
      // The counts stay 0 until the end.
      return { state, done: null, error: null };
    },
    async results(id) {
      const found: Result[] = [];
      for await (const { custom_id, result } of await batches.results(id)) {
        const block = result.type === 'succeeded' ? result.message.content[0] : undefined;
        const answer = block?.type === 'text' ? block.text : '';
        if (result.type === 'succeeded') found.push({ id: custom_id, answer, error: null });
        else if (result.type === 'errored') found.push({ id: custom_id, answer: null, error: result.error.error.type });
        else found.push({ id: custom_id, answer: null, error: result.type });
      }
      return found;
    },
    cancel: (id) => batches.cancel(id),
    async list(limit) {
      const found: { id: string; key: null }[] = [];
      for await (const { id } of batches.list({ limit })) found.push({ id, key: null });
      return found;
    },
    remove: (id) => batches.delete(id),
  };
}

function google(simulator: Simulator): BatchClient {
  const api = googleOf(simulator);
  const base = simulator.baseUrl('acme', 'google').replace(/\/v1beta$/, '');
  return {
    ends: {
      completed: 'JOB_STATE_SUCCEEDED',
      failed: 'JOB_STATE_FAILED',
      expired: 'JOB_STATE_EXPIRED',
      cancelled: 'JOB_STATE_CANCELLED',
    },
    async create(lines, key) {
      const content = jsonl(
        lines.map(({ id, text }) => ({ key: id, request: { contents: [{ role: 'user', parts: [{ text }] }] } })),
      );
      const file = await api.files.upload({ file: new Blob([content]), config: { mimeType: 'application/jsonl' } });
      const job = await api.batches.create({ model: MODEL, src: file.name ?? '', config: { displayName: key } });
      return job.name ?? '';
    },
    async look(name) {
      const { state } = await api.batches.get({ name });
      // The client throws away what an operation says of its counts and of why it failed.
      const { metadata, error } = (await fetched(`${base}/v1beta/${name}`).then(JSON.parse)) as {
        metadata: { batchStats: { successfulRequestCount?: string; failedRequestCount?: string } };
        error?: { message: string };
      };
      const { successfulRequestCount = '0', failedRequestCount = '0' } = metadata.batchStats;
      return {
        state,
        done: Number(successfulRequestCount) + Number(failedRequestCount),
        error: error?.message ?? null,
      };
    },
    async results(name) {
      const { dest } = await api.batches.get({ name });
      if (!dest?.fileName) return [];
      const text = await fetched(`${base}/download/v1beta/${dest.fileName}:download?alt=media`);
      const lines = parsed(text) as readonly GoogleLine[];
      return lines.map(({ key, response, error }) => ({
        id: key,
        answer: response ? (response.candidates?.[0]?.content?.parts?.[0]?.text ?? '') : null,
        error: error ? String(error.code) : null,
      }));
    },
    cancel: (name) => api.batches.cancel({ name }),
    async list(pageSize) {
      const found: { id: string; key: string | null }[] = [];
      for await (const { name, displayName } of await api.batches.list({ config: { pageSize } })) {
        found.push({ id: name ?? '', key: displayName ?? null });
      }
      return found;
    },
    remove: (name) => api.batches.delete({ name }),
  };
}

async function fetched(url: string): Promise<string> {
  const reply = await fetch(url);
  if (!reply.ok) throw new Error(`HTTP status ${reply.status}`);
  return await reply.text();
}

interface GoogleLine {
  readonly key: string;
  readonly response?: {
    readonly candidates?: readonly { readonly content?: { readonly parts?: readonly { readonly text: string }[] } }[];
  };
  readonly error?: { readonly code: number };
}

function mistral(simulator: Simulator): BatchClient {
  const { files, batch } = mistralOf(simulator);
  const read = async (fileId: string | null | undefined) => {
    if (!fileId) return [];
    const stream = await files.download({ fileId });
    return chatResults(await textOf(Readable.fromWeb(stream as ReadableStream)));
  };
  return {
    ends: { completed: 'SUCCESS', failed: 'FAILED', expired: 'TIMEOUT_EXCEEDED', cancelled: 'CANCELLED' },
    async create(lines, key) {
      const content = jsonl(
        lines.map(({ id, text }) => ({ custom_id: id, body: { messages: [{ role: 'user', content: text }] } })),
      );
      const file = { fileName: `${key}.jsonl`, content: new Blob([content]) };
      const { id } = await files.upload({ file, purpose: 'batch' });
      const endpoint = '/v1/chat/completions';
      return (await batch.jobs.create({ inputFiles: [id], endpoint, model: MODEL, metadata: { key } })).id;
    },
    async look(jobId) {
      const { status, completedRequests, errors } = await batch.jobs.get({ jobId });
      return { state: status, done: completedRequests, error: errors[0]?.message ?? null };
    },
    async results(jobId) {
      const { outputFile, errorFile } = await batch.jobs.get({ jobId });
      return [...(await read(outputFile)), ...(await read(errorFile))];
    },
    cancel: (jobId) => batch.jobs.cancel({ jobId }),
    async list(pageSize) {
      const found: { id: string; key: string | null }[] = [];
      for (let page = 0; ; page++) {
        const { data = [] } = await batch.jobs.list({ page, pageSize, orderBy: '-created' });
        found.push(...data.map(({ id, metadata }) => ({ id, key: String(metadata?.['key']) })));
        if (data.length < pageSize) return found;
      }
    },
    remove: (jobId) => batch.jobs.delete({ jobId }),
  };
}

function chatResults(text: string): readonly Result[] {
  return (parsed(text) as readonly ChatLine[]).map(({ custom_id: id, response, error }) => {
    if (response?.status_code !== 200) {
      return { id, answer: null, error: error?.code ?? String(response?.status_code) };
    }
    const body = response.body as { choices: readonly { message: { content: string } }[] };
    return { id, answer: body.choices[0]?.message.content ?? '', error: null };
  });
}

function parsed(text: string): readonly unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}
