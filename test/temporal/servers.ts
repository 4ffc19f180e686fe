// A data directory of its own for each test of the embedded server, and what the tests do with servers. All is undone
// after each test.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterEach, beforeAll, beforeEach } from 'vitest';
import type { WantedPort } from '../../src/ports.ts';
import type { EmbeddedServer } from '../../src/temporal/embedded-server.ts';
import { startEmbeddedServer } from '../../src/temporal/embedded-server.ts';
import { FETCH_LIMIT_MS, temporalExecutable } from '../support/temporal-executable.ts';

export const RETENTION_MS = 30 * 24 * 3_600_000;
export const freePort: WantedPort = { wanted: 0, asked: false };

/** Of the test that runs. */
export const test = { executable: '', dataDir: '', lines: [] as string[], undo: [] as (() => unknown)[] };

/** To be called once in a test file. */
export function useServers(): void {
  beforeAll(async () => {
    test.executable = await temporalExecutable();
  }, FETCH_LIMIT_MS);
  beforeEach(() => {
    test.lines = [];
    test.dataDir = newDirectory();
  });
  afterEach(async () => {
    for (const step of test.undo.splice(0).toReversed()) await step();
  });
}

export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-server-'));
  test.undo.push(() => rmSync(directory, { recursive: true }));
  return directory;
}

export async function start(options: Partial<Parameters<typeof startEmbeddedServer>[0]> = {}): Promise<EmbeddedServer> {
  const server = await startEmbeddedServer({
    executable: test.executable,
    dataDir: test.dataDir,
    port: freePort,
    uiPort: freePort,
    retentionMs: RETENTION_MS,
    log: { debug: () => undefined, warn: () => undefined },
    report: (line) => test.lines.push(line),
    ...options,
  });
  test.undo.push(() => server.stop());
  return server;
}

export function run(args: readonly string[]): void {
  execFileSync(test.executable, args, { stdio: 'pipe' });
}

export async function connectionOf(server: Pick<EmbeddedServer, 'address'>): Promise<NativeConnection> {
  const connection = await NativeConnection.connect({ address: server.address });
  test.undo.push(() => connection.close());
  return connection;
}

export async function clientOf(server: EmbeddedServer): Promise<Client> {
  return new Client({ connection: await connectionOf(server), namespace: server.namespace });
}

export async function clientAt(address: string): Promise<Client> {
  return new Client({ connection: await connectionOf({ address }) });
}

export async function startWorkflow(client: Client, workflowId: string): Promise<void> {
  await client.workflow.start('absent', { workflowId, taskQueue: 'nobody' });
}

export function portOf(server: EmbeddedServer): number {
  return Number(server.address.split(':')[1]);
}

export function connectTo(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}
