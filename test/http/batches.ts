// `/v1/batches` without Temporal: files in a directory, and batches that are only remembered.

import { createHash } from 'node:crypto';
import { beforeEach } from 'vitest';
import type { BatchStart } from '../../src/domain/batch.ts';
import type { Batches, BatchView } from '../../src/domain/batches.ts';
import { NO_PROGRESS } from '../../src/domain/batches.ts';
import type { Files } from '../../src/domain/files.ts';
import type { ApiKey } from '../../src/http/auth.ts';
import { filesInDirectory } from '../support/files.ts';
import { catalog, serverWithoutTemporal } from './server-without-temporal.ts';

const keyOf = (name: string, operator = false): ApiKey => ({
  name,
  operator,
  sha256: createHash('sha256').update(`key-of-${name}`).digest('hex'),
});
const apiKeys = [keyOf('ann'), keyOf('bob'), keyOf('olga', true)];
export const NOW_MS = Date.parse('2026-01-01T00:00:00Z');

export let files: Files;
export let started: BatchStart[];

/** To be called once in a test file. */
export function useBatches(): void {
  beforeEach(() => {
    files = filesInDirectory();
    started = [];
  });
}

export const viewOf = (start: BatchStart): BatchView => ({
  start,
  runId: 'run-1',
  state: { type: 'running', progress: NO_PROGRESS, lanes: [] },
});

/** Keeps what was started, and nothing else. */
export const memory: Partial<Batches> = {
  start: async (start) => {
    const known = started.find(({ input }) => input.id === start.input.id);
    if (known && known.fingerprint !== start.fingerprint) return { type: 'conflict' };
    if (!known) started.push(start);
    return { type: known ? 'joined' : 'started', batch: viewOf(known ?? start) };
  },
  get: async (id) => {
    const start = started.find(({ input }) => input.id === id);
    return start ? { type: 'found', batch: viewOf(start) } : { type: 'not-found' };
  },
  list: async ({ owner }) => ({
    type: 'page',
    batches: started.filter(({ input }) => owner === null || input.owner === owner).map(viewOf),
    hasMore: false,
  }),
};

const LINE = {
  custom_id: 'a',
  method: 'POST',
  url: '/v1/chat/completions',
  body: { model: 'summarize', messages: [] },
};

export function upload(
  text = `${JSON.stringify(LINE)}\n`,
  facts: { purpose?: 'batch' | 'user_data'; owner?: string } = {},
) {
  const { purpose = 'batch', owner = 'ann' } = facts;
  return files.create({
    content: (async function* () {
      // In small pieces: a line ends anywhere.
      for (let at = 0; at < text.length; at += 7) yield Buffer.from(text.slice(at, at + 7));
    })(),
    facts: () => ({ purpose, filename: 'lines.jsonl', owner }),
  });
}

export async function serve(batches: Partial<Batches> = memory, known = catalog) {
  const server = await serverWithoutTemporal({ apiKeys, files, batches, catalog: known, now: () => NOW_MS });
  const send = async (method: 'GET' | 'POST', path: string, payload?: object, extra: object = {}) => {
    const headers = { authorization: 'Bearer key-of-ann', ...extra };
    const response = await server.app.inject({
      method,
      url: `/v1/batches${path}`,
      headers,
      ...(payload && { payload }),
    });
    return { status: response.statusCode, headers: response.headers, body: response.json() };
  };
  return { ...server, send };
}

export const bodyOf = (fileId: string, fields: object = {}) => ({
  input_file_id: fileId,
  endpoint: '/v1/chat/completions',
  completion_window: '24h',
  ...fields,
});

export function never(): never {
  throw new Error('There is none.');
}
