// Which lines of a provider's batch have a result, and those results that cannot be looked at yet, by line in a file of this
// machine: memory stays small. Each line's first result counts.

import { randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LineSet } from '../../src/domain/line-set.ts';
import { eachLine, lineCount } from '../../src/domain/line-set.ts';
import type { LaneResult } from '../providers/batch/lane.ts';
import { lineOf } from './line-id.ts';

interface Awaited {
  readonly key: string;
  readonly lines: LineSet;
}

export class ResultSpool {
  unknown = 0;
  duplicates = 0;
  readonly #key: string;
  readonly #path: string;
  readonly #file: FileHandle;
  /** By place in the set, as what follows. */
  readonly #isClaimed: Uint8Array;
  /** Where the result begins, and its length; 0: it is not held. */
  readonly #at: Float64Array;
  readonly #length: Uint32Array;
  readonly #places: Map<number, number> | { readonly from: number; readonly to: number };
  #held: Buffer[] = [];
  #heldBytes = 0;
  #bytes = 0;
  /** What was read last: results mostly come in the order of their lines. */
  #window = { from: 0, bytes: Buffer.alloc(0) };

  private constructor(path: string, file: FileHandle, { key, lines }: Awaited) {
    this.#path = path;
    this.#file = file;
    this.#key = key;
    const count = lineCount(lines);
    this.#isClaimed = new Uint8Array(count);
    this.#at = new Float64Array(count);
    this.#length = new Uint32Array(count);
    const [only] = lines;
    this.#places =
      lines.length === 1 && only
        ? { from: only[0], to: only[1] }
        : new Map([...eachLine(lines)].map((line, place) => [line, place]));
  }

  static async open(awaited: Awaited): Promise<ResultSpool> {
    const path = join(tmpdir(), `holdfast-${randomUUID()}.results`);
    return new ResultSpool(path, await open(path, 'wx+', 0o600), awaited);
  }

  /** The line that this is the result of; null when it is of none, or not the first one. */
  claim({ id }: LaneResult): number | null {
    const line = lineOf(this.#key, id);
    const place = line === null ? undefined : this.#placeOf(line);
    if (place === undefined) this.unknown += 1;
    else if (this.#isClaimed[place] === 1) this.duplicates += 1;
    else {
      this.#isClaimed[place] = 1;
      return line;
    }
    return null;
  }

  hold(line: number, result: LaneResult): void {
    const place = this.#placeOf(line);
    if (place === undefined) return;
    const bytes = Buffer.from(JSON.stringify(result), 'utf8');
    this.#at[place] = this.#bytes;
    this.#length[place] = bytes.length;
    this.#bytes += bytes.length;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }

  get isFull(): boolean {
    return this.#heldBytes > MOST_HELD_BYTES;
  }

  /** What is held goes to the disk. */
  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    if (bytes.length > 0) await this.#file.appendFile(bytes);
  }

  /** What is held of these lines, in their order; null where there is none. After the last flush. */
  async take(lines: readonly number[]): Promise<readonly (LaneResult | null)[]> {
    const taken: (LaneResult | null)[] = [];
    for (const line of lines) {
      const place = this.#placeOf(line);
      const length = place === undefined ? 0 : (this.#length[place] ?? 0);
      if (place === undefined || length === 0) {
        taken.push(null);
        continue;
      }
      const from = this.#at[place] ?? 0;
      if (!this.#isInWindow(from, length)) await this.#read(from, length);
      const { bytes, from: begin } = this.#window;
      taken.push(JSON.parse(bytes.toString('utf8', from - begin, from - begin + length)) as LaneResult);
    }
    return taken;
  }

  async remove(): Promise<void> {
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  #isInWindow(from: number, length: number): boolean {
    const { from: begin, bytes } = this.#window;
    return from >= begin && from + length <= begin + bytes.length;
  }

  async #read(from: number, length: number): Promise<void> {
    const bytes = Buffer.allocUnsafe(Math.max(length, WINDOW_BYTES));
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, from);
    this.#window = { from, bytes: bytes.subarray(0, bytesRead) };
  }

  #placeOf(line: number): number | undefined {
    const places = this.#places;
    if (places instanceof Map) return places.get(line);
    return line >= places.from && line < places.to ? line - places.from : undefined;
  }
}

const MOST_HELD_BYTES = 1024 * 1024;
const WINDOW_BYTES = 64 * 1024;
