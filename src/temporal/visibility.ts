// What is asked of visibility, and how texts are written into its queries.

import type { InferenceStatus } from '../domain/inference.ts';

export const INFERENCES = `WorkflowType = 'failover'`;

export const STATUS_FILTERS: Readonly<Record<InferenceStatus, string>> = {
  running: `ExecutionStatus = 'Running' AND (HoldfastState IS NULL OR HoldfastState != 'waiting')`,
  waiting: `ExecutionStatus = 'Running' AND HoldfastState = 'waiting'`,
  succeeded: `ExecutionStatus = 'Completed'`,
  failed: `ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated')`,
  cancelled: `ExecutionStatus = 'Canceled'`,
};

export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
