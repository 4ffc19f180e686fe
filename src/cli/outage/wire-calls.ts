// The day's calls as the providers saw them: the simulator's own record, which no way of asking can embellish. Pure.

import type { RecordedRequest } from '../../simulator/simulator.ts';
import type { DayClock } from './clock.ts';
import type { Place } from './day.ts';
import type { Way } from './providers.ts';
import { readAccount } from './providers.ts';
import { questionIdIn } from './traffic.ts';

export interface WireCall {
  readonly way: Way;
  readonly place: Place;
  readonly dayMs: number;
  /** Null of a health ping. */
  readonly questionId: string | null;
  /** How much of an answer came; null: none, and none was billed. */
  readonly said: 'all' | 'half' | 'nothing' | null;
}

/** In the order of their arrival. What came before the day began is left out. */
export function wireCallsOf(requests: readonly RecordedRequest[], clock: DayClock): readonly WireCall[] {
  return requests.flatMap((request) => {
    const account = readAccount(request.account);
    const dayMs = clock.dayMs(request.atMs);
    if (!account || dayMs < 0) return [];
    return [{ ...account, dayMs, questionId: questionIdIn(request.body), said: saidBy(request) }];
  });
}

function saidBy({ outcome, fault }: RecordedRequest): WireCall['said'] {
  if (outcome === 'answered') return 'all';
  if (outcome !== 'faulted') return null;
  if (fault === 'truncated') return 'half';
  return fault === 'empty' ? 'nothing' : null;
}
