// Directories that appear complete or not at all: the local model's part of the cache. Knows nothing of what is in them.

import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hasCode } from '../processes.ts';

/**
 * Fills the directory unless it is there. Several may do this at once: each fills one of its own, and the first to
 * finish gives its directory the name.
 */
export async function publishOnce(path: string, fill: (directory: string) => Promise<void>): Promise<void> {
  if (await isThere(path)) return;
  const parent = dirname(path);
  await mkdir(parent, { recursive: true });
  await clearAbandoned(parent);
  const draft = await mkdtemp(join(parent, `${DRAFT_PREFIX}${basename(path)}-`));
  try {
    await fill(draft);
    await rename(draft, path);
  } catch (error) {
    // Another was faster, and what it published is as good.
    if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

const DRAFT_PREFIX = 'draft-';
/** No download takes as long as that: whoever made such a directory was killed. */
const ABANDONED_AFTER_MS = 24 * 60 * 60_000;

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

async function clearAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(DRAFT_PREFIX)) continue;
    const draft = join(parent, name);
    const { mtimeMs } = await stat(draft).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(draft, { recursive: true, force: true });
  }
}
