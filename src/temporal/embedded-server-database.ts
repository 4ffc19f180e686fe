// The embedded server's database files: where they are, and that a half-made one never stays. A server killed while
// it creates its schema leaves a database that no server starts with again. Never opens the database.

import { existsSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

export interface ServerDatabase {
  readonly file: string;
  /** To be called when the first start has succeeded, before any work is accepted. */
  markComplete(): Promise<void>;
}

/**
 * While the first start lasts, a marker stands beside the database. Found at the next start, it says that nothing
 * was accepted yet: what is there is removed and made anew. A database without a marker is never touched.
 */
export async function prepareDatabase(dataDir: string): Promise<ServerDatabase> {
  const file = databaseFile(dataDir);
  const marker = `${file}.incomplete`;
  if (existsSync(file) && !existsSync(marker)) return { file, markComplete: async () => undefined };
  await writeDurably(marker);
  for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(`${file}${suffix}`, { force: true });
  return {
    file,
    async markComplete() {
      await rm(marker);
      await syncDirectory(dataDir);
    },
  };
}

export function databaseFile(dataDir: string): string {
  return resolve(dataDir, 'temporal.db');
}

async function writeDurably(file: string): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  await handle.writeFile('The database beside this file is being created.\n');
  await handle.sync();
  await handle.close();
  await syncDirectory(dirname(file));
}

/** Names live in the directory: without this a power cut could bring the marker back over a database in use. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync();
  await handle.close();
}
