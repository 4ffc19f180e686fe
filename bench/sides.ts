// The two sides of the benchmark, each with a Temporal server and a data directory of its own, and the provider that
// both call. Both are started alike; nothing is measured here.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { CACHE_DIR } from '../src/cli/service.ts';
import { findExecutable } from '../src/temporal/executable.ts';
import { type Child, startChild } from './child.ts';

export interface Side {
  readonly name: 'floor' | 'holdfast';
  readonly url: string;
  readonly servicePid: number;
  readonly temporalPid: number;
}

export interface Sides {
  readonly floor: Side;
  readonly holdfast: Side;
  stop(): Promise<void>;
}

export async function startSides(options: {
  /** Removed by the caller. */
  readonly directory: string;
  /** Where each side leaves a CPU profile when it ends; null: none is taken. */
  readonly profileDir: string | null;
}): Promise<Sides> {
  const { directory, profileDir } = options;
  const executable = await findExecutable({
    explicitPath: process.env['HOLDFAST_TEMPORAL_BIN'],
    cacheDir: CACHE_DIR,
    pathVariable: process.env['PATH'],
    report: (line) => process.stderr.write(`${line}\n`),
  });
  const nodeArguments = (name: string) =>
    profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profileDir, name)}`];
  const children: Child[] = [];
  const start = async (command: Parameters<typeof startChild>[0]) => {
    const child = await startChild(command);
    children.push(child);
    return child;
  };
  let stopping: Promise<unknown> | null = null;
  const stop = async () => {
    stopping ??= Promise.all(children.map((child) => child.stop()));
    await stopping;
  };
  try {
    const provider = await start({ script: compiled('provider.js') });
    const floorDir = await emptyDirectory(directory, 'floor');
    const floor = await start({
      script: compiled('floor.js'),
      arguments: [executable, floorDir, await bundleFloor(directory), provider.url],
      nodeArguments: nodeArguments('floor'),
    });
    const holdfastDir = await emptyDirectory(directory, 'holdfast');
    const holdfast = await start({
      script: compiled('../src/cli/main.js'),
      arguments: ['serve', '--json'],
      nodeArguments: nodeArguments('holdfast'),
      env: {
        HOLDFAST_CONFIG: await writeConfig(directory, provider.url),
        HOLDFAST_DATA_DIR: holdfastDir,
        HOLDFAST_HOST: '127.0.0.1',
        HOLDFAST_PORT: '0',
        HOLDFAST_TEMPORAL_PORT: '0',
        HOLDFAST_TEMPORAL_UI_PORT: '0',
        HOLDFAST_TEMPORAL_BIN: executable,
        HOLDFAST_API_KEYS: '',
        HOLDFAST_LOG_LEVEL: 'error',
        TEMPORAL_ADDRESS: '',
        TEMPORAL_PROFILE: '',
      },
    });
    return {
      floor: { name: 'floor', url: floor.url, servicePid: floor.pid, temporalPid: await temporalPid(floorDir) },
      holdfast: {
        name: 'holdfast',
        url: holdfast.url,
        servicePid: holdfast.pid,
        temporalPid: await temporalPid(holdfastDir),
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function compiled(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

async function emptyDirectory(parent: string, name: string): Promise<string> {
  const path = join(parent, name);
  await mkdir(path);
  return path;
}

/** Prebuilt, as Holdfast's is. */
async function bundleFloor(directory: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: compiled('floor-workflow.js'),
    logger: new DefaultLogger('WARN'),
  });
  const path = join(directory, 'floor.bundle.js');
  await writeFile(path, code);
  return path;
}

/** Two targets, since a chain of one would carry less than a chain does. */
async function writeConfig(directory: string, providerUrl: string): Promise<string> {
  const provider = { type: 'openai', apiKey: 'bench', baseUrl: providerUrl };
  const path = join(directory, 'holdfast.yaml');
  const models = { bench: { targets: ['one/bench-model', 'two/bench-model'] } };
  await writeFile(path, JSON.stringify({ providers: { one: provider, two: provider }, models }));
  return path;
}

/** As the embedded server leaves it in its data directory. */
async function temporalPid(dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'temporal.pid'), 'utf8'), 10);
}
