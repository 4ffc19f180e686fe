// Anthropic's message batches, against a made-up API over HTTP.

import { expect, test } from 'vitest';
import { collected, connect, jsonLines, linesFile, startApi } from './api.ts';

const INLINE = { type: 'inline' } as const;
const NONE = { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 };
const anthropic = async (url: string) => await connect({ type: 'anthropic', baseUrl: url });

test('sends the lines in the request that creates the batch, without the stream that is not allowed there', async () => {
  const { url, arrivals } = await startApi({ 'POST /v1/messages/batches': { body: { id: 'msgbatch_1' } } });
  const connection = await anthropic(url);
  const path = await linesFile([connection.encode({ id: 'k-0', body: { model: 'm-1', max_tokens: 5, stream: true } })]);
  const uploaded = await connection.upload({ key: 'key-1', path });
  expect(uploaded).toEqual(INLINE);
  expect(await connection.create({ key: 'key-1', uploaded, path, count: 1 })).toBe('msgbatch_1');
  expect(arrivals).toHaveLength(1);
  expect(arrivals[0]?.headers['x-api-key']).toBe('sk-test');
  expect(JSON.parse(arrivals[0]?.text ?? '')).toEqual({
    requests: [{ custom_id: 'k-0', params: { model: 'm-1', max_tokens: 5 } }],
  });
});

test('says which batches may be ours: those since, with as many lines', async () => {
  const batch = (id: string, created_at: string, counts: object) => ({
    id,
    created_at,
    request_counts: { ...NONE, ...counts },
  });
  const { url } = await startApi({
    'GET /v1/messages/batches': {
      body: {
        data: [
          batch('b-4', '2030-01-01T12:30:00Z', { processing: 3 }),
          batch('b-3', '2030-01-01T12:20:00Z', { processing: 4 }),
          batch('b-2', '2030-01-01T12:10:00Z', { succeeded: 1, errored: 1, expired: 1 }),
          batch('b-1', '2030-01-01T11:00:00Z', { processing: 3 }),
        ],
        has_more: false,
        last_id: 'b-1',
      },
    },
  });
  const sinceMs = Date.parse('2030-01-01T12:15:00Z');
  const found = await (await anthropic(url)).find({ key: 'key-1', uploaded: INLINE, sinceMs, count: 3 });
  expect(found).toEqual({ certain: [], possible: ['b-4', 'b-2'] });
});

test.each([
  ['in_progress', { processing: 3 }, 'running', null, null],
  ['canceling', { processing: 3 }, 'running', null, null],
  ['ended', { succeeded: 2, errored: 1 }, 'ended', 'completed', 3],
  ['ended', { succeeded: 2, expired: 1 }, 'ended', 'expired', 3],
  ['ended', { succeeded: 1, canceled: 1, expired: 1 }, 'ended', 'cancelled', 3],
])('a batch that is %s with %o is %s', async (processing_status, counts, state, end, done) => {
  const body = { id: 'b-1', processing_status, request_counts: { ...NONE, ...counts } };
  const { url } = await startApi({ 'GET /v1/messages/batches/b-1': { body } });
  expect(await (await anthropic(url)).look('b-1')).toEqual({ state, end, done, words: [], code: null });
});

test('reads results of each kind', async () => {
  const error = { type: 'error', error: { type: 'invalid_request_error', message: 'bad' }, request_id: 'r' };
  const { url, arrivals } = await startApi({
    'GET /v1/messages/batches/b-1/results': {
      body: jsonLines(
        { custom_id: 'k-2', result: { type: 'succeeded', message: { id: 'msg_2' } } },
        { custom_id: 'k-1', result: { type: 'errored', error } },
        'half a li',
        { custom_id: 'k-3', result: { type: 'canceled' } },
        { custom_id: 'k-0', result: { type: 'expired' } },
      ),
    },
  });
  expect(await collected((await anthropic(url)).results('b-1'))).toEqual([
    { type: 'answer', id: 'k-2', body: { id: 'msg_2' }, requestId: null },
    { type: 'error', id: 'k-1', status: null, body: error },
    { type: 'cancelled', id: 'k-3' },
    { type: 'expired', id: 'k-0' },
  ]);
  expect(arrivals).toHaveLength(1);
});

test('cancelling one that has ended does nothing, and removing one that has gone neither', async () => {
  const { url } = await startApi({
    'POST /v1/messages/batches/b-1/cancel': { status: 400, body: { type: 'error', error: { message: 'ended' } } },
    'GET /v1/messages/batches/b-1': { body: { id: 'b-1', processing_status: 'ended', request_counts: NONE } },
  });
  const connection = await anthropic(url);
  await connection.cancel('b-1');
  await connection.remove('b-1', INLINE);
});
