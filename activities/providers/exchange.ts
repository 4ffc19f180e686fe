// One HTTP request to a provider and what comes back, noted as it goes over the wire. It does not judge.

import type { Dispatcher } from 'undici';
import { EnvHttpProxyAgent } from 'undici';
import { retryHint } from './errors/retry-hint.ts';
import { parseEvent, SseDecoder } from './sse.ts';
import type { ErrorAnswer, EventDecoder, WireReader } from './vendor.ts';

/**
 * The connections to all providers. Its own timeouts are off, since silence is judged by tokens, not by bytes; the
 * proxy variables of the environment are honoured.
 */
export function createProviderConnections(): Dispatcher {
  return new EnvHttpProxyAgent({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
}

const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;

export class Exchange {
  /** A connection was there and the request went out: from here on the provider may charge for it. */
  isSent = false;
  headers: Readonly<Record<string, string>> = {};
  /** The provider answered with an error, or with a document instead of a stream. */
  errorAnswer: ErrorAnswer | null = null;
  connectionError: Error | null = null;
  /** The AI SDK wanted to ask for the rest of an answer by itself. */
  hasRefusedMore = false;
  readonly #connections: Dispatcher;
  readonly #traceparent: string | null;
  readonly #decoder: EventDecoder;
  readonly #reader: WireReader;
  readonly #onToken: () => void;
  #handler: AnswerHandler | null = null;

  constructor(input: {
    readonly connections: Dispatcher;
    readonly traceparent: string | null;
    /** @default that of server-sent events */
    readonly decoder?: EventDecoder | undefined;
    readonly reader: WireReader;
    readonly onToken: () => void;
  }) {
    this.#connections = input.connections;
    this.#traceparent = input.traceparent;
    this.#decoder = input.decoder ?? new SseDecoder();
    this.#reader = input.reader;
    this.#onToken = input.onToken;
  }

  /** The `fetch` that the AI SDK is given. It makes one request: a second one would be a second call. */
  readonly fetch: typeof globalThis.fetch = (input, init) =>
    new Promise<Response>((resolve, reject) => {
      if (this.#handler) {
        this.hasRefusedMore = true;
        reject(new Error('A call makes one request.'));
        return;
      }
      const url = new URL(input instanceof Request ? input.url : input);
      const signal = init?.signal ?? null;
      const handler = new AnswerHandler({
        exchange: this,
        decoder: this.#decoder,
        reader: this.#reader,
        onToken: this.#onToken,
        resolve,
        reject,
      });
      this.#handler = handler;
      if (signal?.aborted) {
        handler.abort(signal.reason);
        return;
      }
      signal?.addEventListener('abort', () => handler.abort(signal.reason), { once: true });
      this.#connections.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method: 'POST',
          // Compressed streams come in larger pieces, and so later.
          headers: {
            ...headerRecord(init?.headers),
            'accept-encoding': 'identity',
            ...(this.#traceparent !== null && { traceparent: this.#traceparent }),
          },
          body: typeof init?.body === 'string' ? init.body : null,
        },
        handler,
      );
    });

  /** The provider has ended its answer. */
  get isOver(): boolean {
    return this.#handler?.isOver === true;
  }

  /** Reads no further; a provider that still writes is cut off, and may stop charging. */
  close(): void {
    if (this.#handler && !this.#handler.isOver) this.#handler.abort(new Error('Nothing more is read.'));
  }
}

type Controller = Dispatcher.DispatchController;

/** Receives one answer from the connection; undici calls its `on…` methods. */
class AnswerHandler implements Dispatcher.DispatchHandler {
  isOver = false;
  readonly #exchange: Exchange;
  readonly #decoder: EventDecoder;
  readonly #reader: WireReader;
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
  #stream: ReadableStreamDefaultController<Uint8Array> | null = null;

  constructor(input: {
    readonly exchange: Exchange;
    readonly decoder: EventDecoder;
    readonly reader: WireReader;
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
    if (this.#document !== null && (this.#status > 299 || this.#document.trim() !== '')) {
      this.#endDocument();
      return;
    }
    if (!this.#stream) this.#startStream();
    const last = this.#decoder.rest();
    // The closing blank line may be missing; half an event, though, is a cut and not an event.
    if (last !== null && (last === '[DONE]' || parseEvent(last))) this.#handOn(this.#reader.take(last));
    this.#handOn(this.#reader.rest());
    this.#stream?.close();
    this.#stream = null;
  }

  onResponseError(_connection: Controller, error: Error): void {
    this.isOver = true;
    if (this.#abortReason || this.#exchange.errorAnswer) return;
    this.#exchange.connectionError = error;
    this.#fail(error);
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
    const { tokens } = this.#reader;
    for (const data of this.#decoder.push(piece)) this.#handOn(this.#reader.take(data));
    if (this.#decoder.isBinary) this.#stream?.enqueue(piece);
    if (this.#reader.tokens > tokens) this.#onToken();
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
      body: jsonIn(this.#document ?? ''),
    };
    this.#fail(new Error('The provider answered without a stream.'));
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

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function headerRecord(headers: RequestInit['headers']): Record<string, string> {
  return headers === undefined ? {} : Object.fromEntries(new Headers(headers));
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
