// The first line of a text that comes in pieces. Reads no more of it than that.

/** Null when the text is empty, or has no end of a line within `maxBytes`. */
export async function firstLine(content: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string | null> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of content) {
    const end = piece.indexOf(LINE_FEED);
    pieces.push(end === -1 ? piece : piece.subarray(0, end));
    bytes += piece.length;
    if (end !== -1) break;
    if (bytes > maxBytes) return null;
  }
  return bytes === 0 ? null : Buffer.concat(pieces).toString('utf8').replace(/\r$/, '');
}

const LINE_FEED = 10;
