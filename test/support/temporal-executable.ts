// The Temporal server's executable for tests: found, or fetched once into the cache, just as the service does.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { findExecutable } from '../../src/temporal/executable.ts';

/** May have to fetch it the first time on a machine: give hooks that wait for it `FETCH_LIMIT_MS`. */
export function temporalExecutable(): Promise<string> {
  return findExecutable({
    explicitPath: process.env['HOLDFAST_TEMPORAL_BIN'],
    pathVariable: process.env['PATH'],
    cacheDir: join(homedir(), '.cache', 'holdfast'),
    report: (line) => process.stderr.write(`${line}\n`),
  });
}

export const FETCH_LIMIT_MS = 5 * 60_000;
