// A client that stays on the line until its inference has ended: what is started for it, what it is told beside the
// answer, and what its leaving means. Shared by all ways in that answer so.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Inference } from '../domain/inference.ts';
import { abandon } from './abandoned.ts';
import type { HttpContext } from './http-context.ts';
import type { chatHeadersSchema } from './request-headers.ts';
import type { InferenceWanted, Started } from './start-inference.ts';
import { startInference } from './start-inference.ts';
import { synchronousAnswer } from './synchronous-answer.ts';

export type ChatHeaders = z.output<typeof chatHeadersSchema>;
export type HowServed = Pick<InferenceWanted, 'deadline' | 'priority' | 'idempotencyKey' | 'isDetached'>;

/** The inference once it has ended, or null when the client is gone and the reply is nobody's any more. */
export async function serveWaitingClient(
  context: HttpContext,
  line: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly headers: ChatHeaders },
  wanted: Omit<InferenceWanted, keyof HowServed>,
): Promise<Inference | null> {
  const { request, reply, headers } = line;
  const place = context.waiting.enter(reply.raw);
  let started: Started | null = null;
  try {
    started = await startInference(context, request, { ...wanted, ...howServed(headers), client: 'waits' });
    const inference = await synchronousAnswer(context, started, place);
    if (inference) return inference;
    await abandon(context, started, reply.log);
    reply.hijack();
    return null;
  } finally {
    place.leave();
    started?.line?.leave();
  }
}

/** What the headers ask for. */
export function howServed(headers: ChatHeaders): HowServed {
  return {
    deadline: headers['x-holdfast-deadline'],
    priority: headers['x-holdfast-priority'] === undefined ? undefined : Number(headers['x-holdfast-priority']),
    idempotencyKey: headers['idempotency-key'],
    isDetached: headers['x-holdfast-detach'] === 'true',
  };
}

/** How it was served, as far as it has come. */
export function servedHeaders({ id, memo, result, calls }: Inference): Record<string, string> {
  return {
    'x-holdfast-inference-id': id,
    'x-holdfast-model': headerText(memo.model),
    ...(result && {
      ...(result.target !== null && { 'x-holdfast-target': headerText(result.target) }),
      'x-holdfast-calls': String(calls.length),
      ...(result.verdict && { 'x-holdfast-verdict': result.verdict.outcome }),
    }),
  };
}

/** Names of models may hold what a header may not. */
export function headerText(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, (character) => encodeURIComponent(character));
}
