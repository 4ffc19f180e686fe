// Mistral's batch jobs, against a made-up API over HTTP.

import { expect, test } from 'vitest';
import { collected, connect, jsonLines, linesFile, startApi } from './api.ts';

const FILE = { type: 'file', fileId: '11111111-1111-4111-8111-111111111111' } as const;
const NOW_S = 1_900_000_000;
const mistral = async (url: string) => await connect({ type: 'mistral', baseUrl: `${url}/v1` });
const job = (fields: object = {}) => ({
  id: 'job-1',
  object: 'batch',
  input_files: [FILE.fileId],
  endpoint: '/v1/chat/completions',
  model: 'm-1',
  errors: [],
  status: 'QUEUED',
  created_at: NOW_S,
  total_requests: 3,
  completed_requests: 2,
  succeeded_requests: 1,
  failed_requests: 1,
  ...fields,
});

test('uploads the lines as a file, and creates a job for the model that has our key', async () => {
  const { url, arrivals } = await startApi({
    'POST /v1/files': {
      body: {
        id: FILE.fileId,
        object: 'file',
        bytes: 10,
        created_at: NOW_S,
        filename: 'x.jsonl',
        purpose: 'batch',
        sample_type: 'batch_request',
        source: 'upload',
      },
    },
    'POST /v1/batch/jobs': { body: job() },
  });
  const connection = await mistral(url);
  const line = connection.encode({ id: 'k-0', body: { messages: [] } });
  expect(JSON.parse(line)).toEqual({ custom_id: 'k-0', body: { messages: [] } });
  const path = await linesFile([line]);
  expect(await connection.upload({ key: 'key-1', path })).toEqual(FILE);
  expect(await connection.create({ key: 'key-1', uploaded: FILE, path: null, count: 1 })).toBe('job-1');
  const [upload, create] = arrivals;
  expect(upload?.headers.authorization).toBe('Bearer sk-test');
  expect(upload?.text).toContain(line);
  expect(upload?.text).toMatch(/name="purpose"\r\n\r\nbatch\r\n/);
  expect(JSON.parse(create?.text ?? '')).toMatchObject({
    input_files: [FILE.fileId],
    endpoint: '/v1/chat/completions',
    model: 'm-1',
    metadata: { holdfast_key: 'key-1' },
  });
});

test('finds a job by our key, on a page that is not too old', async () => {
  const full = Array.from({ length: 100 }, (_, index) => job({ id: `other-${index}`, input_files: [] }));
  const { url, arrivals } = await startApi({
    'GET /v1/batch/jobs': ({ line }) => {
      const isFirst = line.includes('page=0');
      const data = isFirst ? full : [job({ input_files: [], metadata: { holdfast_key: 'key-1' } })];
      return { body: { object: 'list', total: 101, data } };
    },
  });
  const connection = await mistral(url);
  const input = { key: 'key-1', uploaded: FILE, count: 3 };
  expect(await connection.find({ ...input, sinceMs: NOW_S * 1_000 })).toEqual({ certain: ['job-1'], possible: [] });
  expect(arrivals).toHaveLength(2);
  expect(await connection.find({ ...input, sinceMs: (NOW_S + 3_600) * 1_000 })).toEqual({ certain: [], possible: [] });
  expect(arrivals).toHaveLength(3);
});

test.each([
  ['QUEUED', 'waiting', null],
  ['RUNNING', 'running', null],
  ['CANCELLATION_REQUESTED', 'running', null],
  ['SOMETHING_NEW', 'running', null],
  ['SUCCESS', 'ended', 'completed'],
  ['FAILED', 'ended', 'failed'],
  ['TIMEOUT_EXCEEDED', 'ended', 'expired'],
  ['CANCELLED', 'ended', 'cancelled'],
])('a job that is %s is %s', async (status, state, end) => {
  const errors = [{ message: 'bad lines', count: 2 }];
  const { url } = await startApi({ 'GET /v1/batch/jobs/job-1': { body: job({ status, errors }) } });
  const look = await (await mistral(url)).look('job-1');
  expect(look).toEqual({ state, end, done: 2, words: ['bad lines'], code: null });
});

test('reads answers and errors from both files', async () => {
  const { url } = await startApi({
    'GET /v1/batch/jobs/job-1': { body: job({ status: 'TIMEOUT_EXCEEDED', output_file: 'out', error_file: 'err' }) },
    'GET /v1/files/out/content': {
      body: jsonLines({ custom_id: 'k-1', response: { status_code: 200, body: { id: 'c1' } }, error: null }),
    },
    'GET /v1/files/err/content': {
      body: jsonLines({ custom_id: 'k-0', response: { status_code: 422, body: { detail: 'bad' } }, error: null }),
    },
  });
  expect(await collected((await mistral(url)).results('job-1'))).toEqual([
    { type: 'answer', id: 'k-1', body: { id: 'c1' }, requestId: null },
    { type: 'error', id: 'k-0', status: 422, body: { detail: 'bad' } },
  ]);
});

test('cancels, and removes the files that are still there', async () => {
  const { url, arrivals } = await startApi({
    'POST /v1/batch/jobs/job-1/cancel': { status: 400, body: { detail: 'has ended' } },
    'GET /v1/batch/jobs/job-1': { body: job({ status: 'SUCCESS', output_file: 'out' }) },
    [`DELETE /v1/files/${FILE.fileId}`]: { body: { id: FILE.fileId, object: 'file', deleted: true } },
  });
  const connection = await mistral(url);
  await connection.cancel('job-1');
  await connection.remove('job-1', FILE);
  expect(arrivals.at(-1)?.line).toBe(`DELETE /v1/files/${FILE.fileId}`);
});

test('makes one request only when the API is crowded', async () => {
  const { url, arrivals } = await startApi({ 'GET /v1/batch/jobs/job-1': { status: 429, body: { message: 'slow' } } });
  await expect((await mistral(url)).look('job-1')).rejects.toMatchObject({ statusCode: 429 });
  expect(arrivals).toHaveLength(1);
});
