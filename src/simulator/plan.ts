// Decides what is sent for a request, chunk by chunk and pause by pause, before anything is sent. Does no I/O.

import { answerWith } from './answer/faulty-answer.ts';
import type { ErrorReply, Situation } from './error-body.ts';
import { errorBody } from './error-body.ts';
import { page } from './errors/gateway.ts';
import type { Fault } from './fault.ts';
import type { LimitState, Picked } from './rule-book.ts';
import type { Wire } from './simulator.ts';
import type { Ask, Chunk, Headers, Reply, ReplyContext, WireFormat } from './wires/wire.ts';

export interface Pacing {
  readonly firstTokenDelayMs: number;
  readonly tokenDelayMs: number;
}

export interface Plan extends Sent {
  readonly headersDelayMs: number;
  readonly firstTokenDelayMs: number;
  readonly tokenDelayMs: number;
  /** What a whole answer says that it has cost; null: this is none. */
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number } | null;
  /** What is sent so often while there is no token. */
  readonly keepAlive: { readonly everyMs: number; readonly text: string } | null;
}

interface Sent {
  readonly status: number;
  readonly headers: Headers;
  /** Headers are sent by themselves; otherwise with the first chunk. */
  readonly headersFirst: boolean;
  readonly opening: readonly Chunk[];
  /** Each is waited for. */
  readonly tokens: readonly Chunk[];
  readonly closing: readonly Chunk[];
  /** `reset`: instead of all of the above. */
  readonly ending: 'end' | 'cut' | 'stall' | 'reset';
}

export interface PlanInput {
  readonly wire: Wire;
  readonly format: WireFormat;
  /** Null: a body that the provider calls invalid. */
  readonly ask: Ask | null;
  readonly picked: Picked;
  readonly context: ReplyContext;
  readonly pacing: Pacing;
}

export function planReply(input: PlanInput): Plan {
  const { ask, format, picked, pacing } = input;
  const delay = picked.fault?.type === 'delay' ? picked.fault : null;
  const fault = picked.fault?.type === 'delay' ? (picked.fault.fault ?? null) : picked.fault;
  const reply = ask && answerWith(ask, fault);
  const firstTokenDelayMs = delay?.firstTokenMs ?? pacing.firstTokenDelayMs;
  const tokenDelayMs = delay?.tokenMs ?? pacing.tokenDelayMs;
  const keepAliveMs = (fault?.type === 'stall' ? fault.keepAliveMs : undefined) ?? delay?.keepAliveMs;
  const sent =
    ask && reply ? sentFor({ ...input, ask, reply, fault }) : errorSent(input, { situation: 'invalid-request' });
  return {
    ...sent,
    headersFirst: sent.headersFirst || (keepAliveMs !== undefined && sent.tokens.length > 0),
    headersDelayMs: delay?.headersMs ?? 0,
    // An answer that is not streamed comes when its last token would have come.
    firstTokenDelayMs: firstTokenDelayMs + (ask?.stream ? 0 : tokenDelayMs * (reply?.outputTokens ?? 0)),
    tokenDelayMs,
    usage: reply && !(fault && WITHOUT_USAGE.has(fault.type)) ? reply : null,
    keepAlive: keepAliveMs === undefined ? null : { everyMs: keepAliveMs, text: ask?.stream ? format.keepAlive : '\n' },
  };
}

const WITHOUT_USAGE: ReadonlySet<Fault['type']> = new Set([
  'error',
  'status',
  'html',
  'reset',
  'cut',
  'end-early',
  'stall',
  'malformed-chunk',
  'error-in-200',
]);

interface SentInput extends PlanInput {
  readonly ask: Ask;
  readonly reply: Reply;
  readonly fault: Exclude<Fault, { type: 'delay' | 'limit' }> | null;
}

function sentFor(input: SentInput): Sent {
  const { ask, fault, picked } = input;
  if (fault?.type === 'error') return errorSent(input, fault);
  if (fault?.type === 'status') return rawSent(input, { headers: {}, ...fault });
  if (fault?.type === 'html') {
    return rawSent(input, { status: 200, headers: { 'content-type': 'text/html' }, body: page('Welcome') });
  }
  if (fault?.type === 'reset') return { ...rawSent(input, { status: 200, headers: {}, body: '' }), ending: 'reset' };
  if (fault?.type === 'error-in-200' && !ask.stream) {
    return rawSent(input, { status: 200, headers: {}, body: errorFor(input, fault).body });
  }
  const headers = headersOf(input, picked.limit ?? { limit: 10_000, remaining: 9_999, resetMs: 6 });
  return ask.stream ? streamSent(input, headers) : bodySent(input, headers);
}

function streamSent({ format, reply, context, fault, ...input }: SentInput, headers: Headers): Sent {
  const { opening, tokens, closing } = format.frames(reply, context);
  const { streamType = 'text/event-stream; charset=utf-8', broken = brokenText } = format;
  const whole: Sent = {
    status: 200,
    headers: { ...headers, 'content-type': streamType, 'cache-control': 'no-cache' },
    headersFirst: true,
    opening,
    tokens,
    closing,
    ending: 'end',
  };
  const after = (fault && 'afterChunks' in fault ? fault.afterChunks : undefined) ?? Math.floor(tokens.length / 2);
  const begun = { ...whole, tokens: tokens.slice(0, after), closing: [] };
  if (fault?.type === 'cut' || fault?.type === 'stall') return { ...begun, ending: fault.type };
  if (fault?.type === 'end-early') return begun;
  if (fault?.type === 'error-in-200') {
    const { body } = errorFor({ ...input, format, context }, fault);
    return { ...begun, closing: [format.errorFrame(body)] };
  }
  if (fault?.type === 'malformed-chunk') {
    const lost = tokens[after];
    if (lost !== undefined) return { ...whole, tokens: tokens.with(after, broken(lost)) };
    return { ...whole, closing: [broken(closing[0] ?? ''), ...closing] };
  }
  return whole;
}

function bodySent({ format, reply, context, fault }: SentInput, headers: Headers): Sent {
  const body = JSON.stringify(format.body(reply, context));
  const half = body.slice(0, body.length / 2);
  const json = { ...headers, 'content-type': 'application/json' };
  const length = { 'content-length': String(Buffer.byteLength(body)) };
  const whole = { status: 200, headersFirst: false, opening: [], closing: [] };
  if (fault?.type === 'cut' || fault?.type === 'stall') {
    return { ...whole, headers: { ...json, ...length }, tokens: [half], ending: fault.type };
  }
  const isBroken = fault?.type === 'end-early' || fault?.type === 'malformed-chunk';
  return { ...whole, headers: json, tokens: [isBroken ? half : body], ending: 'end' };
}

function errorSent(
  input: PlanInput,
  error: { readonly situation: Situation; readonly retryAfterMs?: number | null },
): Sent {
  const { situation, retryAfterMs = 1_000 } = error;
  // A quota is no rate, and without a hint no header may be one.
  const isHinted = situation === 'rate-limit' && retryAfterMs !== null;
  const limit = isHinted ? (input.picked.limit ?? { limit: 500, remaining: 0, resetMs: retryAfterMs }) : null;
  return rawSent(input, errorFor(input, error), limit);
}

function errorFor(
  { wire, format, context }: Pick<PlanInput, 'wire' | 'format' | 'context'>,
  { situation, retryAfterMs }: { readonly situation: Situation; readonly retryAfterMs?: number | null },
): ErrorReply {
  const { model, id } = context;
  const requestId = format.requestId(id);
  return errorBody(wire, situation, { model, requestId, ...(retryAfterMs !== undefined && { retryAfterMs }) });
}

function rawSent(input: PlanInput, reply: ErrorReply, limit: LimitState | null = null): Sent {
  const { status, headers, body } = reply;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    status,
    headers: { ...headersOf(input, limit), 'content-type': 'application/json', ...headers },
    headersFirst: false,
    opening: [text],
    tokens: [],
    closing: [],
    ending: 'end',
  };
}

function headersOf({ format, context }: PlanInput | SentInput, limit: LimitState | null): Headers {
  return format.headers({ id: context.id, atMs: context.atMs, limit });
}

function brokenText(frame: Chunk): string {
  const text = String(frame);
  return `${text.slice(0, text.length * 0.6).trimEnd()}\n\n`;
}
