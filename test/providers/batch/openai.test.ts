// Batches in OpenAI's shape, against a made-up API over HTTP.

import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { collected, connect, jsonLines, linesFile, startApi } from './api.ts';

const KEY = 'key-1';
const FILE = { type: 'file', fileId: 'file-1' } as const;
const NOW_S = 1_900_000_000;
const openai = async (url: string) => await connect({ type: 'openai', baseUrl: `${url}/v1` });

test('uploads the lines as a file for batches, and creates one that has our key', async () => {
  const { url, arrivals } = await startApi({
    'POST /v1/files': { body: { id: 'file-1' } },
    'POST /v1/batches': { body: { id: 'batch-1', status: 'validating' } },
  });
  const connection = await openai(url);
  const line = connection.encode({ id: 'abc-0', body: { model: 'm-1' } });
  expect(JSON.parse(line)).toEqual({
    custom_id: 'abc-0',
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'm-1' },
  });
  const path = await linesFile([line]);
  const uploaded = await connection.upload({ key: KEY, path });
  expect(uploaded).toEqual(FILE);
  expect(await connection.create({ key: KEY, uploaded, path: null, count: 1 })).toBe('batch-1');
  const [upload, create] = arrivals;
  expect(upload?.headers.authorization).toBe('Bearer sk-test');
  expect(upload?.text).toMatch(/name="purpose"\r\n\r\nbatch\r\n/);
  expect(upload?.text).toContain(line);
  expect(JSON.parse(create?.text ?? '')).toEqual({
    input_file_id: 'file-1',
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
    metadata: { holdfast_key: KEY },
  });
});

test('finds a batch by our key or by the file, on any page that is not too old', async () => {
  const pages: Record<string, unknown> = {
    '': { data: [{ id: 'b-3', created_at: NOW_S + 60, metadata: { holdfast_key: KEY } }], has_more: true },
    'b-3': { data: [{ id: 'b-2', created_at: NOW_S, metadata: null, input_file_id: 'file-1' }], has_more: true },
    'b-2': { data: [{ id: 'b-1', created_at: NOW_S - 3_600, metadata: { holdfast_key: 'other' } }], has_more: true },
  };
  const { url, arrivals } = await startApi({
    'GET /v1/batches': ({ line }) => ({ body: pages[/after=([^&]+)/.exec(line)?.[1] ?? ''] }),
  });
  const found = await (await openai(url)).find({ key: KEY, uploaded: FILE, sinceMs: NOW_S * 1_000, count: 1 });
  expect(found).toEqual({ certain: ['b-3', 'b-2'], possible: [] });
  expect(arrivals).toHaveLength(3);
});

test('a batch whose creation was not answered is found afterwards', async () => {
  const created: unknown[] = [];
  const { url } = await startApi({
    'POST /v1/batches': ({ text }) => {
      created.push({ ...(JSON.parse(text) as object), id: 'b-1', created_at: NOW_S });
      return { write: (response) => response.destroy() };
    },
    'GET /v1/batches': () => ({ body: { data: created, has_more: false } }),
  });
  const connection = await openai(url);
  await expect(connection.create({ key: KEY, uploaded: FILE, path: null, count: 1 })).rejects.toThrow();
  expect(created).toHaveLength(1);
  const found = await connection.find({ key: KEY, uploaded: FILE, sinceMs: NOW_S * 1_000, count: 1 });
  expect(found.certain).toEqual(['b-1']);
});

test.each([
  ['validating', 'waiting', null],
  ['in_progress', 'running', null],
  ['finalizing', 'running', null],
  ['cancelling', 'running', null],
  ['completed', 'ended', 'completed'],
  ['failed', 'ended', 'failed'],
  ['expired', 'ended', 'expired'],
  ['cancelled', 'ended', 'cancelled'],
])('a batch that is %s is %s', async (status, state, end) => {
  const request_counts = { total: 3, completed: 1, failed: 1 };
  const { url } = await startApi({ 'GET /v1/batches/b-1': { body: { id: 'b-1', status, request_counts } } });
  expect(await (await openai(url)).look('b-1')).toEqual({ state, end, done: 2, words: [], code: null });
});

test('says why a batch was rejected as a whole', async () => {
  const errors = { data: [{ code: 'token_limit_exceeded', message: 'Enqueued token limit reached.', line: null }] };
  const { url } = await startApi({ 'GET /v1/batches/b-1': { body: { id: 'b-1', status: 'failed', errors } } });
  expect(await (await openai(url)).look('b-1')).toMatchObject({
    end: 'failed',
    words: ['Enqueued token limit reached.'],
    code: 'token_limit_exceeded',
  });
});

test('reads answers and errors of one that has expired from both of its files, in any order', async () => {
  const { url } = await startApi({
    'GET /v1/batches/b-1': { body: { id: 'b-1', status: 'expired', output_file_id: 'out', error_file_id: 'err' } },
    'GET /v1/files/out/content': {
      body: jsonLines(
        { custom_id: 'k-2', response: { status_code: 200, request_id: 'req-2', body: { id: 'c2' } }, error: null },
        '{"custom_id": "k-9", "respo',
        { custom_id: 'k-0', response: { status_code: 200, body: { id: 'c0' } }, error: null },
      ),
    },
    'GET /v1/files/err/content': {
      body: jsonLines(
        { custom_id: 'k-4', response: null, error: { code: 'batch_cancelled', message: 'x' } },
        { custom_id: 'k-3', response: null, error: { code: 'batch_expired', message: 'x' } },
        { custom_id: 'k-1', response: { status_code: 400, body: { error: { message: 'bad' } } }, error: null },
        { custom_id: 'k-5', response: null, error: { code: 'server_error', message: 'oh' } },
      ),
    },
  });
  expect(await collected((await openai(url)).results('b-1'))).toEqual([
    { type: 'answer', id: 'k-2', body: { id: 'c2' }, requestId: 'req-2' },
    { type: 'answer', id: 'k-0', body: { id: 'c0' }, requestId: null },
    { type: 'cancelled', id: 'k-4' },
    { type: 'expired', id: 'k-3' },
    { type: 'error', id: 'k-1', status: 400, body: { error: { message: 'bad' } } },
    { type: 'error', id: 'k-5', status: null, body: { error: { code: 'server_error', message: 'oh' } } },
  ]);
});

test('cancelling one that has ended does nothing, and what cannot be cancelled otherwise is an error', async () => {
  const { url } = await startApi({
    'POST /v1/batches/b-1/cancel': { status: 409, body: { error: { message: 'completed' } } },
    'GET /v1/batches/b-1': { body: { id: 'b-1', status: 'completed' } },
    'POST /v1/batches/b-2/cancel': { status: 500, body: { error: { message: 'oh' } } },
    'GET /v1/batches/b-2': { body: { id: 'b-2', status: 'in_progress' } },
  });
  const connection = await openai(url);
  await connection.cancel('b-1');
  await expect(connection.cancel('b-2')).rejects.toMatchObject({ status: 500 });
});

test('removes its files, also when some of them have gone already', async () => {
  const { url, arrivals } = await startApi({
    'GET /v1/batches/b-1': { body: { id: 'b-1', status: 'completed', output_file_id: 'out', error_file_id: null } },
    'DELETE /v1/files/file-1': { body: { id: 'file-1', deleted: true } },
  });
  await (await openai(url)).remove('b-1', FILE);
  expect(arrivals.map(({ line }) => line).filter((line) => line.startsWith('DELETE'))).toEqual([
    'DELETE /v1/files/out',
    'DELETE /v1/files/file-1',
  ]);
});

test('makes one request only when the API is crowded', async () => {
  const { url, arrivals } = await startApi({
    'GET /v1/batches/b-1': { status: 429, headers: { 'retry-after': '7' }, body: { error: { message: 'slow' } } },
  });
  await expect((await openai(url)).look('b-1')).rejects.toMatchObject({ status: 429 });
  expect(arrivals).toHaveLength(1);
});

test('results that break off are an error, and not the end of them', async () => {
  const { url } = await startApi({
    'GET /v1/batches/b-1': { body: { id: 'b-1', status: 'completed', output_file_id: 'out' } },
    'GET /v1/files/out/content': {
      write: (response) => {
        response.writeHead(200);
        response.write(jsonLines({ custom_id: 'k-0', response: { status_code: 200, body: {} }, error: null }));
        setImmediate(() => response.destroy());
      },
    },
  });
  await expect(collected((await openai(url)).results('b-1'))).rejects.toThrow();
});

test('reads 50 MB of results without holding them', async () => {
  const line = jsonLines({
    custom_id: 'k-0',
    response: { status_code: 200, body: { text: 'x'.repeat(50_000) } },
    error: null,
  });
  const { url } = await startApi({
    'GET /v1/batches/b-1': { body: { id: 'b-1', status: 'completed', output_file_id: 'out' } },
    'GET /v1/files/out/content': { write: (response) => Readable.from(Array<string>(1_000).fill(line)).pipe(response) },
  });
  const connection = await openai(url);
  collectGarbage();
  const before = used();
  let count = 0;
  let most = 0;
  let looked = 0;
  for await (const results of connection.results('b-1')) {
    for (const { type } of results) expect(type).toBe('answer');
    count += results.length;
    if (count - looked < 200) continue;
    looked = count;
    collectGarbage();
    most = Math.max(most, used() - before);
  }
  expect(count).toBe(1_000);
  expect(most).toBeLessThan(30_000_000);
});

function used(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
