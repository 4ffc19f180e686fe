// One process of the benchmark: starts it, waits for the JSON in which it says where it listens, and ends it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Child {
  readonly pid: number;
  readonly url: string;
  /** Of its own Temporal server; null when it has none. */
  readonly temporalAddress: string | null;
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
  const { url, worker_url: workerUrl, temporal } = await announced(stdout, child);
  return { pid, url: url ?? workerUrl ?? '', temporalAddress: temporal?.address ?? null, stop: () => stop(child) };
}

interface Announcement {
  readonly url: string | null;
  /** Of a process that is only a worker. */
  readonly worker_url?: string | null;
  readonly temporal?: { readonly address: string | null };
}

/** The JSON on its stdout, which may be printed over several lines. */
async function announced(stdout: NonNullable<ChildProcess['stdout']>, child: ChildProcess): Promise<Announcement> {
  let text = '';
  for await (const line of createInterface({ input: stdout })) {
    text += line;
    if (!line.endsWith('}')) continue;
    try {
      const announcement = JSON.parse(text) as Announcement;
      stdout.resume();
      return announcement;
    } catch (error) {
      // The brace of an inner object: more lines follow.
      if (!(error instanceof SyntaxError)) throw error;
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
