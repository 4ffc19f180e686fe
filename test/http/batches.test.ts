// `/v1/batches` without Temporal: what a start is made of, and whose it is.

import OpenAI from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Batches } from '../../src/domain/batches.ts';
import { bodyOf, files, memory, never, NOW_MS, serve, started, upload, useBatches, viewOf } from './batches.ts';
import { catalog } from './server-without-temporal.ts';

useBatches();

describe('a batch that is created', () => {
  test('has what the configuration says of the model that the first line asks for', async () => {
    const { send } = await serve();
    const { id: fileId } = await upload();
    const { status, body } = await send('POST', '', bodyOf(fileId, { metadata: { night: '7' } }));
    expect(status).toBe(200);
    expect(body).toEqual({
      id: expect.stringMatching(/^batch_[0-9a-z]{26}$/),
      object: 'batch',
      endpoint: '/v1/chat/completions',
      model: 'summarize',
      errors: null,
      input_file_id: fileId,
      completion_window: '24h',
      status: 'validating',
      output_file_id: null,
      error_file_id: null,
      created_at: NOW_MS / 1000,
      in_progress_at: null,
      expires_at: NOW_MS / 1000 + 86_400,
      finalizing_at: null,
      completed_at: null,
      failed_at: null,
      expired_at: null,
      cancelling_at: null,
      cancelled_at: null,
      request_counts: { total: 0, completed: 0, failed: 0 },
      usage: null,
      metadata: { night: '7' },
      lanes: [],
      deadline: '1d',
      rescue: 'sync',
      max_cost_usd: null,
      webhook_url: null,
      cost: { usd: null, estimate_usd: null, sync_usd: null, saving_usd: null },
      stopped_by: null,
      temporal: { workflow_id: body.id, run_id: 'run-1', ui_url: null },
    });
    const { settings } = catalog.models['summarize'] ?? {};
    expect(started[0]).toMatchObject({
      createdAt: '2026-01-01T00:00:00.000Z',
      input: {
        settings,
        lanes: settings?.targets,
        deadlineMs: 86_400_000,
        owner: 'ann',
        rules: catalog.batchRules,
        configHash: 'hash',
      },
    });
  });

  test('goes to the lanes of the model, where it has some', async () => {
    const entry = catalog.models['summarize'];
    const batchTargets = [{ provider: 'together', model: 'x', system: 'Be brief.' }];
    const models = { summarize: { ...entry, settings: entry?.settings ?? never(), batchTargets } };
    const { send } = await serve(memory, { ...catalog, models });
    const { id } = await upload();
    await send('POST', '', bodyOf(id));
    await send('POST', '', bodyOf(id, { lanes: ['openai/other', 'together/x', 'openai/gpt-4o'] }));
    expect(started.map(({ input }) => input.lanes)).toEqual([
      batchTargets,
      [
        { provider: 'openai', model: 'other' },
        { provider: 'together', model: 'x', system: 'Be brief.' },
        { provider: 'openai', model: 'gpt-4o', price: { input: 2.5, output: 10 }, contextWindow: 128_000 },
      ],
    ]);
  });

  test('takes what is ours beside what OpenAI has', async () => {
    const { send } = await serve();
    const { id } = await upload();
    const ours = { deadline: '90m', rescue: 'none', max_cost_usd: 2.5 };
    const { body } = await send('POST', '', bodyOf(id, { ...ours, completion_window: '12h' }));
    expect(body).toMatchObject({ ...ours, completion_window: '12h', expires_at: NOW_MS / 1000 + 5_400 });
    expect(started[0]?.input).toMatchObject({ deadlineMs: 5_400_000, rescue: 'none', maxCostUsd: 2.5 });
  });

  test('is the same for the same Idempotency-Key and body, also when its file is gone', async () => {
    const { send } = await serve();
    const { id } = await upload();
    const key = { 'idempotency-key': 'night-7' };
    const first = await send('POST', '', bodyOf(id), key);
    await files.delete(id);
    const second = await send('POST', '', bodyOf(id), key);
    expect(second).toMatchObject({ status: 200, body: { id: first.body.id } });
    expect(first.body.id).toMatch(/^batch_[0-9a-f]{64}$/);
    const { id: other } = await upload();
    const third = await send('POST', '', bodyOf(other), key);
    expect(third).toMatchObject({ status: 409, body: { error: { code: 'idempotency_key_reused' } } });
    const bobs = { ...key, authorization: 'Bearer key-of-bob' };
    const fourth = await send('POST', '', bodyOf((await upload(undefined, { owner: 'bob' })).id), bobs);
    expect(fourth.body.id).not.toBe(first.body.id);
  });

  test('is found by a client that sends it again by itself, since two would be paid for', async () => {
    const { send } = await serve();
    const { id } = await upload();
    const first = await send('POST', '', bodyOf(id));
    const again = await send('POST', '', bodyOf(id), { 'x-stainless-retry-count': '1' });
    expect(again.body.id).toBe(first.body.id);
    expect((await send('POST', '', bodyOf(id))).body.id).not.toBe(first.body.id);
    const other = await send('POST', '', bodyOf(id, { rescue: 'none' }), { 'x-stainless-retry-count': '1' });
    expect(other.body.id).not.toBe(first.body.id);
  });

  test('whose start is in doubt names its id, and is only sent again where it is joined', async () => {
    const unavailable: Batches['start'] = async ({ input }) => ({
      type: 'unavailable',
      startUnknown: true,
      id: input.id,
    });
    const { send } = await serve({ ...memory, start: unavailable });
    const { id } = await upload();
    const without = await send('POST', '', bodyOf(id));
    expect(without).toMatchObject({ status: 503, body: { error: { code: 'temporal_unavailable' } } });
    expect(without.body.error.message).toMatch(/GET \/v1\/batches\/batch_[0-9a-z]{26} tells/);
    expect(without.headers['x-should-retry']).toBe('false');
    const keyed = await send('POST', '', bodyOf(id), { 'idempotency-key': 'k' });
    expect(keyed.headers['x-should-retry']).toBe('true');
  });
});

test('the official client creates, reads, lists and cancels', async () => {
  const cancel: Batches['cancel'] = async () => ({ type: 'found', batch: viewOf(started[0] ?? never()) });
  const { app } = await serve({ ...memory, cancel });
  onTestFinished(() => app.close());
  const baseURL = `${await app.listen({ host: '127.0.0.1', port: 0 })}/v1`;
  const client = new OpenAI({ apiKey: 'key-of-ann', baseURL, maxRetries: 0 });
  const { id: input_file_id } = await upload();
  const wanted = { input_file_id, endpoint: '/v1/chat/completions', completion_window: '24h' } as const;
  const created = await client.batches.create({ ...wanted, metadata: { night: '7' } });
  expect(created).toMatchObject({ object: 'batch', status: 'validating', metadata: { night: '7' } });
  expect(await client.batches.retrieve(created.id)).toEqual(created);
  expect(await client.batches.cancel(created.id)).toEqual(created);
  const listed: string[] = [];
  for await (const { id } of client.batches.list({ limit: 1 })) listed.push(id);
  expect(listed).toEqual([created.id]);
});

describe('a batch', () => {
  test('is its owner’s, and the operators’', async () => {
    const { send } = await serve({
      ...memory,
      cancel: async () => ({ type: 'found', batch: viewOf(started[0] ?? never()) }),
    });
    const { body } = await send('POST', '', bodyOf((await upload()).id));
    const bob = { authorization: 'Bearer key-of-bob' };
    const olga = { authorization: 'Bearer key-of-olga' };
    const hidden = { status: 404, body: { error: { code: 'batch_not_found' } } };
    expect(await send('GET', `/${body.id}`)).toMatchObject({ status: 200, body: { id: body.id } });
    expect(await send('GET', `/${body.id}`, undefined, olga)).toMatchObject({ status: 200 });
    expect(await send('GET', `/${body.id}`, undefined, bob)).toMatchObject(hidden);
    expect(await send('POST', `/${body.id}/cancel`, undefined, bob)).toMatchObject(hidden);
    expect(await send('POST', `/${body.id}/cancel`)).toMatchObject({ status: 200 });
    expect((await send('GET', '')).body).toMatchObject({ first_id: body.id, last_id: body.id, has_more: false });
    expect((await send('GET', '', undefined, bob)).body).toEqual({
      object: 'list',
      data: [],
      first_id: null,
      last_id: null,
      has_more: false,
    });
  });

  test.each(['nothing', `batch_${'0'.repeat(26)}`, `inf-${'0'.repeat(26)}`, '..%2Fx'])('%s is a 404', async (id) => {
    const { send } = await serve();
    expect(await send('GET', `/${id}`)).toMatchObject({ status: 404, body: { error: { code: 'batch_not_found' } } });
  });

  test.each(['limit=0', 'limit=101', 'limit=x', 'after=', 'order=asc'])('a list with %s is refused', async (query) => {
    const { send } = await serve();
    expect(await send('GET', `?${query}`)).toMatchObject({ status: 400 });
  });

  test('is a 503 that may be asked for again while Temporal is away', async () => {
    const away = async () => ({ type: 'unavailable' as const, startUnknown: false });
    const { send } = await serve({ get: away, list: away, cancel: away });
    for (const path of ['', `/batch_${'0'.repeat(26)}`]) {
      const answer = await send('GET', path);
      expect(answer).toMatchObject({ status: 503, body: { error: { code: 'temporal_unavailable' } } });
      expect(answer.headers['x-should-retry']).toBe('true');
    }
  });
});
