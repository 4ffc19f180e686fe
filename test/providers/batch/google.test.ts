// Gemini's batches, against a made-up API over HTTP.

import { expect, test } from 'vitest';
import { collected, connect, jsonLines, linesFile, startApi } from './api.ts';

const FILE = { type: 'file', fileId: 'files/in' } as const;
const google = async (url: string) => await connect({ type: 'google', baseUrl: `${url}/v1beta` });

test('uploads the lines as a file, and creates a batch under the name of our key', async () => {
  const { url, arrivals } = await startApi({
    'POST /upload/v1beta/files': () => ({
      headers: { 'x-goog-upload-url': `http://elsewhere.test/upload/session-1` },
      body: {},
    }),
    'POST /upload/session-1': {
      headers: { 'x-goog-upload-status': 'final' },
      body: { file: { name: 'files/in' } },
    },
    'POST /v1beta/models/m-1:batchGenerateContent': { body: { name: 'batches/b-1', metadata: {} } },
  });
  const connection = await google(url);
  const line = connection.encode({ id: 'k-0', body: { contents: [] } });
  expect(JSON.parse(line)).toEqual({ key: 'k-0', request: { contents: [] } });
  const path = await linesFile([line]);
  expect(await connection.upload({ key: 'key-1', path })).toEqual(FILE);
  expect(await connection.create({ key: 'key-1', uploaded: FILE, path: null, count: 1 })).toBe('batches/b-1');
  expect(arrivals.every(({ headers }) => headers['x-goog-api-key'] === 'sk-test')).toBe(true);
  expect(arrivals[1]?.text).toBe(`${line}\n`);
  expect(JSON.parse(arrivals[2]?.text ?? '')).toEqual({
    batch: { displayName: 'key-1', inputConfig: { fileName: 'files/in' } },
  });
});

test('finds a batch by its name on any page, in any order', async () => {
  const operation = (name: string, displayName: string, createTime: string) => ({
    name,
    metadata: { displayName, createTime, state: 'BATCH_STATE_PENDING' },
  });
  const { url } = await startApi({
    'GET /v1beta/batches': ({ line }) => ({
      body: line.includes('pageToken=next')
        ? { operations: [operation('batches/b-2', 'key-1', '2030-01-01T12:00:00Z')] }
        : { operations: [operation('batches/b-1', 'key-1', '2029-01-01T12:00:00Z')], nextPageToken: 'next' },
    }),
  });
  const sinceMs = Date.parse('2030-01-01T12:05:00Z');
  const found = await (await google(url)).find({ key: 'key-1', uploaded: FILE, sinceMs, count: 1 });
  expect(found).toEqual({ certain: ['batches/b-2'], possible: [] });
});

test.each([
  ['BATCH_STATE_PENDING', 'waiting', null],
  ['BATCH_STATE_RUNNING', 'running', null],
  ['BATCH_STATE_SUCCEEDED', 'ended', 'completed'],
  ['BATCH_STATE_FAILED', 'ended', 'failed'],
  ['BATCH_STATE_CANCELLED', 'ended', 'cancelled'],
  ['BATCH_STATE_EXPIRED', 'ended', 'expired'],
])('a batch in %s is %s', async (name, state, end) => {
  const metadata = { state: name, batchStats: { requestCount: '3', successfulRequestCount: '2' } };
  const error = { code: 8, message: 'too much', status: 'RESOURCE_EXHAUSTED' };
  const { url } = await startApi({ 'GET /v1beta/batches/b-1': { body: { name: 'batches/b-1', metadata, error } } });
  const look = await (await google(url)).look('batches/b-1');
  expect(look).toEqual({ state, end, done: 2, words: ['too much'], code: 'RESOURCE_EXHAUSTED' });
});

test('reads results of each kind from the file that the batch names', async () => {
  const { url, arrivals } = await startApi({
    'GET /v1beta/batches/b-1': {
      body: {
        name: 'batches/b-1',
        metadata: { state: 'BATCH_STATE_SUCCEEDED', output: { responsesFile: 'files/out' } },
      },
    },
    'GET /download/v1beta/files/out:download': {
      body: jsonLines(
        { key: 'k-2', response: { candidates: [] } },
        { key: 'k-1', error: { code: 8, message: 'quota' } },
        'half a li',
        { key: 'k-0', error: { code: 400, message: 'bad', status: 'INVALID_ARGUMENT' } },
        { key: 'k-3', error: { code: 1, message: 'cancelled' } },
      ),
    },
  });
  expect(await collected((await google(url)).results('batches/b-1'))).toEqual([
    { type: 'answer', id: 'k-2', body: { candidates: [] }, requestId: null },
    {
      type: 'error',
      id: 'k-1',
      status: null,
      body: { error: { code: 8, message: 'quota', status: 'RESOURCE_EXHAUSTED' } },
    },
    {
      type: 'error',
      id: 'k-0',
      status: 400,
      body: { error: { code: 400, message: 'bad', status: 'INVALID_ARGUMENT' } },
    },
    { type: 'cancelled', id: 'k-3' },
  ]);
  expect(arrivals.at(-1)?.line).toBe('GET /download/v1beta/files/out:download?alt=media');
});

test('cancelling one that has ended does nothing, and what has gone is not removed again', async () => {
  const { url, arrivals } = await startApi({
    'POST /v1beta/batches/b-1:cancel': { status: 400, body: { error: { message: 'done' } } },
    'GET /v1beta/batches/b-1': { body: { metadata: { state: 'BATCH_STATE_SUCCEEDED' } } },
    'DELETE /v1beta/files/in': { body: {} },
  });
  const connection = await google(url);
  await connection.cancel('batches/b-1');
  await connection.remove('batches/b-1', FILE);
  expect(arrivals.slice(-2).map(({ line }) => line)).toEqual(['DELETE /v1beta/batches/b-1', 'DELETE /v1beta/files/in']);
});

test('makes one request only when the API is crowded', async () => {
  const body = { error: { code: 429, message: 'slow', status: 'RESOURCE_EXHAUSTED' } };
  const { url, arrivals } = await startApi({ 'GET /v1beta/batches/b-1': { status: 429, body } });
  await expect((await google(url)).look('batches/b-1')).rejects.toMatchObject({ status: 429 });
  expect(arrivals).toHaveLength(1);
});
