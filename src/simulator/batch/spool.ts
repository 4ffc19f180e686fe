// Where the bytes of batches lie: files in a temporary directory, so that none has to be held in memory.

import { closeSync, createReadStream, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Spool {
  #directory: string | null = null;
  #count = 0;

  /** A file that is still empty. */
  open(): SpooledFile {
    this.#directory ??= mkdtempSync(join(tmpdir(), 'holdfast-simulator-'));
    return new SpooledFile(join(this.#directory, String(this.#count++)));
  }

  clear(): void {
    if (this.#directory !== null) rmSync(this.#directory, { recursive: true, force: true });
    this.#directory = null;
  }
}

export interface SpooledLine {
  readonly text: string;
  readonly offset: number;
  readonly length: number;
}

export class SpooledFile {
  readonly #path: string;
  bytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async append(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    for await (const chunk of source) {
      await appendFile(this.#path, chunk);
      this.bytes += chunk.byteLength;
    }
  }

  async *chunks(): AsyncGenerator<Buffer> {
    if (this.bytes > 0) yield* createReadStream(this.#path) as AsyncIterable<Buffer>;
  }

  /** Those that are not empty. */
  async *lines(): AsyncGenerator<SpooledLine> {
    let rest: Buffer = Buffer.alloc(0);
    let offset = 0;
    for await (const chunk of this.chunks()) {
      const buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      let start = 0;
      for (let end = buffer.indexOf(10); end !== -1; end = buffer.indexOf(10, start)) {
        const line = lineAt(buffer, { start, end, offset });
        if (line) yield line;
        start = end + 1;
      }
      rest = buffer.subarray(start);
      offset += start;
    }
    const last = lineAt(rest, { start: 0, end: rest.length, offset });
    if (last) yield last;
  }

  /** Reads parts in any order, quickly: each waits for the disk, which has mostly kept them in memory. */
  reader(): { read(part: { readonly offset: number; readonly length: number }): string; close(): void } {
    const file = openSync(this.#path, 'r');
    return {
      read({ offset, length }) {
        const buffer = Buffer.allocUnsafe(length);
        readSync(file, buffer, 0, length, offset);
        return buffer.toString('utf8');
      },
      close: () => closeSync(file),
    };
  }
}

function lineAt(
  buffer: Buffer,
  { start, end, offset }: { readonly start: number; readonly end: number; readonly offset: number },
): SpooledLine | null {
  const text = buffer.toString('utf8', start, end);
  return text.trim() === '' ? null : { text, offset: offset + start, length: end - start };
}
