// Writes one answer to one client as server-sent events: text as it comes over the line, the end when the inference has
// ended, and an error where what was sent is not the answer. A slow client is waited for; nobody waits for it.

import type { FastifyReply } from 'fastify';
import type { Inference, InferenceResult } from '../../domain/inference.ts';
import type { HeldLine } from '../../domain/line.ts';
import { bugError } from '../error-handler.ts';
import { ApiError } from '../errors.ts';
import { failureError } from '../failure-error.ts';
import { headerText, servedHeaders } from '../waiting-client.ts';
import type { StreamPresenter } from './presenter.ts';

/** So often a silent stream says that it lives. The first time also decides that it is a stream, and no plain error. */
const KEEP_ALIVE_MS = 2_000;

export class StreamedAnswer {
  readonly #id: string;
  readonly #reply: FastifyReply;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #line: HeldLine | null;
  readonly #presenter: StreamPresenter;
  readonly #interruption: Promise<'interrupted'>;
  #interrupt: () => void = () => undefined;
  #hasStarted = false;
  #isOver = false;
  #isFull = false;
  #isQuiet = true;
  /** Pieces of the line that were sent. */
  #sent = 0;

  constructor(stream: {
    /** Of the inference. */
    readonly id: string;
    readonly reply: FastifyReply;
    readonly headers: Readonly<Record<string, string>>;
    /** Null: no text comes before the end. */
    readonly line: HeldLine | null;
    readonly presenter: StreamPresenter;
  }) {
    this.#id = stream.id;
    this.#reply = stream.reply;
    this.#headers = stream.headers;
    this.#line = stream.line;
    this.#presenter = stream.presenter;
    this.#interruption = new Promise((resolve) => {
      this.#interrupt = () => resolve('interrupted');
    });
  }

  /**
   * @param ended the inference at its end; null when the client has gone
   * @returns whether the client was told an end. Throws an `ApiError` where it can still be a plain one.
   */
  async write(ended: Promise<Inference | null>): Promise<boolean> {
    const stop = this.#line?.onChange(() => this.#pump());
    const onDrain = (): void => {
      this.#isFull = false;
      this.#pump();
    };
    this.#reply.raw.on('drain', onDrain);
    const keepAlive = setInterval(() => this.#keepAlive(), KEEP_ALIVE_MS);
    try {
      const opening = this.#presenter.open?.() ?? '';
      if (opening !== '') this.#put(opening);
      this.#pump();
      const first = await Promise.race([ended, this.#interruption]);
      if (first === 'interrupted') return this.#fail(interrupted(this.#id, null));
      return first !== null && this.#end(first);
    } catch (error) {
      if (error instanceof ApiError) return this.#fail(error);
      if (!this.#hasStarted) throw error;
      // Nobody else ends this response any more.
      const { log, request } = this.#reply;
      log.error({ err: error, requestId: request.id, inferenceId: this.#id }, 'A stream failed by a bug.');
      return this.#fail(bugError(request));
    } finally {
      clearInterval(keepAlive);
      this.#reply.raw.removeListener('drain', onDrain);
      stop?.();
    }
  }

  /** @param isLast what is left is sent whether the client takes it now or not */
  #pump(isLast = false): void {
    const line = this.#line;
    if (!line || this.#isOver) return;
    if (line.isInterrupted) {
      // Whoever was sent nothing can still be given the whole answer.
      if (this.#sent > 0) this.#interrupt();
      return;
    }
    while (this.#sent < line.pieces.length) {
      if (this.#isFull && !isLast) return;
      const isFirst = this.#sent === 0;
      const piece = line.pieces[this.#sent++] ?? '';
      const begin = isFirst && line.served ? this.#presenter.begin(line.served) : '';
      this.#put(begin + this.#presenter.text(piece));
    }
  }

  #end(inference: Inference): boolean {
    const { result } = inference;
    if (!result) return this.#fail(failureError(inference));
    const { text, refusal } = result.answer;
    // Piece by piece, as whoever joins gets it: by these the events of a response are numbered.
    if (text?.startsWith(this.#line?.pieces.join('') ?? '')) this.#pump(true);
    const sent = this.#line?.pieces.slice(0, this.#sent).join('') ?? '';
    const whole = text ?? (refusal !== null ? sent : '');
    if (!whole.startsWith(sent)) return this.#fail(interrupted(this.#id, null));
    const events = this.#presenter.end(withResult(inference, result), whole.slice(sent.length));
    if (!this.#hasStarted) this.#start(servedHeaders(inference));
    this.#put(events);
    return this.#close();
  }

  #fail(error: ApiError): boolean {
    if (!this.#hasStarted) throw error;
    const isPlain = this.#sent === 0 || error.fields.code === 'stream_interrupted';
    this.#put(this.#presenter.failed(isPlain ? error : interrupted(this.#id, error)));
    return this.#close();
  }

  #keepAlive(): void {
    if (this.#isQuiet && !this.#isFull) this.#put(': keep-alive\n\n');
    this.#isQuiet = true;
  }

  #put(events: string): void {
    if (!this.#hasStarted) this.#start();
    this.#isQuiet = false;
    this.#isFull = !this.#reply.raw.write(events);
  }

  /** @param ended what is known of an answer that is there already */
  #start(ended: Readonly<Record<string, string>> = {}): void {
    this.#hasStarted = true;
    this.#reply.hijack();
    const served = this.#line?.served;
    const headers = {
      ...this.#headers,
      ...(served && { 'x-holdfast-target': headerText(served.target) }),
      ...ended,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      // Some proxies would gather the tokens.
      'x-accel-buffering': 'no',
    };
    for (const [name, value] of Object.entries({ ...this.#reply.getHeaders(), ...headers })) {
      if (value !== undefined) this.#reply.raw.setHeader(name, value);
    }
    this.#reply.raw.writeHead(200);
  }

  #close(): boolean {
    this.#isOver = true;
    this.#reply.raw.end();
    return true;
  }
}

/** What was sent is not the beginning of the answer that there will be, or of none. */
function interrupted(id: string, cause: ApiError | null): ApiError {
  const because = cause ? ` ${cause.message}` : ' No other target could go on from what was sent.';
  return new ApiError({
    ...(cause && { calls: cause.fields.calls ?? [] }),
    code: 'stream_interrupted',
    message: `The stream broke off.${because} GET /v1/inferences/${id} tells how the inference ends.`,
    inferenceId: id,
  });
}

function withResult(inference: Inference, result: InferenceResult): Inference & { readonly result: InferenceResult } {
  return { ...inference, result };
}
