import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { choosePort } from '../../src/ports.ts';
import { checkSearchAttributes } from '../../src/temporal/search-attributes.ts';
import { eventually } from '../support/polling.ts';
import { FETCH_LIMIT_MS, temporalExecutable } from '../support/temporal-executable.ts';
import { readCompose, rootPath } from './deploy-files.ts';

const environment = readCompose().services['temporal-namespace']?.environment ?? {};
const namespace = environment['TEMPORAL_NAMESPACE'] ?? '';

let server: ChildProcess;
let connection: NativeConnection;
let address: string;
let binaries: string;

beforeAll(async () => {
  // In the container it is called by its name.
  binaries = mkdtempSync(join(tmpdir(), 'holdfast-deploy-'));
  symlinkSync(await temporalExecutable(), join(binaries, 'temporal'));
  const { port } = await choosePort({ wanted: 0, asked: false });
  address = `127.0.0.1:${port}`;
  const options = ['--headless', '--port', String(port), '--log-level', 'never'];
  server = spawn(join(binaries, 'temporal'), ['server', 'start-dev', ...options], { stdio: 'ignore' });
  connection = await eventually(() => NativeConnection.connect({ address }).catch((error) => void error), 30_000);
}, FETCH_LIMIT_MS);

afterAll(async () => {
  await connection.close();
  server.kill('SIGKILL');
  await once(server, 'exit');
});

const setUp = () =>
  promisify(execFile)('sh', [rootPath('deploy/setup-namespace.sh')], {
    env: {
      PATH: `${binaries}:${process.env['PATH']}`,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      RETENTION: environment['RETENTION'] ?? '',
    },
  });

it('creates the namespace and the search attributes that Holdfast checks for, and can be run again', async () => {
  await setUp();
  await setUp();
  await eventually(() => checkSearchAttributes(connection, namespace).then(() => true));
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 24 * 3600);
}, 60_000);
