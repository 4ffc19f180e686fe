// Runs the built `holdfast` program as a person or a script does: a process of its own, with pipes.

import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

const TERMINAL = `
  import { clearLine, cursorTo, moveCursor } from 'node:readline';
  Object.assign(process.stderr, {
    isTTY: true,
    columns: 80,
    clearLine: (direction) => clearLine(process.stderr, direction),
    cursorTo: (column) => cursorTo(process.stderr, column),
    moveCursor: (x, y) => moveCursor(process.stderr, x, y),
  });`;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly stdout: string;
  readonly stderr: string;
  interrupt(): void;
  readonly finished: Promise<Finished>;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  /** Makes the program believe that stderr is a terminal. @default false */
  readonly isTerminal?: boolean;
}

/** Without the settings of whoever runs the tests, in an empty directory. */
export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const preload =
    options.isTerminal === true ? ['--import', `data:text/javascript,${encodeURIComponent(TERMINAL)}`] : [];
  const child = spawn(process.execPath, [...preload, MAIN, ...args], {
    cwd: options.cwd ?? emptyDirectory(),
    env: { PATH: process.env['PATH'], ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // The program may have ended before it read its input.
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  return {
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    interrupt: () => void child.kill('SIGINT'),
    finished: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout, stderr }));
    }),
  };
}

export function runCli(args: readonly string[], options: CliOptions = {}): Promise<Finished> {
  return startCli(args, options).finished;
}

export function emptyDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'holdfast-cli-'));
}

/** The one line that a failed command owes. */
export function errorLine({ stderr }: Finished): string {
  const lines = stderr.split('\n').filter((line) => line.startsWith('error: '));
  if (lines.length !== 1 || !stderr.endsWith('\n')) throw new Error(`Not one error line: ${JSON.stringify(stderr)}`);
  return lines[0] ?? '';
}
