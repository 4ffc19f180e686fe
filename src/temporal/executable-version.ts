// The version of the Temporal CLI that Holdfast is built for, and that of an executable at hand.

import { runCommand } from '../fetching/run-command.ts';

/** Pinned, so that every machine behaves alike: server 1.32.0, UI 2.54.1. */
export const TEMPORAL_VERSION = '1.9.1';

/** Runs it; throws when it does not run, or is no Temporal CLI. */
export async function readVersion(executable: string): Promise<string> {
  const output = await runCommand(executable, ['--version'], { limitMs: 10_000 });
  const version = /^temporal version (\d+\.\d+\.\d+)/m.exec(output)?.[1];
  if (version === undefined)
    throw new Error(`${executable} is not a Temporal CLI: --version does not tell its version`);
  return version;
}

export function isAtLeast(version: string, least: string): boolean {
  return version.localeCompare(least, 'en', { numeric: true }) >= 0;
}
