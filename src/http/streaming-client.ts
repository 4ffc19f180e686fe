// A client that takes its answer as a stream: what is started for it, and what its leaving means.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Inference } from '../domain/inference.ts';
import type { HeldLine } from '../domain/line.ts';
import { abandon } from './abandoned.ts';
import type { HttpContext } from './http-context.ts';
import { startInference } from './start-inference.ts';
import type { StreamPresenter } from './streams/presenter.ts';
import { StreamedAnswer } from './streams/streamed-answer.ts';
import { synchronousAnswer } from './synchronous-answer.ts';
import type { Place } from './waiting.ts';
import type { ChatHeaders, HowServed } from './waiting-client.ts';
import { howServed, servedHeaders } from './waiting-client.ts';
import type { InferenceWanted, Started } from './start-inference.ts';

export async function serveStreamingClient(
  context: HttpContext,
  client: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly headers: ChatHeaders },
  wanted: Omit<InferenceWanted, keyof HowServed>,
  presenterOf: (started: Started) => StreamPresenter,
): Promise<FastifyReply> {
  const { request, reply, headers } = client;
  const place = context.waiting.enter(reply.raw);
  let started: Started | null = null;
  try {
    const stream = { asked: headers['x-holdfast-stream'] };
    started = await startInference(context, request, { ...wanted, ...howServed(headers), client: 'waits', stream });
    const isTold = await writeStream(context, { reply, started, place }, presenterOf(started));
    if (!isTold) await abandon(context, started, reply.log);
    return reply.sent ? reply : reply.hijack();
  } finally {
    place.leave();
    started?.line?.leave();
  }
}

/** A client that comes back to a stream: it gets what was passed on before first. Its leaving ends nothing. */
export async function rejoinStream(
  context: HttpContext,
  client: { readonly reply: FastifyReply; readonly inference: Inference },
  presenter: StreamPresenter,
): Promise<FastifyReply> {
  const { reply, inference } = client;
  const { line: address, deadlineMs } = inference.memo;
  const place = context.waiting.enter(reply.raw);
  const line = address ? await context.lines.join(address) : null;
  try {
    const started = { inference, deadlineMs, isJoinable: true, isKept: true, line };
    await writeStream(context, { reply, started, place }, presenter);
    return reply.sent ? reply : reply.hijack();
  } finally {
    place.leave();
    line?.leave();
  }
}

/** Whether the client was told an end. */
async function writeStream(
  context: HttpContext,
  { reply, started, place }: { readonly reply: FastifyReply; readonly started: Started; readonly place: Place },
  presenter: StreamPresenter,
): Promise<boolean> {
  const { inference, line } = started;
  const { id } = inference;
  const written = new StreamedAnswer({ id, reply, headers: streamHeaders(inference, line), line, presenter });
  const ended = synchronousAnswer(context, started, place);
  // It may fail when nobody listens any more.
  ended.catch(() => undefined);
  try {
    return await written.write(ended);
  } finally {
    // An inference whose stream was interrupted goes on: without this it would be waited for until its end.
    place.endWait();
  }
}

function streamHeaders(inference: Inference, line: HeldLine | null): Record<string, string> {
  return { ...servedHeaders(inference), 'x-holdfast-stream': line?.address.isLive ? 'live' : 'verified' };
}
