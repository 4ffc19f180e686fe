// Receives one answer of a provider, as it comes over the wire: a stream, a document, an error, or none of it.

import type { Dispatcher } from 'undici';
import { parseJson } from '../../src/domain/json-value.ts';
import { isErrorBody } from './errors/error-words.ts';
import { retryHint } from './errors/retry-hint.ts';
import type { Exchange } from './exchange.ts';
import { parseEvent } from './sse.ts';
import type { EventDecoder, WireReader } from './vendor.ts';

type Controller = Dispatcher.DispatchController;

/** undici calls its `on…` methods. */
export class AnswerHandler implements Dispatcher.DispatchHandler {
  isOver = false;
  readonly #exchange: Exchange;
  readonly #decoder: EventDecoder;
  readonly #reader: WireReader | null;
  readonly #onToken: () => void;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: unknown) => void;
  readonly #documentDecoder = new TextDecoder();
  readonly #encoder = new TextEncoder();
  #connection: Controller | null = null;
  #abortReason: { readonly reason: unknown } | null = null;
  #status = 0;
  /** An error's or a document's text; before it is known what comes, the text so far. */
  #document: string | null = '';
  /** The same in bytes. */
  #begun: Uint8Array[] = [];
  /** A document that is wanted, as it came: it may be large, and is decoded by whoever reads it. */
  readonly #chunks: Uint8Array[] = [];
  #stream: ReadableStreamDefaultController<Uint8Array> | null = null;

  constructor(input: {
    readonly exchange: Exchange;
    readonly decoder: EventDecoder;
    readonly reader: WireReader | null;
    readonly onToken: () => void;
    readonly resolve: (response: Response) => void;
    readonly reject: (error: unknown) => void;
  }) {
    this.#exchange = input.exchange;
    this.#decoder = input.decoder;
    this.#reader = input.reader;
    this.#onToken = input.onToken;
    this.#resolve = input.resolve;
    this.#reject = input.reject;
  }

  abort(reason: unknown): void {
    if (this.#abortReason || this.isOver) return;
    this.#abortReason = { reason };
    this.#fail(reason);
    this.#connection?.abort(asError(reason));
  }

  onRequestStart(connection: Controller): void {
    this.#connection = connection;
    if (this.#abortReason) connection.abort(asError(this.#abortReason.reason));
    else this.#exchange.isSent = true;
  }

  onResponseStart(
    _connection: Controller,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#exchange.headers = flatHeaders(headers);
  }

  onResponseData(_connection: Controller, chunk: Uint8Array): void {
    if (this.#abortReason) return;
    if (this.#isWanted) return void this.#chunks.push(chunk);
    if (this.#document === null) {
      this.#read(chunk);
      return;
    }
    this.#document += this.#documentDecoder.decode(chunk, { stream: true });
    this.#begun.push(chunk);
    if (this.#status > 299 || !looksLikeStream(this.#document)) {
      if (this.#document.length > MAX_DOCUMENT_CHARACTERS) this.#cutDocument();
      return;
    }
    this.#startStream();
    for (const piece of this.#begun) this.#read(piece);
    this.#begun = [];
  }

  onResponseEnd(): void {
    this.isOver = true;
    if (this.#abortReason) return;
    if (this.#isWanted) return this.#takeDocument();
    if (this.#document !== null && (this.#status > 299 || this.#document.trim() !== '')) {
      this.#endDocument();
      return;
    }
    if (!this.#stream) this.#startStream();
    const last = this.#decoder.rest();
    // The closing blank line may be missing; half an event, though, is a cut and not an event.
    if (last !== null && (last === '[DONE]' || parseEvent(last))) this.#handOn(this.#reader?.take(last) ?? '');
    this.#handOn(this.#reader?.rest() ?? '');
    this.#stream?.close();
    this.#stream = null;
  }

  onResponseError(_connection: Controller, error: Error): void {
    this.isOver = true;
    if (this.#abortReason || this.#exchange.errorAnswer) return;
    this.#exchange.connectionError = error;
    this.#fail(error);
  }

  /** An answer in one piece is wanted, and this is no error. */
  get #isWanted(): boolean {
    return this.#reader === null && this.#status <= 299;
  }

  /** Servers send errors and web pages with status 200 here, too. */
  #takeDocument(): void {
    const bytes = Buffer.concat(this.#chunks);
    const start = bytes.toString('utf8', 0, MAX_DOCUMENT_CHARACTERS);
    const body = bytes.length < MAX_DOCUMENT_CHARACTERS ? parseJson(start) : null;
    if (!/^\s*\{/.test(start) || isErrorBody(body)) {
      this.#document = start;
      this.#endDocument();
      return;
    }
    this.#exchange.hasDocument = true;
    this.#resolve(new Response(bytes, { headers: { 'content-type': 'application/json' } }));
  }

  #startStream(): void {
    this.#document = null;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#stream = controller;
      },
    });
    const { headers } = this.#exchange;
    const type = this.#decoder.isBinary ? headers['content-type'] : undefined;
    this.#resolve(new Response(body, { headers: { 'content-type': type ?? 'text/event-stream' } }));
  }

  #read(piece: Uint8Array): void {
    const reader = this.#reader;
    if (!reader) return;
    const { tokens } = reader;
    for (const data of this.#decoder.push(piece)) this.#handOn(reader.take(data));
    if (this.#decoder.isBinary) this.#stream?.enqueue(piece);
    if (reader.tokens > tokens) this.#onToken();
  }

  #handOn(events: string): void {
    if (events !== '') this.#stream?.enqueue(this.#encoder.encode(events));
  }

  #endDocument(): void {
    const { headers } = this.#exchange;
    this.#exchange.errorAnswer = {
      status: this.#status,
      headers,
      retryAfterMs: retryHint(headers, Date.now()),
      body: parseJson(this.#document ?? '') ?? null,
    };
    this.#fail(new Error('The provider answered with an error.'));
  }

  #cutDocument(): void {
    this.#endDocument();
    this.#connection?.abort(new Error('Nothing more is read.'));
  }

  #fail(error: unknown): void {
    this.#reject(error);
    this.#stream?.error(error);
    this.#stream = null;
  }
}

/** Enough for any error; a web page may be longer, but says nothing to us. */
const MAX_DOCUMENT_CHARACTERS = 64 * 1024;

/** Servers send errors and web pages with status 200, some even as `text/event-stream`: the first character tells. */
function looksLikeStream(text: string): boolean {
  const first = text.trimStart()[0];
  return first !== undefined && first !== '{' && first !== '[' && first !== '<';
}

function flatHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('The call was aborted.', { cause: reason });
}
