// More APIs on the Temporal server of a service, in this process: each knows only what it has taken itself, and each has a
// clock that the test sets.

import { join } from 'node:path';
import { NativeConnection } from '@temporalio/worker';
import { pino } from 'pino';
import { loadConfig, loadSettings } from '../../src/config.ts';
import type { Inferences, StartInference } from '../../src/domain/inferences.ts';
import { buildServer } from '../../src/http/server.ts';
import { LineConnections } from '../../src/lines/connection.ts';
import { createLines } from '../../src/lines/held-lines.ts';
import { LineHub } from '../../src/lines/hub.ts';
import { serveLines } from '../../src/lines/line-server.ts';
import { createMetrics } from '../../src/metrics.ts';
import { directoryBlobStore } from '../../src/storage/directory.ts';
import { createInferences } from '../../src/temporal/client.ts';
import { createDataConverter } from '../../src/temporal/payloads.ts';
import { analysesWithout } from '../support/analyses.ts';
import { batchesWithout } from '../support/batches.ts';
import { filesInDirectory } from '../support/files.ts';
import type { TestAnswer, TestRequest, TestService } from '../support/service.ts';
import { send } from '../support/service.ts';
import { targetsInMemory } from '../support/targets.ts';

export interface TestApi {
  request(path: string, request?: TestRequest): Promise<TestAnswer>;
  readonly inferences: Inferences;
  /** What was asked of `inferences`. */
  readonly starts: StartInference[];
  /** How many clients wait for an end. */
  awaiting(): number;
  stop(): Promise<void>;
}

export async function startApi(service: TestService, now: () => number = Date.now): Promise<TestApi> {
  const { catalog, bodyLimitBytes } = loadConfig({ path: service.env['HOLDFAST_CONFIG'] ?? '', env: service.env });
  const connection = await NativeConnection.connect({ address: service.temporalAddress });
  const inferences = createInferences({
    connection,
    namespace: 'default',
    dataConverter: createDataConverter({ blobs: directoryBlobStore(join(service.dataDir, 'blobs')) }),
    abortLocalCalls: () => undefined,
    hasLocalWorker: () => null,
  });
  let awaiting = 0;
  const wait = inferences.wait.bind(inferences);
  inferences.wait = async (id, options) => {
    awaiting += 1;
    try {
      return await wait(id, options);
    } finally {
      awaiting -= 1;
    }
  };
  const starts: StartInference[] = [];
  const begin = inferences.start.bind(inferences);
  inferences.start = (start) => {
    starts.push(start);
    return begin(start);
  };
  const hub = new LineHub();
  const logger = pino({ level: 'silent' });
  const { app } = await buildServer({
    inferences,
    batches: batchesWithout(),
    ...analysesWithout(),
    catalog,
    files: filesInDirectory(),
    maxFileBytes: 1_000_000,
    lines: createLines(hub, new LineConnections(logger)),
    targets: targetsInMemory(catalog),
    admit: () => null,
    expectFaults: () => [],
    webhookUrlFault: () => null,
    apiKeys: loadSettings(service.env).apiKeys,
    bodyLimitBytes,
    logger,
    uiUrlOf: () => null,
    version: 'test',
    metrics: createMetrics({ catalog, health: () => [], votesHeld: () => 0 }),
    now,
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  hub.url = url;
  const distantLines = serveLines(app.server, hub);
  return {
    request: (path, request = {}) => send(url + path, request),
    inferences,
    starts,
    awaiting: () => awaiting,
    async stop() {
      distantLines.close();
      await app.close();
      await connection.close();
    },
  };
}
