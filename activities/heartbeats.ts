// How often a call tells Temporal that it lives, and hears whether it is cancelled.

import type { Context } from '@temporalio/activity';
import type { CallProgress } from '../src/domain/call.ts';

/** The happy path has none: each is a round trip and a write. */
const RARE = { firstMs: 2_000, everyMs: 5_000 };
/** Of calls that are to hear of a cancel soon. The SDK itself sends one in four fifths of the timeout at most. */
const FREQUENT = { firstMs: 300, everyMs: 500 };
/** Whoever scheduled the call says by its heartbeat timeout which it is. */
const FREQUENT_UP_TO_MS = 2_000;

/** Returns what ends them. */
export function startHeartbeats(context: Context, progress: CallProgress): () => void {
  const { heartbeatTimeoutMs } = context.info;
  const isFrequent = heartbeatTimeoutMs !== undefined && heartbeatTimeoutMs <= FREQUENT_UP_TO_MS;
  const { firstMs, everyMs } = isFrequent ? FREQUENT : RARE;
  const tick = (): void => {
    context.heartbeat(progress);
    timer = setTimeout(tick, everyMs);
  };
  let timer = setTimeout(tick, firstMs);
  return () => clearTimeout(timer);
}
