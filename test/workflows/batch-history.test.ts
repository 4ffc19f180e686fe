// How the histories of batches stay short: `batch` goes on as a new run, and a look at a provider's batch leaves no event.
// The workflows and the Temporal server are real; the activities only count.

import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import type { FinishBatchInput } from '../../activities/batch/finish-batch.ts';
import type {
  AwaitProviderBatchInput,
  AwaitProviderBatchResult,
  CreateProviderBatchInput,
} from '../../activities/batch/live-batch.ts';
import type { UploadLinesInput } from '../../activities/batch/upload-lines.ts';
import type { BatchInput, BatchPlan, StepRecord } from '../../src/domain/batch.ts';
import type { ModelSettings } from '../../src/domain/model-settings.ts';
import { clientOf, connectionOf, start as startServer, useServers } from '../temporal/servers.ts';

useServers();

const MOST_EVENTS = 2_000;
const workflowBundle = { codePath: fileURLToPath(new URL('../../dist/workflows.bundle.js', import.meta.url)) };

let client: Client;
let worker: Worker;
let created: string[];
let finished: FinishBatchInput[];
let portions: number;
/** Looks that find a provider's batch still at work. */
let looks: number;

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
});

beforeEach(async () => {
  const server = await startServer();
  client = await clientOf(server);
  [created, finished] = [[], []];
  let looked = 0;
  worker = await Worker.create({
    connection: await connectionOf(server),
    taskQueue: 'holdfast',
    workflowBundle,
    activities: {
      planBatch: (): BatchPlan => ({
        total: portions,
        faults: [],
        portions: Array.from({ length: portions }, (_, n) => ({ lines: [[n, n + 1]], laneUsd: [1, 1], syncUsd: 2 })),
      }),
      uploadLines({ target, name, lines }: UploadLinesInput) {
        if (target.provider === 'none') throw ApplicationFailure.nonRetryable('It has no batches.', 'unsupported');
        const refused = { failures: {}, outcomes: [] };
        return { key: name, uploaded: {}, spool: null, sent: lines, rest: [], isCut: false, refused };
      },
      createProviderBatch({ key }: CreateProviderBatchInput) {
        created.push(key);
        return { type: 'created', id: `at-${key}` };
      },
      awaitProviderBatch({ target }: AwaitProviderBatchInput): AwaitProviderBatchResult {
        if (looked++ < looks) throw ApplicationFailure.create({ type: 'pending' });
        if (target.provider === 'full')
          return { end: 'failed', failure: { kind: 'rate-limited', message: 'It is full.' } };
        return { end: 'completed' };
      },
      collectResults: ({ lines }: UploadLinesInput): Partial<StepRecord> => ({
        answered: lines.length,
        rest: [],
        failures: {},
        costUsd: 1,
        outcomes: [],
      }),
      removeProviderBatch: () => undefined,
      finishBatch(input: FinishBatchInput) {
        finished.push(input);
        return { status: 'completed' };
      },
    },
  });
}, 60_000);

const settings: ModelSettings = {
  strategy: 'failover',
  targets: [{ provider: 'some', model: 'm' }],
  attemptTimeoutMs: 1,
  firstTokenTimeoutMs: 1,
  stallTimeoutMs: 1,
  maxAttemptsPerTarget: 1,
  onRefusal: 'return',
};

async function runOf(lanes: readonly string[]): Promise<void> {
  const input: BatchInput = {
    id: 'batch',
    inputFileId: 'file-in',
    endpoint: '/v1/chat/completions',
    model: 'm',
    settings,
    lanes: lanes.map((provider) => ({ provider, model: 'm' })),
    deadlineMs: 3_600_000,
    rescue: 'none',
    maxCostUsd: 1_000,
    rules: { pollIntervalMs: 1, stuckAfterMs: 2_000, rescueConcurrency: 1 },
    owner: null,
    configHash: 'hash',
  };
  await worker.runUntil(
    client.workflow.execute('batch', { workflowId: 'batch', taskQueue: 'holdfast', args: [input] }),
  );
}

async function historyLengths(query: string): Promise<readonly number[]> {
  const lengths: number[] = [];
  for await (const { historyLength } of client.workflow.list({ query })) lengths.push(historyLength ?? Number.NaN);
  return lengths;
}

it('a batch of many portions goes on in new runs, and does nothing twice', { timeout: 120_000 }, async () => {
  [portions, looks] = [120, 0];
  await runOf(['none', 'some']);

  const lengths = await historyLengths('WorkflowType = "batch"');
  expect(lengths.length).toBeGreaterThan(1);
  expect(Math.max(...lengths)).toBeLessThan(MOST_EVENTS);
  expect(created.toSorted()).toEqual(Array.from({ length: portions }, (_, n) => `batch.p${n}.l1.0`).toSorted());
  const [end] = finished;
  expect(finished).toHaveLength(1);
  const steps = end?.steps.map(({ portion, lane }) => `${portion} at ${lane}`) ?? [];
  expect(steps.toSorted()).toEqual(
    Array.from({ length: portions }, (_, n) => [`${n} at 0`, `${n} at 1`])
      .flat()
      .toSorted(),
  );
  expect(end?.plan.portions).toHaveLength(portions);
});

it('looks at a provider batch leave nothing in its history', { timeout: 60_000 }, async () => {
  [portions, looks] = [1, 50];
  await runOf(['some']);

  const [length] = await historyLengths('WorkflowType = "provider-batch"');
  expect(length).toBeLessThan(50);
  expect(created).toEqual(['batch.p0.l0.0']);
});

it('a provider that stays full is left for the next lane, long before the deadline', { timeout: 60_000 }, async () => {
  [portions, looks] = [1, 0];
  await runOf(['full', 'some']);

  const [tries, others] = [
    created.filter((key) => key.includes('.l0.')),
    created.filter((key) => key.includes('.l1.')),
  ];
  expect(tries.length).toBeGreaterThan(1);
  expect(tries.length).toBeLessThanOrEqual(51);
  expect(others).toEqual(['batch.p0.l1.0']);
  const [end] = finished;
  expect(end?.steps).toMatchObject([
    { lane: 0, end: 'failed', failure: { kind: 'rate-limited' } },
    { lane: 1, rest: [] },
  ]);
});
