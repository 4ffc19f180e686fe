// Holdfast as it is deployed, each part a process that can be killed at any moment and comes back: the Temporal server on its
// database, a worker, an API; the simulated providers live on, as providers do.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NativeConnection } from '@temporalio/worker';
import { choosePort } from '../../src/ports.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { serverArguments } from '../../src/temporal/embedded-server-arguments.ts';
import { registerSearchAttributes } from '../../src/temporal/search-attributes.ts';
import { findExecutable } from '../../src/temporal/executable.ts';
import { CACHE_DIR } from '../../src/cli/service.ts';

export const PARTS = ['temporal', 'worker', 'api'] as const;
export type Part = (typeof PARTS)[number];

export interface Cluster {
  readonly url: string;
  readonly simulator: Simulator;
  /** SIGKILL, and started again. */
  kill(part: Part): Promise<void>;
  /** What the processes have said so far, for whoever looks for the reason of a failure. */
  readonly log: () => string;
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/src/cli/main.js' : '../../src/cli/main.js', import.meta.url),
);

export async function startCluster(config: (simulator: Simulator) => object): Promise<Cluster> {
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-chaos-'));
  const simulator = await startSimulator({ batchMs: 600 });
  const configPath = join(dataDir, 'holdfast.yaml');
  await writeFile(configPath, JSON.stringify(config(simulator)));
  const [temporalPort, uiPort, apiPort] = [await freePort(), await freePort(), await freePort()];
  const address = `127.0.0.1:${temporalPort}`;
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    HOLDFAST_CONFIG: configPath,
    HOLDFAST_DATA_DIR: dataDir,
    HOLDFAST_LOG_LEVEL: 'warn',
    TEMPORAL_ADDRESS: address,
  };
  const executable = await findExecutable({
    explicitPath: process.env['HOLDFAST_TEMPORAL_BIN'],
    pathVariable: process.env['PATH'],
    cacheDir: CACHE_DIR,
    report: (line) => process.stderr.write(`${line}\n`),
  });
  const databaseFile = join(dataDir, 'temporal.sqlite');
  const serve = (role: string, port: string) =>
    spawn(process.execPath, [MAIN, 'serve', '--role', role], {
      env: { ...env, HOLDFAST_PORT: port },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const start: Readonly<Record<Part, () => ChildProcess>> = {
    temporal: () =>
      spawn(executable, serverArguments({ databaseFile, port: temporalPort, uiPort }), {
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    worker: () => serve('worker', '0'),
    api: () => serve('api', String(apiPort)),
  };
  const running = new Map<Part, ChildProcess>();
  let said = '';
  let isStopping = false;
  const run = (part: Part) => {
    const child = start[part]();
    running.set(part, child);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (said += `[${part}] ${chunk.toString('utf8')}`));
    }
    // A supervisor starts again what ends by itself, such as a worker that finds no server.
    child.once('exit', (code) => {
      if (code === null || isStopping || running.get(part) !== child) return;
      void sleep(RESTART_MS).then(() => isStopping || running.get(part) !== child || run(part));
    });
  };
  run('temporal');
  await prepareTemporal(address);
  run('worker');
  run('api');
  const url = `http://127.0.0.1:${apiPort}`;
  await untilReady(url, () => said);
  return {
    url,
    simulator,
    log: () => said,
    async kill(part) {
      const child = running.get(part);
      // Being killed already.
      if (!child) return;
      running.delete(part);
      await ended(child);
      if (!isStopping) run(part);
    },
    async stop() {
      isStopping = true;
      for (const part of ['api', 'worker', 'temporal'] as const) {
        const child = running.get(part);
        if (child) await ended(child);
      }
      await simulator.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

const RESTART_MS = 300;

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function freePort(): Promise<number> {
  return (await choosePort({ wanted: 0, asked: false, host: '127.0.0.1' })).port;
}

/** As whoever deploys it would, once. */
async function prepareTemporal(address: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      const connection = await NativeConnection.connect({ address });
      await registerSearchAttributes(connection, 'default');
      return await connection.close();
    } catch (error) {
      if (attempt === 60) throw error;
      await sleep(500);
    }
  }
}

async function untilReady(url: string, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < 240; attempt++) {
    const response = await fetch(`${url}/readyz`).catch(() => null);
    if (response?.status === 200) return;
    await sleep(250);
  }
  throw new Error(`The service is not ready: ${log()}`);
}
