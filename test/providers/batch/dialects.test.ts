// Where others differ from OpenAI's batches, against made-up APIs over HTTP.

import { expect, onTestFinished, test, vi } from 'vitest';
import { collected, connect, linesFile, startApi } from './api.ts';

const FILE = { type: 'file', fileId: 'file-1' } as const;
const INLINE = { type: 'inline' } as const;
const NOW_S = 1_900_000_000;

test('Azure: with a version that is a date there is no /v1, and its own header has the key', async () => {
  const { url, arrivals } = await startApi({ 'POST /openai/batches': { body: { id: 'b-1' } } });
  const baseUrl = `${url}/openai`;
  const connection = await connect({ type: 'azure', baseUrl, apiVersion: '2025-04-01-preview' });
  expect(JSON.parse(connection.encode({ id: 'k-0', body: {} }))).toMatchObject({ url: '/chat/completions' });
  expect(await connection.create({ key: 'key-1', uploaded: FILE, path: null, count: 1 })).toBe('b-1');
  expect(arrivals[0]?.line).toBe('POST /openai/batches?api-version=2025-04-01-preview');
  expect(arrivals[0]?.headers).toMatchObject({ 'api-key': 'sk-test' });
  expect(arrivals[0]?.headers).not.toHaveProperty('authorization');
});

test('Azure: without one its files and batches are under /v1', async () => {
  const { url, arrivals } = await startApi({ 'GET /openai/v1/batches/b-1': { body: { status: 'completed' } } });
  const connection = await connect({ type: 'azure', baseUrl: `${url}/openai` });
  expect(await connection.look('b-1')).toMatchObject({ end: 'completed' });
  expect(arrivals).toHaveLength(1);
});

test('simulated: no key, and none from the environment', async () => {
  vi.stubEnv('OPENAI_API_KEY', 'sk-environment');
  vi.stubEnv('OPENAI_ADMIN_KEY', 'sk-environment');
  vi.stubEnv('OPENAI_ORG_ID', 'org-environment');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { url, arrivals } = await startApi({ 'GET /v1/batches/b-1': { body: { status: 'completed' } } });
  const connection = await connect({ type: 'simulated', baseUrl: `${url}/v1` });
  expect(await connection.look('b-1')).toMatchObject({ end: 'completed' });
  expect(JSON.stringify(arrivals[0]?.headers)).not.toContain('environment');
  expect(arrivals[0]?.headers).not.toHaveProperty('authorization');
});

test('Together: another purpose and path, a batch in a field, states in capitals, and the file instead of a key', async () => {
  const { url, arrivals } = await startApi({
    'POST /v1/files/upload': { body: { id: 'file-1' } },
    'POST /v1/batches': { body: { job: { id: 'b-1', status: 'VALIDATING' } } },
    'GET /v1/batches/b-1': { body: { id: 'b-1', status: 'EXPIRED' } },
    'GET /v1/batches': {
      body: [
        { id: 'b-2', input_file_id: 'file-2', created_at: '2030-03-18T00:00:00Z' },
        { id: 'b-1', input_file_id: 'file-1', created_at: '2030-03-18T00:00:00Z' },
      ],
    },
  });
  const connection = await connect({ type: 'together', baseUrl: `${url}/v1` });
  const uploaded = await connection.upload({ key: 'key-1', path: await linesFile(['{}']) });
  expect(arrivals[0]?.text).toMatch(/name="purpose"\r\n\r\nbatch-api\r\n/);
  expect(await connection.create({ key: 'key-1', uploaded, path: null, count: 1 })).toBe('b-1');
  expect(JSON.parse(arrivals[1]?.text ?? '')).not.toHaveProperty('metadata');
  expect(await connection.look('b-1')).toMatchObject({ state: 'ended', end: 'expired', done: null });
  const found = await connection.find({ key: 'key-1', uploaded, sinceMs: NOW_S * 1_000, count: 1 });
  expect(found).toEqual({ certain: ['b-1'], possible: [] });
});

test('OpenRouter: the lines are in the request, behind what they are, and the results in the batch', async () => {
  const { url, arrivals } = await startApi({
    'POST /v1/batches': { status: 202, body: { id: 'b-1', status: 'validating' } },
    'GET /v1/batches/b-1': {
      body: {
        id: 'b-1',
        status: 'completed',
        request_counts: { total: 2, completed: 1, failed: 1 },
        results: [
          { custom_id: 'k-1', response: { status_code: 200, body: { id: 'c1' } }, error: null },
          { custom_id: 'k-0', response: null, error: { code: 'rate_limited', message: 'slow' } },
        ],
      },
    },
    'GET /v1/batches': {
      body: {
        data: [
          { id: 'b-2', created_at: NOW_S, request_counts: { total: 3 } },
          { id: 'b-1', created_at: NOW_S, request_counts: { total: 2 } },
          { id: 'b-0', created_at: NOW_S - 3_600, request_counts: { total: 2 } },
        ],
      },
    },
  });
  const connection = await connect({ type: 'openrouter', baseUrl: `${url}/v1` });
  const path = await linesFile([
    connection.encode({ id: 'k-0', body: {} }),
    connection.encode({ id: 'k-1', body: {} }),
  ]);
  expect(await connection.upload({ key: 'key-1', path })).toEqual(INLINE);
  expect(await connection.create({ key: 'key-1', uploaded: INLINE, path, count: 2 })).toBe('b-1');
  expect(arrivals[0]?.text).toBe(
    '{"endpoint":"/v1/chat/completions","model":"m-1","requests":[{"custom_id":"k-0","body":{}},{"custom_id":"k-1","body":{}}]}',
  );
  expect(await connection.look('b-1')).toMatchObject({ state: 'ended', end: 'completed', done: 2 });
  expect(await collected(connection.results('b-1'))).toEqual([
    { type: 'answer', id: 'k-1', body: { id: 'c1' }, requestId: null },
    { type: 'error', id: 'k-0', status: null, body: { error: { code: 'rate_limited', message: 'slow' } } },
  ]);
  const found = await connection.find({ key: 'key-1', uploaded: INLINE, sinceMs: NOW_S * 1_000, count: 2 });
  expect(found).toEqual({ certain: [], possible: ['b-1'] });
});
