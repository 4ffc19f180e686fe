// What every scenario starts from: a directory of its own under the temporary one, the Temporal executable, and the
// processes that were started, so that all of it is gone in the end however the benchmark ends.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CACHE_DIR } from '../src/cli/service.ts';
import { findExecutable } from '../src/temporal/executable.ts';
import { type Child, startChild } from './child.ts';

export interface Stage {
  /** The Temporal CLI. */
  readonly executable: string;
  start(command: Parameters<typeof startChild>[0]): Promise<Child>;
  /** Each time another one; `name` tells them apart for people. */
  emptyDirectory(name: string): Promise<string>;
  /** Ends what was started; what is being measured then fails. */
  stop(): Promise<void>;
  /** Stops, and removes every file. */
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const executable = await findExecutable({
    explicitPath: process.env['HOLDFAST_TEMPORAL_BIN'],
    cacheDir: CACHE_DIR,
    pathVariable: process.env['PATH'],
    report: (line) => process.stderr.write(`${line}\n`),
  });
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  const children: Child[] = [];
  let directories = 0;
  let isStopped = false;
  const stop = async () => {
    isStopped = true;
    await Promise.all(children.map((child) => child.stop()));
  };
  return {
    executable,
    async start(command) {
      const child = await startChild(command);
      children.push(child);
      // Stopped while this one started, which nobody could see.
      if (isStopped) throw new Error('The benchmark was stopped.');
      return child;
    },
    async emptyDirectory(name) {
      const path = join(directory, `${++directories}-${name}`);
      await mkdir(path);
      return path;
    },
    stop,
    async close() {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
