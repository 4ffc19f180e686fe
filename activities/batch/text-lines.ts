// Lines out of a stream of bytes: no file is ever held as a whole.

import { isUtf8 } from 'node:buffer';

/**
 * Without their line breaks; a line break at the end ends the last line. In groups, as pieces of the stream complete them:
 * a turn of an asynchronous loop costs more than a line. `strict`: bytes that are not UTF-8 throw `NotUtf8`; otherwise each is
 * read as U+FFFD, which is longer than what was there.
 */
export async function* lineGroups(
  content: AsyncIterable<Uint8Array>,
  { strict = false }: { readonly strict?: boolean } = {},
): AsyncGenerator<readonly string[]> {
  let begun: Uint8Array[] = [];
  for await (const piece of content) {
    const end = piece.lastIndexOf(NEWLINE);
    if (end !== -1) {
      yield text([...begun, piece.subarray(0, end)], strict).split('\n');
      begun = [];
    }
    // The piece may be a buffer that is used again.
    if (end + 1 < piece.length) begun.push(Buffer.from(piece.subarray(end + 1)));
  }
  if (begun.length > 0) yield [text(begun, strict)];
}

/** One by one. */
export async function* textLines(content: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const lines of lineGroups(content)) yield* lines;
}

const NEWLINE = 0x0a;

/** Of whole lines: between two of them no character can be cut. */
function text(pieces: readonly Uint8Array[], strict: boolean): string {
  const bytes = Buffer.concat(pieces);
  if (strict && !isUtf8(bytes)) throw new NotUtf8('The file is not UTF-8.');
  return bytes.toString('utf8');
}

export class NotUtf8 extends Error {
  override readonly name = 'NotUtf8';
}
