// `/v1/files` with the official client and by hand: what goes in comes out, and what is wrong leaves nothing behind.

import OpenAI, { toFile } from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ApiKey } from '../../src/http/auth.ts';
import { createHash } from 'node:crypto';
import { serverWithoutTemporal } from './server-without-temporal.ts';

const keyOf = (name: string, operator = false): ApiKey => ({
  name,
  operator,
  sha256: createHash('sha256').update(`key-of-${name}`).digest('hex'),
});

let url: string;
let close: () => Promise<void>;

beforeEach(async () => {
  const server = await serverWithoutTemporal({ apiKeys: [keyOf('ann'), keyOf('bob'), keyOf('olga', true)] });
  url = await server.app.listen({ host: '127.0.0.1', port: 0 });
  close = () => server.app.close();
});
afterEach(() => close());

const clientOf = (name: string) => new OpenAI({ apiKey: `key-of-${name}`, baseURL: `${url}/v1`, maxRetries: 0 });
const upload = (name: string, text = '{"a":1}\n', purpose: 'batch' | 'user_data' = 'batch') =>
  toFile(Buffer.from(text), 'lines.jsonl').then((file) => clientOf(name).files.create({ file, purpose }));

async function post(form: FormData) {
  const response = await fetch(`${url}/v1/files`, {
    method: 'POST',
    body: form,
    headers: { authorization: 'Bearer key-of-ann' },
  });
  return { status: response.status, body: (await response.json()) as { error?: { code: string; param: string } } };
}

const nothing = async () => (await clientOf('olga').files.list()).data.length === 0;

test('the official client uploads, reads, lists and deletes', async () => {
  const client = clientOf('ann');
  const created = await upload('ann', '{"custom_id":"é"}\n');
  expect(created).toMatchObject({
    object: 'file',
    bytes: 19,
    filename: 'lines.jsonl',
    purpose: 'batch',
    status: 'processed',
  });
  expect(created.id).toMatch(/^file-[0-9a-z]{26}$/);
  expect(Math.abs(created.created_at - Date.now() / 1000)).toBeLessThan(60);
  expect(await client.files.retrieve(created.id)).toEqual(created);
  const content = await client.files.content(created.id);
  expect(content.headers.get('content-length')).toBe('19');
  expect(await content.text()).toBe('{"custom_id":"é"}\n');
  expect(await client.files.delete(created.id)).toEqual({ id: created.id, object: 'file', deleted: true });
  await expect(client.files.content(created.id)).rejects.toMatchObject({ status: 404, code: 'file_not_found' });
});

test('a list goes on where the page before it ended, newest first unless it is asked otherwise', async () => {
  const ids: string[] = [];
  for (let number = 0; number < 5; number++) {
    ids.push((await upload('ann', 'x', number === 2 ? 'user_data' : 'batch')).id);
    // Ids sort by the millisecond.
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const client = clientOf('ann');
  const seen: string[] = [];
  for await (const file of client.files.list({ limit: 2 })) seen.push(file.id);
  expect(seen).toEqual(ids.toReversed());
  const oldest = await client.files.list({ order: 'asc', limit: 1 });
  expect(oldest.data.map(({ id }) => id)).toEqual(ids.slice(0, 1));
  expect(oldest.has_more).toBe(true);
  expect((await client.files.list({ purpose: 'user_data' })).data.map(({ id }) => id)).toEqual([ids[2]]);
  await expect(client.files.list({ after: 'file-none' })).rejects.toMatchObject({ status: 404 });
});

test('a file is its owner’s, and the operators’', async () => {
  const { id } = await upload('ann');
  const bob = clientOf('bob');
  expect((await bob.files.list()).data).toEqual([]);
  await expect(bob.files.retrieve(id)).rejects.toMatchObject({ status: 404 });
  await expect(bob.files.content(id)).rejects.toMatchObject({ status: 404 });
  await expect(bob.files.delete(id)).rejects.toMatchObject({ status: 404 });
  expect((await clientOf('olga').files.retrieve(id)).id).toBe(id);
});

describe('nothing is kept of an upload', () => {
  const file = new Blob(['{"a":1}']);

  test('without a purpose, or with an unknown one', async () => {
    const without = new FormData();
    without.append('file', file, 'a.jsonl');
    expect(await post(without)).toMatchObject({
      status: 400,
      body: { error: { code: 'missing_required_parameter', param: 'purpose' } },
    });
    const unknown = new FormData();
    unknown.append('file', file, 'a.jsonl');
    unknown.append('purpose', 'fine-tune');
    expect(await post(unknown)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_value', param: 'purpose' } },
    });
    expect(await nothing()).toBe(true);
  });

  test('without a file, or with two', async () => {
    const without = new FormData();
    without.append('purpose', 'batch');
    expect(await post(without)).toMatchObject({
      status: 400,
      body: { error: { code: 'missing_required_parameter', param: 'file' } },
    });
    const two = new FormData();
    two.append('purpose', 'batch');
    two.append('file', file, 'a.jsonl');
    two.append('file', file, 'b.jsonl');
    expect(await post(two)).toMatchObject({ status: 400, body: { error: { code: 'invalid_value', param: 'file' } } });
    expect(await nothing()).toBe(true);
  });

  test('that is larger than the limit', async () => {
    const large = new FormData();
    large.append('purpose', 'batch');
    large.append('file', new Blob(['x'.repeat(1_000_001)]), 'a.jsonl');
    expect(await post(large)).toMatchObject({
      status: 413,
      body: { error: { code: 'body_too_large', param: 'file' } },
    });
    expect(await nothing()).toBe(true);
  });

  test('that is no form', async () => {
    const headers = { authorization: 'Bearer key-of-ann', 'content-type': 'application/json' };
    const response = await fetch(`${url}/v1/files`, { method: 'POST', body: '{}', headers });
    expect(response.status).toBe(415);
    expect(await nothing()).toBe(true);
  });

  test('whose client leaves in the middle', async () => {
    const leaving = new AbortController();
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(
          Buffer.from('--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nhalf of '),
        );
        setTimeout(() => leaving.abort(), 100);
      },
    });
    const headers = { authorization: 'Bearer key-of-ann', 'content-type': 'multipart/form-data; boundary=b' };
    const request = { method: 'POST', body, headers, signal: leaving.signal, duplex: 'half' as const };
    await expect(fetch(`${url}/v1/files`, request)).rejects.toThrow();
    expect(await nothing()).toBe(true);
  });
});
