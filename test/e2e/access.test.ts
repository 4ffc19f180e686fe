// API keys: who is let in, and whose inferences a caller sees, lists, cancels and replays.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import type { apiKeys } from './support-keys.ts';
import { apiKeysSetting, as } from './support-keys.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ env: { HOLDFAST_API_KEYS: apiKeysSetting } });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear(as('olga')));

type Name = keyof typeof apiKeys;
const SUBMIT = '/v1/inferences';

async function submit(name: Name, metadata: Record<string, string> = {}): Promise<string> {
  const { status, body } = await service.request(SUBMIT, {
    body: { ...chat('single'), metadata },
    headers: { ...as(name), prefer: 'wait=20' },
  });
  expect(status).toBe(200);
  return body.id;
}

const hang = () => service.simulator.inject({ fault: { type: 'delay', headersMs: 60_000 } });
const get = (name: Name, path: string) => service.request(path, { headers: as(name) });
const post = (name: Name, path: string) => service.request(path, { method: 'POST', headers: as(name) });

describe('without a known key', () => {
  const endpoints = [
    ['POST', '/v1/chat/completions'],
    ['POST', '/v1/inferences'],
    ['GET', '/v1/inferences'],
    ['GET', '/v1/inferences/inf-01k9zv3m7x2c4d5e6f7g8h9j0k'],
    ['POST', '/v1/inferences/inf-01k9zv3m7x2c4d5e6f7g8h9j0k/cancel'],
    ['POST', '/v1/inferences/inf-01k9zv3m7x2c4d5e6f7g8h9j0k/replay'],
    ['GET', '/v1/models'],
    ['GET', '/v1/models/chain'],
    ['GET', '/v1/targets'],
    ['POST', '/v1/responses'],
    ['GET', '/v1/responses/resp_01k9zv3m7x2c4d5e6f7g8h9j0k'],
    ['POST', '/v1/responses/resp_01k9zv3m7x2c4d5e6f7g8h9j0k/cancel'],
  ] as const;
  const credentials = [
    ['no key', {}],
    ['a wrong key', { authorization: 'Bearer wrong' }],
    ['the hash of a key', { authorization: `Bearer ${apiKeysSetting.split(/[:,]/)[1]}` }],
    ['the name of a key', { authorization: 'Bearer alice' }],
    ['a key without its scheme', { authorization: as('alice')['authorization']?.slice('Bearer '.length) ?? '' }],
    ['another scheme', { authorization: `Basic ${btoa('alice:key-of-alice')}` }],
    ['a key of another header', { 'x-api-key': 'key-of-alice' }],
  ] as const;

  test.each(endpoints)('%s %s is a 401', async (method, path) => {
    for (const [, headers] of credentials) {
      const {
        status,
        body,
        headers: got,
      } = await service.request(path, {
        method,
        headers,
        ...(method === 'POST' && { body: chat('single') }),
      });
      expect(status).toBe(401);
      expect(body.error).toMatchObject({ type: 'authentication_error', code: 'invalid_api_key' });
      expect(got.get('x-request-id')).toMatch(/./);
    }
    expect(service.simulator.requests).toHaveLength(0);
  });

  test('a bad body is not looked at', async () => {
    const { status } = await service.request('/v1/chat/completions', { method: 'POST', body: '{"model":' });
    expect(status).toBe(401);
  });

  test.each(['/healthz', '/readyz', '/openapi.json', '/docs/'])('%s needs none', async (path) => {
    expect((await service.request(path)).status).toBe(200);
  });
});

test("another key's inference is not there: no reading, waiting, cancelling or replaying it", async () => {
  const restore = hang();
  const { body } = await service.request(SUBMIT, { body: chat('single'), headers: as('alice') });
  const path = `${SUBMIT}/${body.id}`;
  const unknown = await get('bob', `${SUBMIT}/inf-01k9zv3m7x2c4d5e6f7g8h9j0k`);
  for (const attempt of [
    () => get('bob', path),
    () => get('bob', `${path}?wait=10`),
    () => post('bob', `${path}/cancel`),
    () => post('bob', `${path}/replay`),
  ]) {
    const { status, body: answer } = await attempt();
    expect(status).toBe(404);
    // In the same words as one that is not there at all.
    const words = unknown.body.error.message.replace('inf-01k9zv3m7x2c4d5e6f7g8h9j0k', body.id);
    expect(answer.error).toEqual({ ...unknown.body.error, message: words });
  }
  expect((await get('alice', path)).body.status).toBe('running');
  await post('alice', `${path}/cancel`);
  restore();
  await eventually(async () => (await get('alice', path)).body.status === 'cancelled');
  expect((await post('bob', `${path}/replay`)).status).toBe(404);
  expect((await get('alice', path)).body.status).toBe('cancelled');
});

test('an operator sees, cancels and replays what others made, and it stays theirs', async () => {
  const restore = hang();
  const { body } = await service.request(SUBMIT, { body: chat('single'), headers: as('alice') });
  const path = `${SUBMIT}/${body.id}`;
  expect((await get('olga', path)).body).toMatchObject({ id: body.id, status: 'running' });
  expect((await post('olga', `${path}/cancel`)).status).toBe(200);
  await eventually(async () => (await get('alice', path)).body.status === 'cancelled');
  restore();
  expect((await post('olga', `${path}/replay`)).status).toBe(202);
  expect((await get('alice', `${path}?wait=20`)).body.status).toBe('succeeded');
  expect((await get('bob', path)).status).toBe(404);
});

test("a list has the caller's own inferences, and an operator's has all", async () => {
  const made = { alice: await submit('alice'), bob: await submit('bob'), olga: await submit('olga') };
  const all = Object.values(made);
  const listed = async (name: Name, query = '') => {
    const { body } = await get(name, `${SUBMIT}?limit=100${query}`);
    return body.data.map(({ id }: { id: string }) => id).filter((id: string) => all.includes(id));
  };
  // Visibility lags; the last one made is the last to show.
  await eventually(async () => (await listed('olga')).length === 3);
  expect(await listed('alice')).toEqual([made.alice]);
  expect(await listed('bob')).toEqual([made.bob]);
  expect(await listed('olga')).toEqual([made.olga, made.bob, made.alice]);
  expect(await listed('bob', '&model=single&status=succeeded')).toEqual([made.bob]);
});

test("metadata that looks like another key's mark does not open its list", async () => {
  const id = await submit('alice', { 'key:bob': 'x', x: 'key:bob' });
  await eventually(async () => (await get('alice', `${SUBMIT}?limit=100`)).body.data[0]?.id === id);
  const { body } = await get('bob', `${SUBMIT}?limit=100`);
  expect(body.data.map((inference: { id: string }) => inference.id)).not.toContain(id);
});

test("another key's cursor shows nothing of its inferences", async () => {
  const mine = await submit('alice');
  await submit('alice');
  const first = await eventually(async () => {
    const { body } = await get('alice', `${SUBMIT}?limit=1`);
    return body.has_more ? body : null;
  });
  const { body } = await get('bob', `${SUBMIT}?limit=100&after=${encodeURIComponent(first.next)}`);
  expect(body.data.map(({ id }: { id: string }) => id)).not.toContain(mine);
});
