// A file that comes in a multipart body. It goes into the store as it comes: fields may stand behind it, so whether it is
// welcome may be known only then.

import type { Multipart } from '@fastify/multipart';
import type { FilePurpose, Files, StoredFile } from '../domain/files.ts';
import { ApiError } from './errors.ts';

export function storeUpload(files: Files, upload: Upload): Promise<StoredFile> {
  const incoming = new Incoming(upload);
  return files.create({ content: incoming.content(), facts: () => incoming.facts() });
}

interface Upload {
  readonly parts: () => AsyncIterable<Multipart>;
  readonly owner: string | null;
  readonly limitBytes: number;
}

const PURPOSES: readonly string[] = ['batch', 'user_data'] satisfies readonly FilePurpose[];

class Incoming {
  readonly #parts: () => AsyncIterable<Multipart>;
  readonly #owner: string | null;
  readonly #limitBytes: number;
  #filename: string | null = null;
  #purpose: FilePurpose | null = null;

  constructor({ parts, owner, limitBytes }: Upload) {
    this.#parts = parts;
    this.#owner = owner;
    this.#limitBytes = limitBytes;
  }

  /** Throws what the client is told; then nothing of the file is kept. What the store throws does not come by here. */
  async *content(): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#read();
    } catch (error) {
      throw error instanceof ApiError ? error : unreadable(error);
    }
    if (this.#filename === null) throw missing('file');
    if (this.#purpose === null) throw missing('purpose');
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    for await (const part of this.#parts()) {
      if (part.type === 'field') {
        this.#take(part.fieldname, part.value);
        continue;
      }
      if (part.fieldname !== 'file' || this.#filename !== null) throw notOneFile();
      this.#filename = part.filename;
      yield* part.file as AsyncIterable<Uint8Array>;
      if (part.file.truncated) throw tooLarge(this.#limitBytes);
    }
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
    } else if (name === 'file') {
      // A part without a file name is a plain field, and held in memory.
      throw notOneFile();
    } else {
      const message = `There is no field ${JSON.stringify(name.slice(0, 100))}.`;
      throw new ApiError({ code: 'unknown_parameter', message, param: name.slice(0, 100) });
    }
  }
}

function notOneFile(): ApiError {
  const message = 'Send one file, with a file name, in the field file.';
  return new ApiError({ code: 'invalid_value', message, param: 'file' });
}

/** The form is at fault, or its client has left: no bug of ours. */
function unreadable(cause: unknown): ApiError {
  const limits: readonly unknown[] = ['FST_FIELDS_LIMIT', 'FST_FILES_LIMIT', 'FST_PARTS_LIMIT'];
  if (cause instanceof Error && 'code' in cause && limits.includes(cause.code)) {
    return new ApiError(
      { code: 'invalid_value', message: 'The form has more fields than file and purpose.' },
      { cause },
    );
  }
  const message = 'The body broke off, or is no valid multipart/form-data.';
  return new ApiError({ code: 'bad_http', message }, { cause });
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
