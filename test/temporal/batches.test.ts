// Batches over a real Temporal server and real records: what is there after each way in which a start, a run or the
// server can end.

import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { Worker } from '@temporalio/worker';
import { beforeEach, describe, expect, it } from 'vitest';
import type { BatchManifest, BatchStart } from '../../src/domain/batch.ts';
import type { BatchRecords } from '../../src/domain/batch-records.ts';
import type { Batches } from '../../src/domain/batches.ts';
import { endWithoutRecord, NO_PROGRESS } from '../../src/domain/batches.ts';
import { newBatchId } from '../../src/domain/ids.ts';
import { createBatchRecords } from '../../src/files/batch-records.ts';
import { directoryBlobStore } from '../../src/storage/directory.ts';
import { createBatches } from '../../src/temporal/batches.ts';
import type { EmbeddedServer } from '../../src/temporal/embedded-server.ts';
import { createDataConverter } from '../../src/temporal/payloads.ts';
import { eventually } from '../support/polling.ts';
import { clientOf, connectionOf, newDirectory, start as startServer, useServers } from './servers.ts';

useServers();

let server: EmbeddedServer;
let connection: NativeConnection;
let client: Client;
let records: BatchRecords;
let batches: Batches;

beforeEach(async () => {
  server = await startServer();
  connection = await connectionOf(server);
  client = await clientOf(server);
  const blobs = directoryBlobStore(newDirectory());
  records = createBatchRecords(blobs);
  batches = createBatches({ ...server, connection, dataConverter: createDataConverter({ blobs }), records });
}, 60_000);

let made = 0;

function startOf(
  fields: { id?: string; owner?: string | null; fingerprint?: string; createdAt?: string } = {},
): BatchStart {
  const { owner = null, fingerprint = 'f', createdAt = new Date().toISOString() } = fields;
  const id = fields.id ?? newBatchId({ nowMs: Date.now(), random: new Uint8Array(10).fill(++made) });
  return {
    input: {
      id,
      inputFileId: 'file-in',
      endpoint: '/v1/chat/completions',
      model: 'm',
      settings: {
        strategy: 'failover',
        targets: [{ provider: 'a', model: 'x' }],
        attemptTimeoutMs: 1,
        firstTokenTimeoutMs: 1,
        stallTimeoutMs: 1,
        maxAttemptsPerTarget: 1,
        onRefusal: 'return',
      },
      lanes: [],
      deadlineMs: 3_600_000,
      rescue: 'sync',
      maxCostUsd: null,
      rules: { pollIntervalMs: 1, stuckAfterMs: 2, rescueConcurrency: 3 },
      owner,
      configHash: 'hash',
    },
    createdAt,
    metadata: { night: '7' },
    completionWindow: '24h',
    fingerprint,
  };
}

function endOf(start: BatchStart): BatchManifest {
  const end = { status: 'cancelled', fault: null, endedAt: '2026-01-01T00:00:00.000Z' } as const;
  return { ...endWithoutRecord(start, end), status: 'completed', stop: null, total: 5, answered: 5 };
}

const LONG_AGO = '2026-01-01T00:00:00.000Z';
const stateOf = async (id: string) => {
  const outcome = await batches.get(id);
  return outcome.type === 'found' ? outcome.batch.state : outcome.type;
};

describe('a start', () => {
  it('is there at once, without a worker, and can be found by its model', async () => {
    const start = startOf({ owner: 'ann' });
    const outcome = await batches.start(start);
    expect(outcome).toMatchObject({ type: 'started', batch: { start, runId: expect.any(String) } });
    expect(await batches.get(start.input.id)).toEqual(outcome.type === 'started' && { ...outcome, type: 'found' });
    const info = await client.workflow.getHandle(start.input.id).describe();
    expect(info).toMatchObject({ type: 'batch', taskQueue: 'holdfast', memo: { owner: 'ann', progress: NO_PROGRESS } });
    expect(info.searchAttributes).toMatchObject({
      HoldfastModel: ['m'],
      HoldfastTags: ['key:ann', 'meta:night=7'],
    });
  });

  it('of an equal request joins it, and one of another request changes nothing', async () => {
    const start = startOf();
    const first = await batches.start(start);
    const second = await batches.start({ ...start, createdAt: LONG_AGO });
    expect(second).toEqual({ ...first, type: 'joined' });
    const other = { ...start, fingerprint: 'g', metadata: { night: '8' } };
    expect(await batches.start(other)).toEqual({ type: 'conflict' });
    expect(await records.readStart(start.input.id)).toEqual(start);
  });

  it('of many requests at once starts one', async () => {
    const start = startOf();
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => batches.start(start)));
    expect(outcomes.map(({ type }) => type).sort()).toEqual([...Array<string>(7).fill('joined'), 'started']);
  });

  it('joins what another process has started in the meantime, and not another request’s', async () => {
    const start = startOf();
    await batches.start(start);
    const late = (fingerprint: string) => {
      // That process has not seen the record yet.
      const behind: BatchRecords = { ...records, readStart: async () => null, writeStart: async () => undefined };
      const dataConverter = createDataConverter({ blobs: directoryBlobStore(newDirectory()) });
      return createBatches({ ...server, connection, dataConverter, records: behind }).start({ ...start, fingerprint });
    };
    expect(await late('f')).toMatchObject({ type: 'joined' });
    expect(await late('g')).toEqual({ type: 'conflict' });
  });

  it('that a crash cut off before its workflow is seen as failed, and the same request starts it', async () => {
    const start = startOf({ createdAt: LONG_AGO });
    await records.writeStart(start);
    expect(await stateOf(start.input.id)).toMatchObject({
      type: 'ended',
      manifest: { status: 'failed', faults: [{ code: 'batch_not_started' }], endedAt: '2026-01-01T00:00:10.000Z' },
    });
    const again = startOf({ id: start.input.id });
    expect(await batches.start(again)).toMatchObject({ type: 'started' });
    expect(await stateOf(start.input.id)).toMatchObject({ type: 'running' });
    expect(await records.readStart(start.input.id)).toEqual(again);
  });

  it('that is under way somewhere is not called failed', async () => {
    const start = startOf();
    await records.writeStart(start);
    expect(await stateOf(start.input.id)).toMatchObject({ type: 'running', progress: { status: 'validating' } });
  });

  it('that Temporal does not take leaves its record, and says so', async () => {
    const start = startOf();
    await server.stop();
    expect(await batches.start(start)).toEqual({ type: 'unavailable', startUnknown: true, id: start.input.id });
    expect(await records.readStart(start.input.id)).toEqual(start);
    expect(await batches.get(start.input.id)).toEqual({ type: 'unavailable', startUnknown: false });
  });
});

describe('a batch that runs', () => {
  it('shows its progress and what its providers tell, also when its worker is gone', async () => {
    const worker = await Worker.create({
      connection,
      taskQueue: 'holdfast',
      workflowsPath: fileURLToPath(new URL('./batch-workflows.ts', import.meta.url)),
      activities: {
        awaitProviderBatch: () => {
          Context.current().heartbeat({ done: 3, sinceMs: 1 });
          throw ApplicationFailure.create({ type: 'pending', nextRetryDelay: '1h' });
        },
      },
    });
    const start = startOf();
    await worker.runUntil(async () => {
      await batches.start(start);
      await eventually(async () => {
        const state = await stateOf(start.input.id);
        return typeof state === 'object' && state.type === 'running' && state.lanes[0]?.done === 3;
      });
    });
    expect(await stateOf(start.input.id)).toEqual({
      type: 'running',
      progress: { status: 'in_progress', total: 9, answered: 4, steps: [], costUsd: 0.5 },
      lanes: [{ portion: 2, lane: 1, done: 3 }],
    });
    const page = await batches.list({ owner: null, limit: 5 });
    expect(page).toMatchObject({ batches: [{ state: { progress: { total: 9 }, lanes: [] } }] });
  }, 60_000);

  it('is asked to cancel, and says so until it has', async () => {
    const start = startOf();
    await batches.start(start);
    expect(await batches.cancel(start.input.id)).toMatchObject({
      type: 'found',
      batch: { state: { progress: { status: 'cancelling' } } },
    });
    expect(await batches.cancel(start.input.id)).toMatchObject({ type: 'found' });
    expect(await batches.cancel(`batch_${'0'.repeat(26)}`)).toEqual({ type: 'not-found' });
  });
});

describe('a batch that has ended', () => {
  it('is read from its record, also when Temporal is away or has never known it', async () => {
    const start = startOf({ createdAt: LONG_AGO });
    await records.writeStart(start);
    await records.writeEnd(endOf(start));
    const ended = { type: 'ended', manifest: endOf(start) };
    expect(await stateOf(start.input.id)).toEqual(ended);
    expect(await batches.cancel(start.input.id)).toMatchObject({ type: 'found', batch: { state: ended } });
    expect(await batches.start(startOf({ id: start.input.id }))).toMatchObject({ type: 'joined', batch: { start } });
    await server.stop();
    expect(await stateOf(start.input.id)).toEqual(ended);
    expect(await batches.list({ owner: null, limit: 5 })).toMatchObject({ batches: [{ state: ended }] });
  });

  it('from outside is failed with what there was, and the same request starts it again', async () => {
    const start = startOf();
    await batches.start(start);
    await client.workflow.getHandle(start.input.id).terminate();
    expect(await stateOf(start.input.id)).toMatchObject({
      type: 'ended',
      manifest: { status: 'failed', faults: [{ code: 'batch_terminated' }], outputFileId: null },
    });
    expect(await batches.start(start)).toMatchObject({ type: 'started' });
    expect(await stateOf(start.input.id)).toMatchObject({ type: 'running' });
  });
});

describe('a list', () => {
  it('has pages, newest first, of one owner or of all', async () => {
    const ids: string[] = [];
    for (let number = 0; number < 25; number++) {
      const start = startOf({ owner: number % 5 === 0 ? 'bob' : 'ann', createdAt: LONG_AGO });
      await records.writeStart(start);
      await records.writeEnd(endOf(start));
      ids.unshift(start.input.id);
    }
    const known = await records.list();
    const seen: string[] = [];
    for (let after: string | undefined, hasMore = true; hasMore; after = seen.at(-1)) {
      const page = await batches.list({ owner: 'ann', limit: 7, ...(after !== undefined && { after }) });
      if (page.type !== 'page') throw new Error(page.type);
      seen.push(...page.batches.map(({ start }) => start.input.id));
      hasMore = page.hasMore;
    }
    const bobs = ids.filter((_, index) => (ids.length - 1 - index) % 5 === 0);
    expect(seen).toEqual(known.filter((id) => !bobs.includes(id)));
    expect(seen).toHaveLength(20);
    expect(await batches.list({ owner: null, limit: 25 })).toMatchObject({ hasMore: false });
    expect(await batches.list({ owner: 'ann', limit: 5, after: bobs[0] ?? '' })).toEqual({ type: 'not-found' });
    expect(await batches.list({ owner: 'ann', limit: 5, after: 'batch_x' })).toEqual({ type: 'not-found' });
  });
});
