// Holdfast's cache of the Temporal server's executable. What lies under the final name is complete and checked; whoever
// is killed on the way there leaves only a directory that the next one clears away.

import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ExecutableSource } from './executable-source.ts';
import { readVersion, TEMPORAL_VERSION } from './executable-version.ts';

/** Null when there is none; throws when there is one that does not run. */
export async function cachedExecutable(cacheDir: string): Promise<string | null> {
  const path = finalPath(cacheDir);
  if (!existsSync(path)) return null;
  await readVersion(path);
  return path;
}

/** Several may do this at once: each works in a directory of its own, and the last one's rename wins. */
export async function fetchIntoCache(input: {
  readonly source: ExecutableSource;
  readonly cacheDir: string;
  readonly report: (line: string) => void;
}): Promise<string> {
  const { source, cacheDir, report } = input;
  const path = finalPath(cacheDir);
  await mkdir(dirname(path), { recursive: true });
  await clearAbandoned(cacheDir);
  const directory = await mkdtemp(join(cacheDir, FETCH_PREFIX));
  try {
    const fetched = await source.fetch({ directory, report });
    if (source.sha256 !== null) await checkSha256(fetched, source.sha256);
    await chmod(fetched, 0o755);
    const version = await readVersion(fetched);
    if (version !== TEMPORAL_VERSION) throw new Error(`it is version ${version} instead of ${TEMPORAL_VERSION}`);
    await syncToDisk(fetched);
    await rename(fetched, path);
    return path;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const FETCH_PREFIX = 'fetch-';
const ABANDONED_AFTER_MS = 24 * 60 * 60_000;

function finalPath(cacheDir: string): string {
  return join(cacheDir, `temporal-${TEMPORAL_VERSION}`, 'temporal');
}

async function checkSha256(file: string, expected: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  const actual = hash.digest('hex');
  if (actual !== expected) {
    throw new Error(`the executable is not the one expected: its SHA-256 is ${actual}, and should be ${expected}`);
  }
}

/** Else a power cut could leave the final name with nothing behind it. */
async function syncToDisk(file: string): Promise<void> {
  const handle = await open(file, 'r');
  await handle.sync();
  await handle.close();
}

async function clearAbandoned(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    if (!name.startsWith(FETCH_PREFIX)) continue;
    const directory = join(cacheDir, name);
    const { mtimeMs } = await stat(directory).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(directory, { recursive: true, force: true });
  }
}
