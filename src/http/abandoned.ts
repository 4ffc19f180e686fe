// What becomes of an inference whose client went away before its answer: cancelled with it, unless somebody wants it.

import type { FastifyBaseLogger } from 'fastify';
import type { HttpContext } from './http-context.ts';
import type { Started } from './start-inference.ts';

/**
 * Called when a client that waited is gone. Another one that waits for the same inference keeps it, where both wait in
 * this process: those of other processes are not known here.
 */
export async function abandon(
  { inferences, waiting }: HttpContext,
  { inference: { id }, isKept, line }: Started,
  log: FastifyBaseLogger,
): Promise<void> {
  if (isKept || waiting.isAwaited(id)) return;
  const outcome = await inferences.cancel(id);
  if (outcome.type === 'found') {
    line?.hangUp(outcome.inference.runId);
    log.debug({ inferenceId: id }, 'Cancelled: its client disconnected.');
  } else log.warn({ inferenceId: id, outcome: outcome.type }, 'Its client disconnected, but it was not cancelled.');
}
