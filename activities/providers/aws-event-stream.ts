// AWS's binary event stream: frames of headers and a payload, with their lengths before them. Checksums are left to the
// AI SDK, which reads the same frames after us. https://smithy.io/2.0/aws/amazon-eventstream.html

import type { EventDecoder } from './vendor.ts';

/** Each event as JSON under its name: `{"messageStop": {…}}`; AWS's own errors under `error`. */
export class AwsEventDecoder implements EventDecoder {
  readonly isBinary = true;
  #buffer: Buffer = Buffer.alloc(0);

  push(piece: Uint8Array): readonly string[] {
    this.#buffer = this.#buffer.length === 0 ? Buffer.from(piece) : Buffer.concat([this.#buffer, piece]);
    const events: string[] = [];
    let start = 0;
    while (this.#buffer.length - start >= PRELUDE_BYTES) {
      const length = this.#buffer.readUInt32BE(start);
      // Nonsense would be waited for until the end of the stream, and nothing be read again.
      if (length < PRELUDE_BYTES + CHECKSUM_BYTES || length > MAX_FRAME_BYTES) {
        this.#buffer = Buffer.alloc(0);
        return [...events, NO_FRAME];
      }
      if (this.#buffer.length - start < length) break;
      events.push(eventOf(this.#buffer.subarray(start, start + length)));
      start += length;
    }
    this.#buffer = this.#buffer.subarray(start);
    return events;
  }

  /** Half a frame is a cut, and not an event. */
  rest(): null {
    return null;
  }
}

/** The lengths of the frame and of its headers, and the checksum of both. */
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
const MAX_FRAME_BYTES = 25 * 1024 * 1024;
/** No JSON, so the reader calls the stream malformed. */
const NO_FRAME = 'no frame';

function eventOf(frame: Buffer): string {
  const headersEnd = PRELUDE_BYTES + frame.readUInt32BE(4);
  if (headersEnd > frame.length - CHECKSUM_BYTES) return NO_FRAME;
  const headers = headersIn(frame.subarray(PRELUDE_BYTES, headersEnd));
  const payload = frame.toString('utf8', headersEnd, frame.length - CHECKSUM_BYTES);
  const type = headers?.get(':message-type');
  if (type === 'error') {
    const error = { code: headers?.get(':error-code'), message: headers?.get(':error-message') };
    return JSON.stringify({ error });
  }
  const name = headers?.get(type === 'exception' ? ':exception-type' : ':event-type');
  return name === undefined ? NO_FRAME : `{${JSON.stringify(name)}:${payload === '' ? '{}' : payload}}`;
}

/** Texts only, which are all that names an event; null when a header has another form. */
function headersIn(bytes: Buffer): ReadonlyMap<string, string> | null {
  const headers = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const nameEnd = at + 1 + bytes.readUInt8(at);
    if (nameEnd + 3 > bytes.length || bytes.readUInt8(nameEnd) !== TEXT) return null;
    const end = nameEnd + 3 + bytes.readUInt16BE(nameEnd + 1);
    headers.set(bytes.toString('utf8', at + 1, nameEnd), bytes.toString('utf8', nameEnd + 3, end));
    at = end;
  }
  return headers;
}

const TEXT = 7;
