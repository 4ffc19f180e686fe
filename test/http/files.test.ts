// `/v1/files` with the official client and by hand: what goes in comes out, and what is wrong leaves nothing behind.

import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { toFile } from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ApiKey } from '../../src/http/auth.ts';
import { filesInDirectory } from '../support/files.ts';
import { eventually } from '../support/polling.ts';
import { serverWithoutTemporal } from './server-without-temporal.ts';

const keyOf = (name: string, operator = false): ApiKey => ({
  name,
  operator,
  sha256: createHash('sha256').update(`key-of-${name}`).digest('hex'),
});

let url: string;
let close: () => Promise<void>;
let directory: string;
let log: readonly string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-uploads-'));
  const apiKeys = [keyOf('ann'), keyOf('bob'), keyOf('olga', true)];
  const server = await serverWithoutTemporal({ apiKeys, files: filesInDirectory(directory) });
  log = server.log;
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
  return {
    status: response.status,
    body: (await response.json()) as { error?: { code: string; param: string; message: string } },
  };
}

/** What no list shows counts too: content without its facts, and what was being written. */
const kept = () =>
  readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [entry.name] : [],
  );

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

test('the official client uploads from a stream', async () => {
  const path = join(directory, 'lines.jsonl');
  const text = '{"custom_id":"1"}\n'.repeat(50_000);
  writeFileSync(path, text);
  const client = clientOf('ann');
  const created = await client.files.create({ file: createReadStream(path), purpose: 'user_data' });
  expect(created).toMatchObject({ bytes: text.length, filename: 'lines.jsonl', purpose: 'user_data' });
  expect(await (await client.files.content(created.id)).text()).toBe(text);
});

test('a name of any script stays as it is', async () => {
  const file = await toFile(Buffer.from('x'), 'Prüfung 日本.jsonl');
  const { id } = await clientOf('ann').files.create({ file, purpose: 'batch' });
  expect((await clientOf('ann').files.retrieve(id)).filename).toBe('Prüfung 日本.jsonl');
});

test('a list goes on where the page before it ended, newest first unless it is asked otherwise', async () => {
  const ids: string[] = [];
  for (let number = 0; number < 5; number++) {
    ids.push((await upload('ann', 'x', number === 2 ? 'user_data' : 'batch')).id);
    // Ids sort by the millisecond.
    const uploaded = Date.now();
    await eventually(() => Date.now() > uploaded);
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
    expect(kept()).toEqual([]);
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
    expect(kept()).toEqual([]);
  });

  test('that is larger than the limit', async () => {
    const large = new FormData();
    large.append('purpose', 'batch');
    large.append('file', new Blob(['x'.repeat(1_000_001)]), 'a.jsonl');
    expect(await post(large)).toMatchObject({
      status: 413,
      body: { error: { code: 'body_too_large', param: 'file', message: expect.stringContaining('1000000 bytes') } },
    });
    expect(kept()).toEqual([]);
  });

  test('that is no form', async () => {
    const headers = { authorization: 'Bearer key-of-ann', 'content-type': 'application/json' };
    const response = await fetch(`${url}/v1/files`, { method: 'POST', body: '{}', headers });
    expect(response.status).toBe(415);
    expect(kept()).toEqual([]);
  });

  const form = 'multipart/form-data; boundary=b';
  const head = '--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n';
  const field = (name: string) => `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\nbatch\r\n`;

  test.each([
    ['whose form ends in the middle of the file', form, `${head}half of`, 'bad_http'],
    ['whose form ends in the middle of a header', form, '--b\r\ncontent-dispo', 'bad_http'],
    ['that names no boundary', 'multipart/form-data', `${head}x\r\n--b--\r\n`, 'bad_http'],
    ['with a field that no object may have', form, `${field('__proto__')}--b--\r\n`, 'bad_http'],
    ['with more fields than there are', form, `${field('purpose').repeat(12)}${head}x\r\n--b--\r\n`, 'invalid_value'],
    ['whose file is a plain field', form, `${field('purpose')}${field('file')}--b--\r\n`, 'invalid_value'],
  ])('%s', async (_name, contentType, body, code) => {
    const headers = { authorization: 'Bearer key-of-ann', 'content-type': contentType };
    const response = await fetch(`${url}/v1/files`, { method: 'POST', body, headers });
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 400,
      body: { error: { code } },
    });
    expect(kept()).toEqual([]);
    expect(log.join('')).not.toContain('by a bug');
  });

  test('whose client leaves in the middle', async () => {
    const leaving = new AbortController();
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from(`${head}${'half of '.repeat(100_000)}`)),
    });
    const headers = { authorization: 'Bearer key-of-ann', 'content-type': form };
    const request = { method: 'POST', body, headers, signal: leaving.signal, duplex: 'half' as const };
    const sent = expect(fetch(`${url}/v1/files`, request)).rejects.toThrow();
    await eventually(() => kept().length === 1);
    leaving.abort();
    await sent;
    await eventually(() => kept().length === 0);
    // By the time that another request is answered, the log has all of this one.
    expect((await clientOf('ann').files.list()).data).toEqual([]);
    expect(log.join('')).not.toContain('by a bug');
  });
});
