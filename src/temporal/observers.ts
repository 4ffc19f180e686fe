// Passes on to the process what its workflows tell of their inferences. Called once for each event, not in a replay.

import type { InjectedSinks } from '@temporalio/worker';
import type { ObserverSinks } from '../../workflows/observer.ts';

type Observer = ObserverSinks['observer'];

export interface InferenceObserver {
  /** @param id of the inference */
  callsAbandoned(runId: string): void;
  voted(...told: Parameters<Observer['voted']>): void;
  inferenceEnded(...told: Parameters<Observer['inferenceEnded']>): void;
  chainExhausted(...told: Parameters<Observer['chainExhausted']>): void;
}

export function sinksOf(observer: InferenceObserver): InjectedSinks<ObserverSinks> {
  return {
    observer: {
      callsAbandoned: { fn: (info) => observer.callsAbandoned(info.runId), callDuringReplay: false },
      voted: { fn: (_info, vote) => observer.voted(vote), callDuringReplay: false },
      inferenceEnded: { fn: (_info, end) => observer.inferenceEnded(end), callDuringReplay: false },
      chainExhausted: { fn: (_info, chain) => observer.chainExhausted(chain), callDuringReplay: false },
    },
  };
}
