// Holdfast as its users run it: `holdfast serve`, a process of its own with an embedded Temporal server, so that the
// clients of the day and the service do not share an event loop.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Settings } from '../../config.ts';
import { findExecutable } from '../../temporal/executable.ts';
import { CommandError } from '../output.ts';
import { CACHE_DIR } from '../service.ts';

export interface ServiceProcess {
  readonly url: string;
  /** Ends it, and waits until it is gone. */
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

export async function spawnService(options: {
  readonly configPath: string;
  readonly dataDir: string;
  readonly settings: Settings;
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}): Promise<ServiceProcess> {
  const { configPath, dataDir, settings, signal, report } = options;
  const { executable, searchPath } = settings.temporal;
  // Looked up here, where whoever waits for a download sees it.
  const temporal = await findExecutable({
    explicitPath: executable ?? undefined,
    cacheDir: CACHE_DIR,
    pathVariable: searchPath,
    report,
  });
  signal.throwIfAborted();
  // Its settings are these and no others: beside a running service, not instead of it.
  const env = {
    PATH: searchPath,
    NODE_ENV: 'production',
    HOLDFAST_CONFIG: configPath,
    HOLDFAST_DATA_DIR: join(dataDir, 'service'),
    HOLDFAST_PORT: '0',
    HOLDFAST_TEMPORAL_PORT: '0',
    HOLDFAST_TEMPORAL_UI_PORT: '0',
    HOLDFAST_TEMPORAL_BIN: temporal,
    HOLDFAST_LOG_LEVEL: 'silent',
  };
  const child = spawn(process.execPath, [MAIN, 'serve', '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // In a session of its own: Ctrl-C in a terminal reaches this process only, which then ends the service in order.
    detached: true,
  });
  // However this process ends, short of being killed itself.
  const onExit = () => child.kill('SIGTERM');
  process.once('exit', onExit);
  child.once('exit', () => process.off('exit', onExit));
  try {
    const url = await Promise.race([announcedUrl(child), aborted(signal)]);
    return { url, stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

/** With `--json` it prints one object, when it listens. */
function announcedUrl(child: ChildProcess): Promise<string> {
  let text = '';
  let complaints = '';
  return new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const url = /"url": ?"([^"]+)"/.exec(text)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (complaints += chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const reason = complaints.trim().split('\n').at(-1) || `it ended with ${signal ?? `exit code ${code}`}`;
      reject(new CommandError(`The service's process did not start: ${reason}`));
    });
  });
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const killing = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await exited;
  clearTimeout(killing);
}

const STOP_LIMIT_MS = 15_000;
