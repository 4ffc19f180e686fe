// Reads a streamed chat completion at the level of the wire, and says what a client would make of it.

import { eventually } from './polling.ts';

export interface EventStream {
  readonly status: number;
  readonly headers: Headers;
  /** The data of the events so far. */
  readonly events: readonly StreamEvent[];
  /** Comments so far. */
  readonly comments: () => number;
  /** The answer's text so far. */
  readonly text: () => string;
  /** Settles when the response has ended, also when it broke off. */
  readonly ended: Promise<Ended>;
  /** The client goes away. */
  leave(): void;
}

interface StreamEvent {
  readonly data: any;
  readonly atMs: number;
}

/** All that a client can tell of a stream. */
export interface Ended {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly pieces: number;
  /** The last one that was given. */
  readonly finish: string | null;
  /** The code of an HTTP error or of an error event. */
  readonly code: string | null;
  readonly error: any;
  /** `[DONE]` came, and came last. */
  readonly isDone: boolean;
  readonly refusal: string;
  readonly toolCalls: readonly any[];
  readonly usage: any;
  /** The connection was lost before the response's end. */
  readonly isBroken: boolean;
  readonly tookMs: number;
}

export async function openStream(
  url: string,
  request: { readonly body: object; readonly headers?: Readonly<Record<string, string>> },
): Promise<EventStream> {
  const client = new AbortController();
  const beganAtMs = performance.now();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...request.headers },
    body: JSON.stringify({ stream: true, ...request.body }),
    signal: client.signal,
  });
  const { status, headers } = response;
  const events: StreamEvent[] = [];
  let comments = 0;
  const take = (block: string): void => {
    if (block.startsWith(':')) comments++;
    else if (block !== '') events.push({ data: parse(block.replace(/^data: /, '')), atMs: performance.now() });
  };
  const read = async (): Promise<Ended> => {
    let isBroken = false;
    let rest = '';
    try {
      const decoder = new TextDecoder();
      for await (const bytes of response.body ?? []) {
        const blocks = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) take(block);
      }
    } catch {
      isBroken = true;
    }
    // An error that came instead of a stream.
    if (rest !== '') events.push({ data: parse(rest), atMs: performance.now() });
    const tookMs = performance.now() - beganAtMs;
    return { ...whatCame(events), status, headers, isBroken, tookMs };
  };
  return {
    status,
    headers,
    events,
    comments: () => comments,
    text: () => textOf(events),
    ended: read(),
    leave: () => client.abort(),
  };
}

/** Reads a whole stream. */
export async function readStream(...open: Parameters<typeof openStream>): Promise<Ended> {
  return (await openStream(...open)).ended;
}

/** Waits until some text has come. */
export async function begun(stream: EventStream): Promise<EventStream> {
  await eventually(() => stream.text() !== '');
  return stream;
}

function whatCame(events: readonly StreamEvent[]): Omit<Ended, 'status' | 'headers' | 'isBroken' | 'tookMs'> {
  const all = events.map(({ data }) => data);
  const error = all.find((data) => data.error !== undefined)?.error ?? null;
  const choices = all.flatMap((data) => data.choices ?? []);
  const deltas = choices.map(({ delta }) => delta);
  return {
    text: textOf(events),
    pieces: deltas.filter((delta) => delta.content).length,
    finish: choices.findLast((choice) => choice.finish_reason !== null)?.finish_reason ?? null,
    code: error?.code ?? null,
    error,
    isDone: all.indexOf('[DONE]') === all.length - 1 && all.length > 0,
    refusal: deltas.map((delta) => delta.refusal ?? '').join(''),
    toolCalls: deltas.flatMap((delta) => delta.tool_calls ?? []),
    usage: all.find((data) => data.usage)?.usage ?? null,
  };
}

function textOf(events: readonly StreamEvent[]): string {
  return events
    .flatMap(({ data }) => data.choices ?? [])
    .map(({ delta }) => delta.content ?? '')
    .join('');
}

function parse(text: string): any {
  return text === '[DONE]' ? text : JSON.parse(text);
}
