// Large payloads go through the blob store, with a real Temporal server.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { choosePort } from '../../src/ports.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import { directoryBlobStore } from '../../src/storage/directory.ts';
import { createDataConverter } from '../../src/temporal/payloads.ts';
import { eventually } from '../support/polling.ts';
import { FETCH_LIMIT_MS, temporalExecutable } from '../support/temporal-executable.ts';

export interface EchoActivities {
  echo(document: string): Promise<string>;
}

const TASK_QUEUE = 'echo';
const TEN_MB = 10_000_000;
const directory = mkdtempSync(join(tmpdir(), 'holdfast-payloads-'));
const closers: (() => Promise<unknown>)[] = [];
const puts: string[] = [];
let connection: NativeConnection;

/** Notes which keys are put. */
function watchedBlobs(): BlobStore {
  const blobs = directoryBlobStore(join(directory, 'blobs'));
  return {
    ...blobs,
    put(key, bytes) {
      puts.push(key);
      return blobs.put(key, bytes);
    },
  };
}

const blobFiles = () =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => /\/[0-9a-f]{64}$/.test(name));

beforeAll(async () => {
  const executable = await temporalExecutable();
  const { port } = await choosePort({ wanted: 0, asked: false });
  const server = spawn(executable, ['server', 'start-dev', '--headless', `--port=${port}`, '--log-level=error'], {
    stdio: 'ignore',
  });
  closers.push(async () => {
    server.kill('SIGKILL');
    await once(server, 'exit');
  });
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  connection = await eventually(() =>
    NativeConnection.connect({ address: `127.0.0.1:${port}` }).catch(
      (error: unknown) => error instanceof Error && null,
    ),
  );
  closers.push(() => connection.close());
  await eventually(() =>
    connection.workflowService.describeNamespace({ namespace: 'default' }).catch((error: unknown) => {
      if (error instanceof Error) return null;
      throw error;
    }),
  );
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: resolve(import.meta.dirname, 'echo-workflow.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  const activities: EchoActivities = { echo: async (document) => document };
  const dataConverter = createDataConverter({ blobs: watchedBlobs() });
  const worker = await Worker.create({ connection, taskQueue: TASK_QUEUE, activities, workflowBundle, dataConverter });
  const running = worker.run();
  closers.push(async () => {
    worker.shutdown();
    await running;
  });
}, FETCH_LIMIT_MS);

afterAll(async () => {
  for (const close of closers.toReversed()) await close();
  rmSync(directory, { recursive: true, force: true });
});

describe('payloads', () => {
  const run = (workflowId: string, document: string) =>
    new Client({ connection, dataConverter: createDataConverter({ blobs: watchedBlobs() }) }).workflow.execute(
      'echoTwice',
      { workflowId, taskQueue: TASK_QUEUE, args: [document] },
    );

  it('of 10 MB pass as argument and result of a workflow and its activities, stored once', async () => {
    const document = 'ü'.repeat(TEN_MB / 2);
    expect((await run('large', document)) === document).toBe(true);
    expect(blobFiles()).toHaveLength(1);
    expect(puts.length).toBeGreaterThan(1);
    const history = await new Client({ connection }).workflow.getHandle('large').fetchHistory();
    expect(JSON.stringify(history).length).toBeLessThan(50_000);
  });

  it('below the threshold stay in the history', async () => {
    const before = blobFiles();
    expect(await run('small', 'x'.repeat(60 * 1024))).toHaveLength(60 * 1024);
    expect(blobFiles()).toEqual(before);
    await run('above', 'x'.repeat(64 * 1024));
    expect(blobFiles()).toHaveLength(before.length + 1);
  });

  it('that are gone from the store are an error that says so', async () => {
    await run('gone', 'y'.repeat(100_000));
    for (const file of blobFiles()) rmSync(join(directory, file));
    const client = new Client({ connection, dataConverter: createDataConverter({ blobs: watchedBlobs() }) });
    const result = client.workflow.getHandle('gone').result();
    await expect(result).rejects.toThrow(/The blob [0-9a-f]{64}, which holds a payload, is gone from the blob store/);
  });
});

describe('the packages of Temporal', () => {
  it('share one protobufjs 8, without which no payload can be stored', () => {
    const root = resolve(import.meta.dirname, '../../node_modules');
    const names = readdirSync(join(root, '@temporalio'));
    const copies = names.map((name) => {
      const require = createRequire(join(root, '@temporalio', name, 'package.json'));
      return require.resolve('protobufjs/package.json');
    });
    expect(new Set(copies)).toEqual(new Set([join(root, 'protobufjs', 'package.json')]));
    const { version }: { version: string } = JSON.parse(readFileSync(copies[0] ?? '', 'utf8'));
    expect(version).toMatch(/^8\./);
  });
});
