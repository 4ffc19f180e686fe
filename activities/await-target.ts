// The activity `awaitTarget`: what a parked inference waits in. Each attempt looks once at what this worker knows and
// takes no time; between attempts nothing is held anywhere but in Temporal, and no attempt leaves a trace in the history.

import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { AwaitTargetInput } from '../src/domain/call.ts';
import { targetName } from '../src/domain/target.ts';
import type { Health } from '../src/health/health.ts';

/** The order in which to try the chain now, as indices into `targets`; null: as listed. */
export async function awaitTarget(health: Health, input: AwaitTargetInput): Promise<readonly number[] | null> {
  const { targets, sinceMs, restMs, limitMs } = input;
  const { scheduledTimestampMs, currentAttemptScheduledTimestampMs } = Context.current().info;
  const waitedMs = currentAttemptScheduledTimestampMs - scheduledTimestampMs;
  const hasRested = waitedMs >= restMs;
  if (waitedMs >= limitMs || health.mayResume({ targets: targets.map(targetName), sinceMs, hasRested })) {
    return health.rank(input);
  }
  const nextLookMs = Math.min(LOOK_AGAIN_MS * (0.5 + Math.random() / 2), limitMs - waitedMs);
  throw ApplicationFailure.create({
    type: 'parked',
    message: 'No target may be called yet.',
    nextRetryDelay: Math.max(1, Math.ceil(hasRested ? nextLookMs : Math.min(nextLookMs, restMs - waitedMs))),
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** A wake-up may be lost, so what is parked looks by itself so often; thousands of them do not look together. */
const LOOK_AGAIN_MS = 30_000;
