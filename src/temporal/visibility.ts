// What is asked of visibility, and how texts are written into its queries.

import type { InferenceStatus, WaitingFor } from '../domain/inference.ts';

/** Each strategy is a Workflow Type, and embeddings have one of their own. */
export const INFERENCES = `WorkflowType IN ('failover', 'hedge', 'consensus', 'embeddings')`;

/** What a workflow that waits says of itself in `HoldfastState` (`workflows/search-state.ts`). */
export const STATES: Readonly<Record<WaitingFor, string>> = { target: 'waiting', resolution: 'held' };

export const WAITING_FILTERS: Readonly<Record<WaitingFor, string>> = {
  target: `ExecutionStatus = 'Running' AND HoldfastState = '${STATES.target}'`,
  resolution: `ExecutionStatus = 'Running' AND HoldfastState = '${STATES.resolution}'`,
};

export const STATUS_FILTERS: Readonly<Record<InferenceStatus, string>> = {
  running: `ExecutionStatus = 'Running' AND (HoldfastState IS NULL OR HoldfastState NOT IN ('waiting', 'held'))`,
  waiting: `ExecutionStatus = 'Running' AND HoldfastState IN ('waiting', 'held')`,
  succeeded: `ExecutionStatus = 'Completed'`,
  failed: `ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated')`,
  cancelled: `ExecutionStatus = 'Canceled'`,
};

export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
