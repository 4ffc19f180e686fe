// Waits on the line until an inference has ended, for a client that asked for nothing else. Decides what a deadline,
// a disconnect and a shutdown mean for it.

import { setTimeout as delay } from 'node:timers/promises';
import type { Inference } from '../domain/inference.ts';
import { ApiError, temporalUnavailable } from './errors.ts';
import type { HttpContext } from './http-context.ts';
import type { Started } from './start-inference.ts';
import type { Place } from './waiting.ts';

/** The workflow ends itself at its deadline and names every call; this much longer is it waited for. */
const DEADLINE_MARGIN_MS = 1_000;
/** How often it is looked at while the server has no place for another long poll. */
const CROWDED_POLL_MS = 1_000;

/** The inference once it has ended, or null when nobody is left to answer: the client is gone, or was told something else. */
export async function synchronousAnswer(
  context: HttpContext,
  started: Started,
  place: Place,
): Promise<Inference | null> {
  const { inferences, waiting } = context;
  const { inference: from, isJoinable } = started;
  if (from.endedAt) return from;
  const { id } = from;
  place.waitFor(id);
  // Not the clock of the day, which may be set while somebody waits.
  const until = performance.now() + started.deadlineMs + DEADLINE_MARGIN_MS;
  for (;;) {
    if (waiting.isShuttingDown) throw letGo(started);
    if (place.signal.aborted) return null;
    const leftMs = until - performance.now();
    if (leftMs <= 0) return atDeadline(context, started);

    const outcome = await inferences.wait(id, { timeoutMs: leftMs, signal: place.signal, from });
    if (outcome.type === 'found') return withCalls(context, outcome.inference);
    if (outcome.type === 'unavailable') throw temporalUnavailable({ inferenceId: id, shouldRetry: isJoinable });
    if (outcome.type === 'not-found') throw new Error(`Inference ${id} disappeared while it was waited for.`);

    // Pending before its time: too many wait already. That is no reason to turn this client away.
    if (!place.signal.aborted && performance.now() < until) {
      const looked = await inferences.get(id);
      if (looked.type === 'found' && looked.inference.endedAt) return looked.inference;
      await rest(Math.min(CROWDED_POLL_MS, Math.max(0, until - performance.now())), place.signal);
    }
  }
}

/** An inference that was ended from outside returned no calls; they are found beside it, with another look. */
async function withCalls({ inferences }: HttpContext, inference: Inference): Promise<Inference> {
  if (inference.status === 'succeeded' || inference.calls.length > 0) return inference;
  const looked = await inferences.get(inference.id);
  return looked.type === 'found' && looked.inference.endedAt ? looked.inference : inference;
}

/** With or without an Idempotency-Key: the retry of an official client joins it, on another replica. */
function letGo({ inference }: Started): ApiError {
  return new ApiError({
    code: 'shutting_down',
    message: `The service is shutting down; the inference goes on: GET /v1/inferences/${inference.id} tells its end.`,
    inferenceId: inference.id,
    shouldRetry: true,
    retryAfterSeconds: 1,
  });
}

/** Looks once more: it may have ended just now, and if not, the client is to know what was tried so far. */
async function atDeadline({ inferences }: HttpContext, { inference, isJoinable }: Started): Promise<Inference> {
  const { id } = inference;
  const looked = await inferences.get(id);
  if (looked.type === 'found' && looked.inference.endedAt) return looked.inference;
  throw new ApiError({
    code: 'deadline_exceeded',
    message: `The deadline passed before the inference ended: GET /v1/inferences/${id} tells its end.`,
    inferenceId: id,
    shouldRetry: isJoinable,
    ...(looked.type === 'found' ? { calls: looked.inference.calls } : {}),
  });
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
