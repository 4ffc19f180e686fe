// A file that comes in a multipart body. It goes into the store as it comes: fields may stand behind it, so whether it is
// welcome may be known only then.

import type { Multipart } from '@fastify/multipart';
import type { FilePurpose, StoredFile } from '../domain/files.ts';
import type { Files } from '../domain/files.ts';
import { ApiError } from './errors.ts';

export function storeUpload(
  files: Files,
  upload: { readonly parts: AsyncIterable<Multipart>; readonly owner: string | null; readonly limitBytes: number },
): Promise<StoredFile> {
  const incoming = new Incoming(upload);
  return files.create({ content: incoming.content(), facts: () => incoming.facts() });
}

const PURPOSES: readonly string[] = ['batch', 'user_data'] satisfies readonly FilePurpose[];

class Incoming {
  readonly #parts: AsyncIterable<Multipart>;
  readonly #owner: string | null;
  readonly #limitBytes: number;
  #filename: string | null = null;
  #purpose: FilePurpose | null = null;

  constructor(upload: {
    readonly parts: AsyncIterable<Multipart>;
    readonly owner: string | null;
    readonly limitBytes: number;
  }) {
    this.#parts = upload.parts;
    this.#owner = upload.owner;
    this.#limitBytes = upload.limitBytes;
  }

  /** Throws what the client is told; then nothing of the file is kept. */
  async *content(): AsyncGenerator<Uint8Array> {
    for await (const part of this.#parts) {
      if (part.type === 'field') {
        this.#take(part.fieldname, part.value);
        continue;
      }
      if (part.fieldname !== 'file' || this.#filename !== null) {
        throw new ApiError({ code: 'invalid_value', message: 'Send one file, in the field file.', param: 'file' });
      }
      this.#filename = part.filename;
      yield* part.file as AsyncIterable<Uint8Array>;
      if (part.file.truncated) throw tooLarge(this.#limitBytes);
    }
    if (this.#filename === null) throw missing('file');
    if (this.#purpose === null) throw missing('purpose');
  }

  facts(): Pick<StoredFile, 'purpose' | 'filename' | 'owner'> {
    return { purpose: this.#purpose ?? 'user_data', filename: this.#filename ?? '', owner: this.#owner };
  }

  #take(name: string, value: unknown): void {
    if (name === 'purpose') {
      if (typeof value !== 'string' || !PURPOSES.includes(value)) {
        const message = `purpose must be ${PURPOSES.join(' or ')}.`;
        throw new ApiError({ code: 'invalid_value', message, param: 'purpose' });
      }
      this.#purpose = value as FilePurpose;
    } else {
      const message = `There is no field ${JSON.stringify(name.slice(0, 100))}.`;
      throw new ApiError({ code: 'unknown_parameter', message, param: name.slice(0, 100) });
    }
  }
}

function missing(param: string): ApiError {
  return new ApiError({ code: 'missing_required_parameter', message: `${param} is missing.`, param });
}

function tooLarge(limitBytes: number): ApiError {
  return new ApiError({
    code: 'body_too_large',
    message: `The file is larger than the limit of ${limitBytes} bytes.`,
    param: 'file',
  });
}
