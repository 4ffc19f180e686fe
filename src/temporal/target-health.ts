// The workflow `target-health` as the service uses it: tells it what has changed, reads what all share, steers circuits.
// One per service; a worker's report creates it where it is not there yet.

import {
  Client,
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { DataConverter, Workflow } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import type { Circuit } from '../domain/circuit.ts';
import type { HealthReport, SharedHealth } from '../domain/health.ts';
import type { reportSignal, Steering } from '../../workflows/messages.ts';
import { isUnreachable, withinRoundTrip } from './deadline.ts';
import { TASK_QUEUE } from './task-queue.ts';

const TARGET_HEALTH = 'target-health';

/** The circuits that have changed, by key; null when Temporal is away or no worker took it in time. */
type Steered = Readonly<Record<string, Circuit>> | null;

export interface SharedTargetHealth {
  /** Null: no worker has reported, or somebody ended the workflow since. */
  read(): Promise<SharedHealth | null>;
  report(report: HealthReport): Promise<void>;
  steer(change: 'isolate' | 'restore', steering: Steering): Promise<Steered>;
}

export function createSharedTargetHealth(options: {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly dataConverter: DataConverter;
}): SharedTargetHealth {
  const { connection } = options;
  const client = new Client(options);
  const workflow = { workflowId: TARGET_HEALTH, taskQueue: TASK_QUEUE, args: [] };
  return {
    async read() {
      try {
        const handle = client.workflow.getHandle(TARGET_HEALTH);
        const { memo, closeTime } = await withinRoundTrip(connection, () => handle.describe());
        return !closeTime && isSharedHealth(memo?.['health']) ? memo['health'] : null;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return null;
        throw error;
      }
    },
    async report(report) {
      const signal: (typeof reportSignal)['name'] = 'report';
      await withinRoundTrip(connection, () =>
        client.workflow.signalWithStart(TARGET_HEALTH, { ...workflow, signal, signalArgs: [report] }),
      );
    },
    async steer(change, steering) {
      const startWorkflowOperation = new WithStartWorkflowOperation(TARGET_HEALTH, {
        ...workflow,
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      try {
        return await withinRoundTrip(connection, () =>
          client.workflow.executeUpdateWithStart<Workflow, Readonly<Record<string, Circuit>>, [Steering]>(change, {
            startWorkflowOperation,
            args: [steering],
          }),
        );
      } catch (error) {
        if (isUnreachable(error) || error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return null;
        throw error;
      }
    },
  };
}

function isSharedHealth(memo: unknown): memo is SharedHealth {
  return typeof memo === 'object' && memo !== null && 'circuits' in memo && 'scores' in memo && 'budgets' in memo;
}
