// The two sides of the comparison, each with a Temporal server and a data directory of its own, and the provider that
// both call. Both are started alike; nothing is measured here.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { Child } from './child.ts';
import { MODELS } from './floor-models.ts';
import { startHoldfast } from './holdfast.ts';
import type { Stage } from './stage.ts';

export interface Side {
  readonly name: 'floor' | 'holdfast';
  readonly url: string;
  readonly temporalAddress: string;
  readonly servicePid: number;
  readonly temporalPid: number;
}

export interface Sides {
  readonly providerUrl: string;
  readonly floor: Side;
  readonly holdfast: Side;
  stop(): Promise<void>;
}

export async function startSides(
  stage: Stage,
  options: {
    /** Of Holdfast's configuration; the floor serves the same names. */
    readonly models: Readonly<Record<string, object>>;
    /** Where each side leaves a CPU profile when it ends; null: none is taken. */
    readonly profileDir: string | null;
    /** @default at once */
    readonly provider?: 'at-once' | 'paced';
  },
): Promise<Sides> {
  const { models, profileDir } = options;
  const isPaced = options.provider === 'paced';
  const nodeArguments = (name: string) =>
    profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profileDir, name)}`];
  const provider = await stage.start({ script: compiled(isPaced ? 'paced-provider.js' : 'provider.js') });
  const floorDir = await stage.emptyDirectory('floor');
  const floor = await stage.start({
    script: compiled('floor.js'),
    arguments: [stage.executable, floorDir, await bundleFloor(stage), provider.url],
    nodeArguments: nodeArguments('floor'),
  });
  const holdfast = await startHoldfast(stage, {
    config: { providers: providersAt(provider.url), models },
    nodeArguments: nodeArguments('holdfast'),
  });
  return {
    providerUrl: provider.url,
    floor: await sideOf('floor', floor, floorDir),
    holdfast: await sideOf('holdfast', holdfast, holdfast.dataDir),
    async stop() {
      await Promise.all([provider, floor, holdfast].map((child) => child.stop()));
    },
  };
}

/** Each has a model of its own, since one model has one vote. The provider takes the model's name from the path. */
export function providersAt(url: string): Readonly<Record<string, object>> {
  const names = ['one', 'two', 'three'] as const;
  return Object.fromEntries(
    names.map((name, index) => [name, { type: 'openai', apiKey: 'bench', baseUrl: `${url}/${MODELS[index]}/v1` }]),
  );
}

/** Of the providers above, in their order. */
export const TARGETS = ['one/model-a', 'two/model-b', 'three/model-c'] as const;

/** A script of the benchmark. */
export function compiled(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Prebuilt, as Holdfast's is. */
async function bundleFloor(stage: Stage): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: compiled('floor-workflow.js'),
    logger: new DefaultLogger('WARN'),
  });
  const path = join(await stage.emptyDirectory('bundle'), 'floor.bundle.js');
  await writeFile(path, code);
  return path;
}

async function sideOf(name: Side['name'], child: Child, dataDir: string): Promise<Side> {
  const { url, pid, temporalAddress } = child;
  if (temporalAddress === null) throw new Error(`${name} has not said where its Temporal server is.`);
  return { name, url, temporalAddress, servicePid: pid, temporalPid: await temporalPid(dataDir) };
}

/** As the embedded server leaves it in its data directory. */
async function temporalPid(dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'temporal.pid'), 'utf8'), 10);
}
