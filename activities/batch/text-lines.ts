// Lines out of a stream of bytes: no file is ever held as a whole.

/** Without their line breaks; a line break at the end ends the last line. */
export async function* textLines(content: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content) {
    let from = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, from)) {
      const last = piece.subarray(from, end);
      yield pieces.length === 0 ? text(last) : text(Buffer.concat([...pieces, last]));
      pieces.length = 0;
      from = end + 1;
    }
    // The piece may be a buffer that is used again.
    if (from < piece.length) pieces.push(Uint8Array.from(piece.subarray(from)));
  }
  if (pieces.length > 0) yield text(Buffer.concat(pieces));
}

const NEWLINE = 0x0a;

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
