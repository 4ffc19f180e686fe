// An API in a process of its own, as `npm run build` left it, so that a test can kill it. It calls no provider.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TestService } from './service.ts';

export interface ApiProcess {
  readonly url: string;
  /** The signal, and waits until it is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/** On the Temporal server, the configuration and the blobs of `service`. Resolves when it listens. */
export async function startApiProcess(service: TestService): Promise<ApiProcess> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--role', 'api'], {
    env: { ...process.env, ...service.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk) => (output += chunk));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const address = /^API: +(\S+)/m.exec(output)?.[1];
      if (address !== undefined) resolve(address);
    });
    child.once('exit', (code) => reject(new Error(`The API ended with ${code}: ${output}`)));
  });
  return {
    url,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
}
