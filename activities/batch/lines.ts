// Reads lines of files and blobs in streams: no file is ever held as a whole.

import { eachLine, type LineSet } from '../../src/domain/line-set.ts';
import type { Files } from '../../src/domain/files.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import { lineGroups } from './text-lines.ts';

/** Where each line begins, in bytes, and where the last one ends: one number more than there are lines. */
export type LineIndex = Float64Array;

export async function readIndex(blobs: BlobStore, batchId: string): Promise<LineIndex> {
  const bytes = await blobs.get(indexKey(batchId));
  if (!bytes) throw new Error(`The index of ${batchId} is gone from the blob store.`);
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

export function indexKey(batchId: string): string {
  return `${batchId}.index`;
}

export interface InputLine {
  readonly line: number;
  readonly text: string;
}

/** The wanted lines in their order, in groups. */
export async function* inputGroups(
  files: Files,
  input: { readonly fileId: string; readonly index: LineIndex; readonly lines: LineSet },
): AsyncGenerator<readonly InputLine[]> {
  const { fileId, index, lines } = input;
  for (const stretch of stretches(lines, index)) {
    const wanted = eachLine(stretch);
    const [first = 0, end = 0] = [stretch[0]?.[0], stretch.at(-1)?.[1]];
    const content = await files.read(fileId, { start: index[first] ?? 0, end: index[end] ?? 0 });
    if (!content) throw new Error(`The input file ${fileId} is gone.`);
    let line = first;
    let next = wanted.next();
    for await (const texts of lineGroups(content)) {
      const group: InputLine[] = [];
      for (const text of texts) {
        if (line === next.value) {
          group.push({ line, text });
          next = wanted.next();
        }
        line += 1;
      }
      if (group.length > 0) yield group;
    }
  }
}

/** One by one. */
export async function* inputLines(...input: Parameters<typeof inputGroups>): AsyncGenerator<InputLine> {
  for await (const lines of inputGroups(...input)) yield* lines;
}

/** Ranges that lie so near each other that reading on is cheaper than opening the file anew. */
function* stretches(lines: LineSet, index: LineIndex): Generator<LineSet> {
  let stretch: LineSet[number][] = [];
  for (const range of lines) {
    const last = stretch.at(-1);
    if (last && (index[range[0]] ?? 0) - (index[last[1]] ?? 0) > MOST_SKIPPED_BYTES) {
      yield stretch;
      stretch = [];
    }
    stretch.push(range);
  }
  if (stretch.length > 0) yield stretch;
}

const MOST_SKIPPED_BYTES = 256 * 1024;

/** The lines of a blob, in groups. */
export async function* blobGroups(blobs: BlobStore, key: string): AsyncGenerator<readonly string[]> {
  const content = await blobs.read(key);
  if (!content) throw new Error(`The blob ${key} is gone from the blob store.`);
  yield* lineGroups(content);
}

/** JSON documents, one a line. */
export async function* jsonLines<T>(blobs: BlobStore, key: string): AsyncGenerator<T> {
  for await (const texts of blobGroups(blobs, key)) for (const text of texts) yield JSON.parse(text) as T;
}

type Lines = string | readonly string[];

/** Of lines, or groups of them, pieces of some size: a write a line would cost more than the line. */
export async function* inPieces(all: AsyncIterable<Lines> | Iterable<Lines>): AsyncGenerator<Uint8Array> {
  let held = '';
  for await (const lines of all) {
    for (const line of typeof lines === 'string' ? [lines] : lines) held += `${line}\n`;
    if (held.length < PIECE_CHARACTERS) continue;
    yield Buffer.from(held, 'utf8');
    held = '';
  }
  if (held !== '') yield Buffer.from(held, 'utf8');
}

/** Below what V8 allocates apart from the rest, which costs several times as much. */
const PIECE_CHARACTERS = 112 * 1024;
