// A client that takes its answer as a stream: what is started for it, and what its leaving means.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { abandon } from './abandoned.ts';
import type { HttpContext } from './http-context.ts';
import type { Started } from './start-inference.ts';
import { startInference } from './start-inference.ts';
import type { StreamPresenter } from './streams/presenter.ts';
import { StreamedAnswer } from './streams/streamed-answer.ts';
import { synchronousAnswer } from './synchronous-answer.ts';
import type { ChatHeaders, HowServed } from './waiting-client.ts';
import { howServed, servedHeaders } from './waiting-client.ts';
import type { InferenceWanted } from './start-inference.ts';

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
    const { inference, line } = started;
    const written = new StreamedAnswer({
      id: inference.id,
      reply,
      headers: { ...servedHeaders(inference), 'x-holdfast-stream': line?.address.isLive ? 'live' : 'verified' },
      line,
      presenter: presenterOf(started),
    });
    const ended = synchronousAnswer(context, started, place);
    // What was interrupted ends without anybody who waits for it.
    ended.catch(() => undefined);
    const isTold = await written.write(ended);
    if (!isTold) await abandon(context, started, reply.log);
    return reply.sent ? reply : reply.hijack();
  } finally {
    place.leave();
    started?.line?.leave();
  }
}
