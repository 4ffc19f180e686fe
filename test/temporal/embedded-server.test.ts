// The embedded Temporal server: the real one, in real processes that are really killed.

import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WantedPort } from '../../src/ports.ts';
import { choosePort } from '../../src/ports.ts';
import { lookUpProcess } from '../../src/processes.ts';
import type { EmbeddedServer } from '../../src/temporal/embedded-server.ts';
import { startEmbeddedServer } from '../../src/temporal/embedded-server.ts';
import { checkSearchAttributes, searchAttributes, startAttributes } from '../../src/temporal/search-attributes.ts';
import { compileSource } from '../support/compiled-source.ts';
import { eventually } from '../support/polling.ts';
import { FETCH_LIMIT_MS, temporalExecutable } from '../support/temporal-executable.ts';

const RETENTION_MS = 30 * 24 * 3_600_000;
const freePort: WantedPort = { wanted: 0, asked: false };

let executable: string;
beforeAll(async () => {
  executable = await temporalExecutable();
}, FETCH_LIMIT_MS);

let dataDir: string;
let lines: string[];
const undo: (() => unknown)[] = [];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'holdfast-server-'));
  lines = [];
});
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
  rmSync(dataDir, { recursive: true });
});

describe('an embedded server that cannot start', () => {
  it('gives its own reason, and leaves a database that it did not make as it is', async () => {
    writeFileSync(join(dataDir, 'temporal.db'), 'not a database');
    await expect(start()).rejects.toThrow(/The Temporal server did not start: .*not a database/s);
    expect(readFileSync(join(dataDir, 'temporal.db'), 'utf8')).toBe('not a database');
  });

  it('starts from scratch when the first start was cut off while the database was being made', async () => {
    const cutOff = join(dataDir, 'cut-off');
    writeFileSync(cutOff, `#!/bin/sh\necho "half a schema" > ${join(dataDir, 'temporal.db')}\nexit 1\n`, {
      mode: 0o755,
    });
    await expect(start({ executable: cutOff })).rejects.toThrow('did not start');
    expect(readFileSync(join(dataDir, 'temporal.db'), 'utf8')).toBe('half a schema\n');
    const server = await start();
    await startWorkflow(await clientOf(server), 'kept');
    await server.stop();
    const { status } = await (await clientOf(await start())).workflow.getHandle('kept').describe();
    expect(status.name).toBe('RUNNING');
  });

  it('says so when the executable is not there', async () => {
    await expect(start({ executable: join(dataDir, 'missing') })).rejects.toThrow(/did not start: .*not found/s);
  });

  it('refuses a port that was asked for and is taken', async () => {
    const server = await start();
    const port = { wanted: portOf(server), asked: true };
    const other = mkdtempSync(join(tmpdir(), 'holdfast-server-'));
    undo.push(() => rmSync(other, { recursive: true }));
    await expect(start({ port, dataDir: other })).rejects.toThrow(`Port ${port.wanted} of 127.0.0.1 is taken`);
  });
});

describe('an embedded server', () => {
  it('replaces default ports that are taken, and says so', async () => {
    const first = await start();
    const other = mkdtempSync(join(tmpdir(), 'holdfast-server-'));
    undo.push(() => rmSync(other, { recursive: true }));
    const wanted = portOf(first);
    const second = await start({ port: { wanted, asked: false }, dataDir: other });
    expect(portOf(second)).not.toBe(wanted);
    expect(lines).toContain(`Port ${wanted} is taken: Temporal listens on ${portOf(second)}.`);
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
    expect(lines).toContain('The Temporal server died (SIGKILL): starting it again in 100 ms.');
    await eventually(() => lines.includes('The Temporal server is back.'));
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
    expect(lookUpProcess(pid)?.commandLine).toContain(dataDir);
    await server.stop();
    expect(lookUpProcess(pid)).toBeNull();
    expect(existsSync(join(dataDir, 'temporal.pid'))).toBe(false);
    expect(await choosePort({ wanted: portOf(server), asked: true })).toEqual({
      port: portOf(server),
      replaced: false,
    });
  });

  it('stays stopped when it is stopped while it is coming back', async () => {
    const server = await start();
    process.kill(server.pid() ?? 0, 'SIGKILL');
    await eventually(() => lines.some((line) => line.includes('died')));
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

  it('takes workflows with all search attributes as soon as it has started', async () => {
    const client = await clientOf(await start());
    const memo = { owner: 'alice', model: 'summarize', metadata: { team: 'a=b' } };
    const handle = await client.workflow.start('absent', {
      workflowId: 'tagged',
      taskQueue: 'nobody',
      typedSearchAttributes: [
        ...startAttributes(memo),
        { key: searchAttributes.state, value: 'waiting' },
        { key: searchAttributes.target, value: 'openai/gpt-4o' },
      ],
    });
    const { typedSearchAttributes } = await handle.describe();
    expect(typedSearchAttributes.get(searchAttributes.model)).toBe('summarize');
    expect(typedSearchAttributes.get(searchAttributes.tags)).toEqual(['key:alice', 'meta:team=a=b']);
  });
});

describe('a namespace of another server', () => {
  it('is refused without the search attributes, and accepted after the command that is printed', async () => {
    const server = await start();
    const connection = await connectionOf(server);
    run(['operator', 'namespace', 'create', '--namespace', 'bare', '--address', server.address]);
    const message = await eventually(() => problemOf(connection));
    const command = message.split('\n').at(-1)?.trim() ?? '';
    expect(command).toBe(
      'temporal operator search-attribute create --namespace bare' +
        ' --name HoldfastModel --type Keyword --name HoldfastState --type Keyword' +
        ' --name HoldfastTarget --type Keyword --name HoldfastTags --type KeywordList',
    );
    run([...command.split(' ').slice(1), '--address', server.address]);
    await eventually(async () => (await problemOf(connection)) === null);
  });

  it('is refused when an attribute has another type', async () => {
    const server = await start();
    run(['operator', 'namespace', 'create', '--namespace', 'bare', '--address', server.address]);
    const create = ['operator', 'search-attribute', 'create', '--namespace', 'bare', '--address', server.address];
    run([...create, '--name', 'HoldfastTags', '--type', 'Text']);
    const connection = await connectionOf(server);
    await eventually(async () => (await problemOf(connection))?.includes('HoldfastTags (needed as KeywordList)'));
  });
});

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
    expect(lines).toContain(`Waiting for the Temporal server of an earlier run (process ${first.pid}) to end.`);
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

async function start(options: Partial<Parameters<typeof startEmbeddedServer>[0]> = {}): Promise<EmbeddedServer> {
  const server = await startEmbeddedServer({
    executable,
    dataDir,
    port: freePort,
    uiPort: freePort,
    retentionMs: RETENTION_MS,
    log: { debug: () => undefined, warn: () => undefined },
    report: (line) => lines.push(line),
    ...options,
  });
  undo.push(() => server.stop());
  return server;
}

interface Service {
  readonly child: ChildProcess;
  started(): Promise<{ readonly address: string; readonly pid: number }>;
  sawInterrupt(): Promise<unknown>;
  kill(): Promise<void>;
}

/** A process of its own that runs nothing but the embedded server, and ignores Ctrl-C. */
function runService(compiled: string): Service {
  // Silent: a server that writes to a service that is gone would die of that, and hide a broken lifeline.
  const silent = join(dataDir, 'silent');
  writeFileSync(silent, `#!/bin/sh\nexec "${executable}" "$@" > /dev/null 2>&1\n`, { mode: 0o755 });
  const program = `
    import { startEmbeddedServer } from ${JSON.stringify(join(compiled, 'src/temporal/embedded-server.js'))};
    process.on('SIGINT', () => console.log('interrupted'));
    const server = await startEmbeddedServer({
      ...${JSON.stringify({ executable: silent, dataDir, port: freePort, uiPort: freePort, retentionMs: RETENTION_MS })},
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
  undo.push(kill);
  return {
    child,
    started: async () => JSON.parse(await eventually(() => said.find((line) => line.startsWith('{')), 20_000)),
    sawInterrupt: () => eventually(() => said.includes('interrupted')),
    kill,
  };
}

function run(args: readonly string[]): void {
  execFileSync(executable, args, { stdio: 'pipe' });
}

async function connectionOf(server: Pick<EmbeddedServer, 'address'>): Promise<NativeConnection> {
  const connection = await NativeConnection.connect({ address: server.address });
  undo.push(() => connection.close());
  return connection;
}

async function clientOf(server: EmbeddedServer): Promise<Client> {
  return new Client({ connection: await connectionOf(server), namespace: server.namespace });
}

async function clientAt(address: string): Promise<Client> {
  return new Client({ connection: await connectionOf({ address }) });
}

async function startWorkflow(client: Client, workflowId: string): Promise<void> {
  await client.workflow.start('absent', { workflowId, taskQueue: 'nobody' });
}

async function retentionMsOf(server: EmbeddedServer): Promise<number> {
  const { workflowService } = await connectionOf(server);
  const { config } = await workflowService.describeNamespace({ namespace: server.namespace });
  return tsToMs(config?.workflowExecutionRetentionTtl);
}

/** What is wrong with the search attributes of the namespace "bare", or null. */
function problemOf(connection: NativeConnection): Promise<string | null> {
  return checkSearchAttributes(connection, 'bare').then(
    () => null,
    (error: Error) => error.message,
  );
}

function portOf(server: EmbeddedServer): number {
  return Number(server.address.split(':')[1]);
}

function connectTo(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}
