// The service under test, as `holdfast serve` starts it: a process with a data directory and a Temporal server of its own,
// or one of the processes that share a server.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Child } from './child.ts';
import type { Stage } from './stage.ts';

export interface Holdfast extends Child {
  readonly dataDir: string;
}

export async function startHoldfast(
  stage: Stage,
  options: {
    /** As the configuration file would say it. */
    readonly config: object;
    /** For Node itself. */
    readonly nodeArguments?: readonly string[];
    /** Of a service in several processes; the default is one with a Temporal server of its own. */
    readonly part?: { readonly role: 'api' | 'worker'; readonly temporalAddress: string };
  },
): Promise<Holdfast> {
  const { config, nodeArguments = [], part } = options;
  const dataDir = await stage.emptyDirectory('holdfast');
  const configPath = join(await stage.emptyDirectory('config'), 'holdfast.yaml');
  await writeFile(configPath, JSON.stringify(config));
  const child = await stage.start({
    script: fileURLToPath(new URL('../src/cli/main.js', import.meta.url)),
    arguments: ['serve', '--json', ...(part ? ['--role', part.role] : [])],
    nodeArguments,
    env: {
      HOLDFAST_CONFIG: configPath,
      HOLDFAST_DATA_DIR: dataDir,
      HOLDFAST_HOST: '127.0.0.1',
      HOLDFAST_PORT: '0',
      HOLDFAST_TEMPORAL_PORT: '0',
      HOLDFAST_TEMPORAL_UI_PORT: '0',
      HOLDFAST_TEMPORAL_BIN: stage.executable,
      HOLDFAST_API_KEYS: '',
      HOLDFAST_LOG_LEVEL: 'error',
      TEMPORAL_ADDRESS: part?.temporalAddress ?? '',
      TEMPORAL_PROFILE: '',
    },
  });
  return { ...child, dataDir };
}
