// The embedded Temporal server: the real one, in real processes.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { describe, expect, it } from 'vitest';
import { choosePort } from '../../src/ports.ts';
import { lookUpProcess } from '../../src/processes.ts';
import type { EmbeddedServer } from '../../src/temporal/embedded-server.ts';
import { eventually } from '../support/polling.ts';
import {
  RETENTION_MS,
  clientOf,
  connectTo,
  connectionOf,
  newDirectory,
  portOf,
  start,
  startWorkflow,
  test,
  useServers,
} from './servers.ts';

useServers();

describe('an embedded server that cannot start', () => {
  it('gives its own reason, and leaves a database that it did not make as it is', async () => {
    writeFileSync(join(test.dataDir, 'temporal.db'), 'not a database');
    await expect(start()).rejects.toThrow(/The Temporal server did not start: .*not a database/s);
    expect(readFileSync(join(test.dataDir, 'temporal.db'), 'utf8')).toBe('not a database');
  });

  it('starts from scratch when the first start was cut off while the database was being made', async () => {
    const cutOff = join(test.dataDir, 'cut-off');
    writeFileSync(cutOff, `#!/bin/sh\necho "half a schema" > ${join(test.dataDir, 'temporal.db')}\nexit 1\n`, {
      mode: 0o755,
    });
    await expect(start({ executable: cutOff })).rejects.toThrow('did not start');
    expect(readFileSync(join(test.dataDir, 'temporal.db'), 'utf8')).toBe('half a schema\n');
    const server = await start();
    await startWorkflow(await clientOf(server), 'kept');
    await server.stop();
    const { status } = await (await clientOf(await start())).workflow.getHandle('kept').describe();
    expect(status.name).toBe('RUNNING');
  });

  it('says so when the executable is not there', async () => {
    await expect(start({ executable: join(test.dataDir, 'missing') })).rejects.toThrow(/did not start: .*not found/s);
  });

  it('refuses a port that was asked for and is taken', async () => {
    const server = await start();
    const port = { wanted: portOf(server), asked: true };
    const other = newDirectory();
    await expect(start({ port, dataDir: other })).rejects.toThrow(`Port ${port.wanted} of 127.0.0.1 is taken`);
  });
});

describe('an embedded server', () => {
  it('replaces default ports that are taken, and says so', async () => {
    const first = await start();
    const other = newDirectory();
    const wanted = portOf(first);
    const second = await start({ port: { wanted, asked: false }, dataDir: other });
    expect(portOf(second)).not.toBe(wanted);
    expect(test.lines).toContain(`Port ${wanted} is taken: Temporal listens on ${portOf(second)}.`);
  });

  it('dies and comes back on the same address with its workflows', async () => {
    const server = await start();
    const client = await clientOf(server);
    await startWorkflow(client, 'kept');
    const firstPid = server.pid();
    process.kill(firstPid ?? 0, 'SIGKILL');
    await eventually(() => server.pid() !== null && server.pid() !== firstPid);
    const { status } = await eventually(() =>
      client.workflow
        .getHandle('kept')
        .describe()
        .catch(() => null),
    );
    expect(status.name).toBe('RUNNING');
    expect(test.lines).toContain('The Temporal server died (SIGKILL): starting it again in 100 ms.');
    await eventually(() => test.lines.includes('The Temporal server is back.'));
  });

  it('keeps workflows over a stop and a new start', async () => {
    const first = await start();
    await startWorkflow(await clientOf(first), 'kept');
    await first.stop();
    const second = await start();
    const { status } = await (await clientOf(second)).workflow.getHandle('kept').describe();
    expect(status.name).toBe('RUNNING');
  });

  it('leaves no process, no pid on file and no port taken when it is stopped', async () => {
    const server = await start();
    const pid = server.pid() ?? 0;
    expect(lookUpProcess(pid)?.commandLine).toContain(test.dataDir);
    await server.stop();
    expect(lookUpProcess(pid)).toBeNull();
    expect(existsSync(join(test.dataDir, 'temporal.pid'))).toBe(false);
    expect(await choosePort({ wanted: portOf(server), asked: true })).toEqual({
      port: portOf(server),
      replaced: false,
    });
  });

  it('stays stopped when it is stopped while it is coming back', async () => {
    const server = await start();
    process.kill(server.pid() ?? 0, 'SIGKILL');
    await eventually(() => test.lines.some((line) => line.includes('died')));
    await server.stop();
    expect(server.pid()).toBeNull();
    await expect(connectTo(portOf(server))).rejects.toThrow('ECONNREFUSED');
  });

  it('keeps finished workflows as long as configured, also when that is changed', async () => {
    const first = await start();
    expect(await retentionMsOf(first)).toBe(RETENTION_MS);
    await first.stop();
    const second = await start({ retentionMs: 2 * RETENTION_MS });
    expect(await retentionMsOf(second)).toBe(2 * RETENTION_MS);
  });
});

async function retentionMsOf(server: EmbeddedServer): Promise<number> {
  const { workflowService } = await connectionOf(server);
  const { config } = await workflowService.describeNamespace({ namespace: server.namespace });
  return tsToMs(config?.workflowExecutionRetentionTtl);
}
