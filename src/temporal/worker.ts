// The worker: polls the one task queue, runs workflows from the prebuilt bundle and the activities that are passed in.

import type { DataConverter } from '@temporalio/common';
import type { NativeConnection, WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { Worker } from '@temporalio/worker';
import type { createActivities } from '../../activities/index.ts';
import type { InferenceObserver } from './observers.ts';
import { sinksOf } from './observers.ts';
import { TASK_QUEUE } from './task-queue.ts';

export interface InferenceWorker {
  /** Settles when the worker has stopped; rejects when it can't go on. */
  readonly stopped: Promise<void>;
  isRunning(): boolean;
  /** Lets calls in flight end for a while, then hands them back to be tried elsewhere. */
  shutdown(): Promise<void>;
}

export async function startWorker(start: {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly activities: ReturnType<typeof createActivities>;
  /** Prebuilt by `npm run build`. */
  readonly workflowBundle: { readonly codePath: string } | WorkflowBundleWithSourceMap;
  readonly dataConverter: DataConverter;
  /** How long calls in flight may go on after a shutdown has begun. */
  readonly shutdownGraceMs: number;
  /** Names the worker among those that poll. */
  readonly identity: string;
  readonly observer: InferenceObserver;
}): Promise<InferenceWorker> {
  const { connection, namespace, activities, workflowBundle, dataConverter, shutdownGraceMs } = start;
  const { identity, observer } = start;
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: TASK_QUEUE,
    activities,
    workflowBundle,
    dataConverter,
    identity,
    sinks: sinksOf(observer),
    // Calls wait for providers, not for the CPU: many fit beside each other.
    maxConcurrentActivityTaskExecutions: 1_000,
    maxConcurrentWorkflowTaskExecutions: 100,
    maxCachedWorkflows: 1_000,
    // What a worker that died had in hand is given to another one after this.
    stickyQueueScheduleToStartTimeout: '5s',
    // Below it a small server spends its time on heartbeats (at 500 ms, 130 calls in flight starve it).
    maxHeartbeatThrottleInterval: '5s',
    shutdownGraceTime: shutdownGraceMs,
    shutdownForceTime: shutdownGraceMs + 5_000,
  });
  const stopped = worker.run();
  return {
    stopped,
    isRunning: () => worker.getState() === 'RUNNING',
    async shutdown() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await stopped;
    },
  };
}
