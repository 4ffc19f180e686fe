// One process of the benchmark: starts it, waits for the line in which it says where it listens, and ends it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Child {
  readonly pid: number;
  readonly url: string;
  stop(): Promise<void>;
}

export async function startChild(command: {
  readonly script: string;
  readonly arguments?: readonly string[];
  /** For Node itself. */
  readonly nodeArguments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}): Promise<Child> {
  const { script, nodeArguments = [], env } = command;
  const child = spawn(process.execPath, [...nodeArguments, script, ...(command.arguments ?? [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env, NODE_ENV: 'production' },
  });
  const { pid, stdout } = child;
  if (pid === undefined || stdout === null) throw new Error(`${script} could not be started.`);
  return { pid, url: await announcedUrl(stdout, child), stop: () => stop(child) };
}

/** Of the JSON on its stdout, which may be printed over several lines. */
async function announcedUrl(stdout: NonNullable<ChildProcess['stdout']>, child: ChildProcess): Promise<string> {
  let text = '';
  for await (const line of createInterface({ input: stdout })) {
    text += line;
    const url = /"url": ?"([^"]+)"/.exec(text)?.[1];
    if (url !== undefined) {
      stdout.resume();
      return url;
    }
  }
  throw new Error(`${child.spawnargs.join(' ')} ended before it was ready.`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
