// Files to and from the service, in pieces: however large they are, they are never held as a whole.

import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { request } from 'undici';

interface Service {
  readonly address: string;
  readonly apiKey: string | null;
}

interface Answer {
  readonly status: number;
  readonly body: AsyncIterable<Uint8Array> & { text(): Promise<string> };
}

/** As a form with the fields `purpose` and `file`. */
export async function sendFile(
  { address, apiKey }: Service,
  file: { readonly path: string; readonly filename: string; readonly purpose: string },
): Promise<Answer> {
  const { path, filename, purpose } = file;
  const boundary = `holdfast-${randomUUID()}`;
  const part = (disposition: string) => `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n`;
  const head = `${part('name="purpose"')}\r\n${purpose}\r\n${part(`name="file"; filename="${filename}"`)}content-type: application/jsonl\r\n\r\n`;
  const tail = `\r\n--${boundary}--\r\n`;
  const { size } = await stat(path);
  const { statusCode: status, body } = await request(`${address}/v1/files`, {
    method: 'POST',
    headers: {
      ...authorization(apiKey),
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': String(Buffer.byteLength(head) + size + Buffer.byteLength(tail)),
    },
    body: Readable.from(
      (async function* () {
        yield Buffer.from(head);
        yield* createReadStream(path) as AsyncIterable<Uint8Array>;
        yield Buffer.from(tail);
      })(),
    ),
    headersTimeout: TRANSFER_LIMIT_MS,
  });
  return { status, body };
}

export async function fetchFile({ address, apiKey }: Service, fileId: string): Promise<Answer> {
  const url = `${address}/v1/files/${encodeURIComponent(fileId)}/content`;
  const { statusCode: status, body } = await request(url, { headers: authorization(apiKey) });
  return { status, body };
}

/** The answer to an upload comes when the file has been stored. */
const TRANSFER_LIMIT_MS = 300_000;

function authorization(apiKey: string | null) {
  return apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
}
