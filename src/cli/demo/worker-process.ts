// A worker in a process of its own, as `holdfast serve --role worker` runs it, so that it can be killed.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CommandError } from '../output.ts';

export interface WorkerProcess {
  readonly pid: number;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

export function spawnWorker(joins: {
  readonly temporalAddress: string;
  readonly configPath: string;
  readonly dataDir: string;
}): { readonly worker: WorkerProcess; readonly started: Promise<void> } {
  // Its settings are these and no others: the demo's worker must not follow a Temporal profile of this user elsewhere.
  const env = {
    TEMPORAL_ADDRESS: joins.temporalAddress,
    HOLDFAST_CONFIG: joins.configPath,
    HOLDFAST_DATA_DIR: joins.dataDir,
    HOLDFAST_LOG_LEVEL: 'silent',
  };
  const child = spawn(process.execPath, [MAIN, 'serve', '--role', 'worker', '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // However this process ends, short of being killed itself: a reader such as `head` may have seen enough.
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  child.once('exit', () => process.off('exit', onExit));
  return { worker: { pid: child.pid ?? 0, kill: () => kill(child) }, started: untilStarted(child) };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** With `--json` it prints one thing: what it has joined, when it polls. */
function untilStarted(child: ChildProcess): Promise<void> {
  let complaints = '';
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString('utf8')));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const reason = complaints.trim().split('\n').at(-1) || `it ended with ${signal ?? `exit code ${code}`}`;
      reject(new CommandError(`The worker's process did not start: ${reason}`));
    });
  });
}
