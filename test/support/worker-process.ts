// A worker, or another API, in a process of its own, as `npm run build` left it, so that a test can kill it.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestService } from './service.ts';

export interface WorkerProcess {
  readonly pid: number;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/** Resolves when it polls. */
export async function startWorkerProcess(service: TestService): Promise<WorkerProcess> {
  const child = start(service, 'worker');
  await says(child, /The worker is polling\./);
  return processOf(child);
}

/** Another API of the same service. Resolves when it listens. */
export async function startApiProcess(
  service: TestService,
  env: Readonly<Record<string, string>> = {},
): Promise<WorkerProcess & { readonly url: string }> {
  const child = start(service, 'api', env);
  const [, url = ''] = await says(child, /API: +(http:\S+)/);
  return { ...processOf(child), url };
}

function start(service: TestService, role: 'worker' | 'api', env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, [MAIN, 'serve', '--role', role], {
    env: { ...process.env, ...service.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function processOf(child: ChildProcess): WorkerProcess {
  return {
    pid: child.pid ?? 0,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function says(child: ChildProcess, words: RegExp): Promise<RegExpExecArray> {
  let output = '';
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.stdout?.on('data', (chunk) => {
      output += chunk;
      const said = words.exec(output);
      if (said) resolve(said);
    });
    child.once('exit', (code) => reject(new Error(`The process ended with ${code}: ${output}`)));
  });
}

/** The embedded Temporal server's process: the one whose command line names this database. */
export function temporalServerPid(dataDir: string): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const [executable, ...rest] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      if (executable?.endsWith('temporal') && rest.some((argument) => argument.includes(dataDir))) return Number(name);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')))
        throw error;
    }
  }
  throw new Error(`No Temporal server runs on ${dataDir}.`);
}
