// A form with a file is read as it comes, in pieces of any size.

import { expect, test } from 'vitest';
import { readForm } from '../../src/simulator/batch/multipart.ts';

const CONTENT = 'first\r\n--edg\r\n-- not the edge\r\nlast\r\n';
const FORM = [
  '--edge',
  'Content-Disposition: form-data; name="purpose"',
  '',
  'batch',
  '--edge',
  'Content-Disposition: form-data; name="file"; filename="in.jsonl"',
  'Content-Type: application/octet-stream',
  '',
  CONTENT,
  '--edge--',
  '',
].join('\r\n');

function read(text: string, pieceLength: number, contentType = 'multipart/form-data; boundary=edge') {
  const bytes = Buffer.from(text);
  async function* pieces() {
    for (let from = 0; from < bytes.length; from += pieceLength) yield bytes.subarray(from, from + pieceLength);
  }
  const save = async (content: AsyncIterable<Buffer>) => {
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  };
  return readForm({ contentType, source: pieces(), save });
}

test.each([1, 2, 7, 64, 10_000])('a form in pieces of %i bytes has its fields and its file', async (length) => {
  const form = await read(FORM, length);
  expect(form).toEqual({ fields: { purpose: 'batch' }, file: { name: 'in.jsonl', saved: CONTENT } });
});

test('a boundary in quotes is the same', async () => {
  const form = await read(FORM, 64, 'multipart/form-data; boundary="edge"');
  expect(form?.file?.saved).toBe(CONTENT);
});

test.each([30, 100, 200, FORM.length - 8])('a form that breaks off after %i bytes is none', async (length) => {
  expect(await read(FORM.slice(0, length), 64)).toBeNull();
});

test('what has no boundary is no form', async () => {
  expect(await read(FORM, 64, 'application/json')).toBeNull();
});
