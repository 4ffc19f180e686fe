// A client that stays on the line until its inference has ended: what is started for it, what it is told beside the
// answer, and what its leaving means. Shared by all ways in that answer so.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Inference } from '../domain/inference.ts';
import type { HttpContext } from './http-context.ts';
import type { chatHeadersSchema } from './request-headers.ts';
import type { EmbeddingsWanted, InferenceWanted } from './start-inference.ts';
import { startInference } from './start-inference.ts';
import { synchronousAnswer } from './synchronous-answer.ts';

type ChatHeaders = z.output<typeof chatHeadersSchema>;
type HowServed = Pick<InferenceWanted, 'deadline' | 'priority' | 'idempotencyKey'>;

/** The inference once it has ended, or null when the client is gone and the reply is nobody's any more. */
export async function serveWaitingClient(
  context: HttpContext,
  line: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly headers: ChatHeaders },
  wanted: Omit<InferenceWanted, keyof HowServed> | Omit<EmbeddingsWanted, keyof HowServed>,
): Promise<Inference | null> {
  const { request, reply, headers } = line;
  const place = context.waiting.enter(reply.raw);
  try {
    const started = await startInference(context, request, { ...wanted, ...howServed(headers) });
    const inference = await synchronousAnswer(context, started, place);
    if (inference) return inference;
    // Without an Idempotency-Key nobody else can wait on this inference: this client was the last.
    const isWanted = started.isJoinable || headers['x-holdfast-detach'] === 'true';
    if (!isWanted) await cancelAbandoned(context, started.inference.id, reply);
    reply.hijack();
    return null;
  } finally {
    place.leave();
  }
}

/** What the headers ask for. */
export function howServed(headers: ChatHeaders): HowServed {
  return {
    deadline: headers['x-holdfast-deadline'],
    priority: headers['x-holdfast-priority'] === undefined ? undefined : Number(headers['x-holdfast-priority']),
    idempotencyKey: headers['idempotency-key'],
  };
}

/** How it was served, as far as it has come. */
export function servedHeaders({ id, memo, result, embeddings, calls }: Inference): Record<string, string> {
  const given = result ?? embeddings;
  return {
    'x-holdfast-inference-id': id,
    'x-holdfast-model': headerText(memo.model),
    ...(given && {
      ...(given.target !== null && { 'x-holdfast-target': headerText(given.target) }),
      'x-holdfast-calls': String(calls.length),
      ...(given.verdict && { 'x-holdfast-verdict': given.verdict.outcome }),
    }),
  };
}

async function cancelAbandoned({ inferences }: HttpContext, id: string, reply: FastifyReply): Promise<void> {
  const outcome = await inferences.cancel(id);
  if (outcome.type === 'found') reply.log.debug({ inferenceId: id }, 'Cancelled: its client disconnected.');
  else reply.log.warn({ inferenceId: id, outcome: outcome.type }, 'Its client disconnected, but it was not cancelled.');
}

/** Names of models may hold what a header may not. */
function headerText(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, (character) => encodeURIComponent(character));
}
