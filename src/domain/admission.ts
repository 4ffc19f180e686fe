// Whether the service takes one more inference: it does not when too many run, or when no provider that could serve it
// has room before its deadline. Pure; asked before anything is started.

import type { CommonInput } from './inference.ts';
import type { ModelSettings } from './model-settings.ts';
import type { Target } from './target.ts';
import { targetName } from './target.ts';

export interface Refusal {
  /** A few fixed words: metrics count by it. */
  readonly reason: 'in-flight' | 'budgets';
  readonly retryAfterMs: number;
}

export type Admit = (wanted: Pick<CommonInput, 'settings' | 'deadlineMs'>) => Refusal | null;

export function createAdmit(options: {
  readonly maxInFlight: number;
  /** Inferences that run now, parked ones left out. */
  readonly running: () => number;
  /** How long a call to the target would wait for its turn. */
  readonly waitMs: (target: string) => number;
}): Admit {
  const { maxInFlight, running, waitMs } = options;
  return ({ settings, deadlineMs }) => {
    if (running() >= maxInFlight) return { reason: 'in-flight', retryAfterMs: COME_BACK_MS };
    const soonestMs = soonestTurnMs(settings, (target) => waitMs(targetName(target)));
    // A call waits for at most half of its time (`queueTimeMs`).
    return soonestMs > deadlineMs / 2 ? { reason: 'budgets', retryAfterMs: soonestMs } : null;
  };
}

const COME_BACK_MS = 2_000;

/** When as many calls get their turn as it takes for an answer: one, or a quorum of legs. */
function soonestTurnMs(settings: ModelSettings, waitMs: (target: Target) => number): number {
  const { targets } = settings;
  if (settings.strategy !== 'consensus') return Math.min(...targets.map(waitMs));
  const ofLegs = settings.legs.map((leg) =>
    Math.min(...leg.targets.flatMap((index) => targets[index] ?? []).map(waitMs)),
  );
  return ofLegs.sort((a, b) => a - b)[settings.quorum - 1] ?? 0;
}
