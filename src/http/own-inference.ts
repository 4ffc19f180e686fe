// Reads an inference for the caller whose it is, at once or after a wait. A disconnect here never cancels.

import type { FastifyReply } from 'fastify';
import { isInferenceId } from '../domain/ids.ts';
import type { Inference } from '../domain/inference.ts';
import type { GetOutcome } from '../domain/inferences.ts';
import type { Caller } from './auth.ts';
import { maySee } from './auth.ts';
import type { ApiError } from './errors.ts';
import { inferenceNotFound, temporalUnavailable } from './errors.ts';
import type { HttpContext } from './http-context.ts';

/** An inference that the caller may see; one of somebody else's is not there. */
export async function readOwn(
  { inferences }: HttpContext,
  id: string,
  caller: Caller,
  {
    notFound = () => inferenceNotFound(id),
    withCalls = true,
  }: {
    readonly notFound?: () => ApiError;
    /** Of a running one; whoever only steers it has no use for them. */
    readonly withCalls?: boolean;
  } = {},
): Promise<Inference> {
  if (!isInferenceId(id)) throw notFound();
  const outcome = await inferences.get(id, { withCalls });
  if (outcome.type === 'not-found') throw notFound();
  const inference = expectFound(id, outcome);
  if (!maySee(caller, inference.memo.owner)) throw notFound();
  return inference;
}

export function expectFound(id: string, outcome: GetOutcome): Inference {
  if (outcome.type === 'not-found') throw inferenceNotFound(id);
  if (outcome.type === 'unavailable') throw temporalUnavailable({ shouldRetry: true });
  return outcome.inference;
}

/**
 * The state at the end, or after the time, or at once when too many wait: waiting is never an error. Null when the state
 * could not be read again.
 */
export async function stateAfterWaiting(
  { inferences, waiting }: HttpContext,
  wanted: { readonly inference: Inference; readonly timeoutMs: number; readonly reply: FastifyReply },
): Promise<Inference | null> {
  const { inference, timeoutMs, reply } = wanted;
  if (inference.endedAt || timeoutMs === 0) return inference;
  const place = waiting.enter(reply.raw);
  try {
    const outcome = await inferences.wait(inference.id, { timeoutMs, signal: place.signal });
    if (place.isAbandoned) return inference;
    const latest = outcome.type === 'pending' ? await inferences.get(inference.id) : outcome;
    return latest.type === 'found' ? latest.inference : null;
  } finally {
    place.leave();
  }
}
