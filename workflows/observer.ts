// What the worker's process is told of inferences as they go, for its metrics and alerts. Leaves nothing in the history
// and costs no round trip; whether it arrives is nobody's concern here.

import { proxySinks, type Sinks } from '@temporalio/workflow';

/** Implemented by the worker (`src/temporal/observers.ts`). */
export interface ObserverSinks extends Sinks {
  observer: {
    inferenceEnded(end: {
      readonly model: string;
      readonly outcome: 'succeeded' | 'failed' | 'cancelled';
      /** An `InferenceFailureCode`; null when it succeeded. */
      readonly code: string | null;
      readonly durationMs: number;
    }): void;
    /** A consensus has ended with a verdict. */
    voted(vote: {
      readonly model: string;
      readonly outcome: 'agreed' | 'partial' | 'split' | 'inconclusive';
      readonly decidedBy: 'votes' | 'majority-field' | 'escalation' | 'person' | null;
    }): void;
    /** Calls of the inference under way are of no use any more. */
    callsAbandoned(): void;
    /** All targets of an inference's chain have failed in one round. */
    chainExhausted(chain: { readonly model: string }): void;
  };
}

export const { observer } = proxySinks<ObserverSinks>();
