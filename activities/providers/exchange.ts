// One HTTP request to a provider and what comes back, noted as it goes over the wire. It does not judge.

import type { Dispatcher } from 'undici';
import { EnvHttpProxyAgent } from 'undici';
import { AnswerHandler } from './answer-handler.ts';
import { SseDecoder } from './sse.ts';
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
  /** The provider answered with an error, or with a document where a stream was wanted. */
  errorAnswer: ErrorAnswer | null = null;
  connectionError: Error | null = null;
  /** The document that was wanted came whole, and was no error. */
  hasDocument = false;
  /** The AI SDK wanted to ask for the rest of an answer by itself. */
  hasRefusedMore = false;
  readonly #connections: Dispatcher;
  readonly #traceparent: string | null;
  readonly #decoder: EventDecoder;
  readonly #reader: WireReader | null;
  readonly #onToken: (() => void) | undefined;
  #handler: AnswerHandler | null = null;

  constructor(input: {
    readonly connections: Dispatcher;
    readonly traceparent: string | null;
    /** @default that of server-sent events */
    readonly decoder?: EventDecoder | undefined;
    /** Null: the answer wanted is no stream, but one document. */
    readonly reader: WireReader | null;
    readonly onToken?: () => void;
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
        onToken: this.#onToken ?? (() => undefined),
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

function headerRecord(headers: RequestInit['headers']): Record<string, string> {
  return headers === undefined ? {} : Object.fromEntries(new Headers(headers));
}
