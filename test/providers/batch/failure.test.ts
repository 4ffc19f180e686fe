// What errors of batches mean, as the SDKs throw them over real connections.

import { expect, test } from 'vitest';
import { batchFailure, rejectedBatch } from '../../../activities/providers/batch/failure.ts';
import { batchLimitsOf, loadVendor, type ProviderType } from '../../../activities/providers/registry.ts';
import { connect, type Reply, startApi } from './api.ts';

const TYPES = [
  ['openai', '/v1', 'b-1', 'GET /v1/batches/b-1'],
  ['anthropic', '', 'b-1', 'GET /v1/messages/batches/b-1'],
  ['google', '/v1beta', 'batches/b-1', 'GET /v1beta/batches/b-1'],
  ['mistral', '/v1', 'b-1', 'GET /v1/batch/jobs/b-1'],
] as const;
const target = { provider: 'p', model: 'm-1' };

async function failureOf(type: ProviderType, look: () => Promise<unknown>, signal?: AbortSignal) {
  const error: unknown = await look().then(
    () => null,
    (reason: unknown) => reason,
  );
  return batchFailure(error, { vendor: await loadVendor(type), target, ...(signal && { signal }) });
}

test.each(TYPES)('%s: a limit passes, and says when', async (type, path, id, route) => {
  const reply = { status: 429, headers: { 'retry-after': '7' }, body: { error: { message: 'slow', type: 'x' } } };
  const { url } = await startApi({ [route]: reply });
  const connection = await connect({ type, baseUrl: `${url}${path}` });
  const failure = await failureOf(type, () => connection.look(id));
  expect(failure).toMatchObject({ kind: 'rate-limited', status: 429, retryAfterMs: 7_000, providerMessage: 'slow' });
});

test.each(TYPES)('%s: a key that is not accepted is told from a bad request', async (type, path, id, route) => {
  const { url } = await startApi({ [route]: { status: 401, body: { error: { message: 'no', type: 'x' } } } });
  const connection = await connect({ type, baseUrl: `${url}${path}` });
  expect(await failureOf(type, () => connection.look(id))).toMatchObject({ kind: 'auth', status: 401 });
});

test.each(TYPES)('%s: a reply that is lost is a failure of the connection', async (type, path, id, route) => {
  const lost: Reply = { write: (response) => response.destroy() };
  const { url } = await startApi({ [route]: lost });
  const connection = await connect({ type, baseUrl: `${url}${path}` });
  expect(await failureOf(type, () => connection.look(id))).toMatchObject({ kind: 'connection' });
});

test.each(TYPES)('%s: an activity that is cancelled ends its request', async (type, path, id, route) => {
  const controller = new AbortController();
  const silent: Reply = { write: () => controller.abort() };
  const { url } = await startApi({ [route]: silent });
  const connection = await connect({ type, baseUrl: `${url}${path}` }, controller.signal);
  const failure = await failureOf(type, () => connection.look(id), controller.signal);
  expect(failure).toMatchObject({ kind: 'cancelled' });
});

test('a batch that was rejected since too much is waiting passes with time, and another does not', async () => {
  const vendor = await loadVendor('openai');
  const look = { state: 'ended', end: 'failed', done: 0 } as const;
  const words = ['Enqueued token limit reached for m-1.'];
  const crowded = rejectedBatch({ ...look, words, code: 'token_limit_exceeded' }, { vendor, target });
  expect(crowded).toMatchObject({ kind: 'rate-limited', providerMessage: words[0] });
  const bad = rejectedBatch({ ...look, words: ['Line 3 is no JSON.'], code: 'invalid_json_line' }, { vendor, target });
  expect(bad).toMatchObject({ kind: 'invalid-request', providerMessage: 'Line 3 is no JSON.' });
});

test('a server of any kind has batches only when the configuration says so', () => {
  expect(batchLimitsOf({ type: 'openai-compatible' })).toBeNull();
  expect(batchLimitsOf({ type: 'openai-compatible', batch: true })).toMatchObject({ lines: 50_000 });
  expect(batchLimitsOf({ type: 'openai', batch: false })).toBeNull();
  expect(batchLimitsOf({ type: 'simulated' })).toMatchObject({ lines: 50_000 });
  expect(batchLimitsOf({ type: 'cohere', batch: true })).toBeNull();
});
