// The service under test, as `holdfast serve` starts it: a process with a data directory and a Temporal server of its own.

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
  },
): Promise<Holdfast> {
  const { config, nodeArguments = [] } = options;
  const dataDir = await stage.emptyDirectory('holdfast');
  const configPath = join(await stage.emptyDirectory('config'), 'holdfast.yaml');
  await writeFile(configPath, JSON.stringify(config));
  const child = await stage.start({
    script: fileURLToPath(new URL('../src/cli/main.js', import.meta.url)),
    arguments: ['serve', '--json'],
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
      TEMPORAL_ADDRESS: '',
      TEMPORAL_PROFILE: '',
    },
  });
  return { ...child, dataDir };
}
