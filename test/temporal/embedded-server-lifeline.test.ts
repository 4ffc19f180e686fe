// The embedded server never outlives its service: services in processes of their own, really killed.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lookUpProcess } from '../../src/processes.ts';
import { compileSource } from '../support/compiled-source.ts';
import { eventually } from '../support/polling.ts';
import {
  RETENTION_MS,
  clientAt,
  clientOf,
  connectTo,
  freePort,
  start,
  startWorkflow,
  test,
  useServers,
} from './servers.ts';

useServers();

describe('a service with an embedded server', () => {
  let compiled: string;
  beforeAll(() => {
    compiled = mkdtempSync(join(tmpdir(), 'holdfast-compiled-'));
    compileSource(compiled);
  });
  afterAll(() => rmSync(compiled, { recursive: true }));

  it('leaves no orphan when it is killed, and starts again on the same ports with its workflows', async () => {
    const service = runService(compiled);
    const first = await service.started();
    await startWorkflow(await clientAt(first.address), 'kept');
    await service.kill();
    await eventually(() => lookUpProcess(first.pid) === null, 5_000);
    const port = { wanted: Number(first.address.split(':')[1]), asked: true };
    const second = await start({ port });
    const { status } = await (await clientOf(second)).workflow.getHandle('kept').describe();
    expect(status.name).toBe('RUNNING');
  });

  it('waits for a left-over server that is slow to end before it opens the database', async () => {
    const service = runService(compiled);
    const first = await service.started();
    // Stopped, it can neither notice the end of its service nor end by a SIGTERM.
    process.kill(first.pid, 'SIGSTOP');
    await service.kill();
    const port = { wanted: Number(first.address.split(':')[1]), asked: true };
    await start({ port });
    expect(lookUpProcess(first.pid)).toBeNull();
    expect(test.lines).toContain(`Waiting for the Temporal server of an earlier run (process ${first.pid}) to end.`);
  });

  it('keeps its server when Ctrl-C reaches the whole process group', async () => {
    const service = runService(compiled);
    const { pid, address } = await service.started();
    process.kill(-(service.child.pid ?? 0), 'SIGINT');
    await service.sawInterrupt();
    await connectTo(Number(address.split(':')[1]));
    // It leads a group of its own, which the signal did not reach.
    expect(process.kill(-pid, 0)).toBe(true);
    await service.kill();
    await eventually(() => lookUpProcess(pid) === null);
  });
});

interface Service {
  readonly child: ChildProcess;
  started(): Promise<{ readonly address: string; readonly pid: number }>;
  sawInterrupt(): Promise<unknown>;
  kill(): Promise<void>;
}

/** A process of its own that runs nothing but the embedded server, and ignores Ctrl-C. */
function runService(compiled: string): Service {
  // Silent: a server that writes to a service that is gone would die of that, and hide a broken lifeline.
  const silent = join(test.dataDir, 'silent');
  writeFileSync(silent, `#!/bin/sh\nexec "${test.executable}" "$@" > /dev/null 2>&1\n`, { mode: 0o755 });
  const program = `
    import { startEmbeddedServer } from ${JSON.stringify(join(compiled, 'src/temporal/embedded-server.js'))};
    process.on('SIGINT', () => console.log('interrupted'));
    const server = await startEmbeddedServer({
      ...${JSON.stringify({ executable: silent, dataDir: test.dataDir, port: freePort, uiPort: freePort, retentionMs: RETENTION_MS })},
      log: { debug() {}, warn() {} },
      report() {},
    });
    console.log(JSON.stringify({ address: server.address, pid: server.pid() }));
  `;
  const args = ['--input-type=module', '-e', program];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const said: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
  const kill = () =>
    new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });
  test.undo.push(kill);
  return {
    child,
    started: async () => JSON.parse(await eventually(() => said.find((line) => line.startsWith('{')), 20_000)),
    sawInterrupt: () => eventually(() => said.includes('interrupted')),
    kill,
  };
}
