// What the happy path costs in round trips to Temporal, as the server itself counts them.

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { choosePort } from '../../src/ports.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS, temporalExecutable } from '../support/temporal-executable.ts';

const INFERENCES = 50;

let service: TestService;
let metricsPort: number;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-'));
  metricsPort = (await choosePort({ wanted: 0, asked: false })).port;
  service = await startTestService({ env: { HOLDFAST_TEMPORAL_BIN: await executableWithMetrics() } });
}, FETCH_LIMIT_MS);

afterAll(async () => {
  await service.stop();
  await rm(directory, { recursive: true, force: true });
});

test.each<[what: string, path: string, body: object]>([
  ['an inference', '/v1/chat/completions', chat('chain')],
  ['embeddings', '/v1/embeddings', { model: 'one/m1', input: ['a', 'b'], dimensions: 4 }],
])(
  'makes 6 requests to Temporal for %s that the first target answers',
  async (_, path, body) => {
    const ask = async () => {
      const { status } = await service.request(path, { body });
      expect(status).toBe(200);
    };
    await ask();
    const before = await frontendRequests();
    for (let count = 0; count < INFERENCES; count++) await ask();

    // The server publishes its counters once a second.
    await vi.waitFor(
      async () => {
        const perInference = averages({ before, after: await frontendRequests() });
        expect(perInference).toEqual({
          // Brings the first workflow task along, whose end brings the activity: neither is polled for.
          StartWorkflowExecution: 1,
          RespondWorkflowTaskCompleted: 2,
          RespondActivityTaskCompleted: 1,
          PollWorkflowTaskQueue: 1,
          PollWorkflowExecutionHistory: 1,
        });
      },
      { timeout: 10_000, interval: 100 },
    );
  },
  120_000,
);

/**
 * Rounded, since not all that the server counts belongs to an inference: polls end without a task, 20 a minute, and the
 * process gives a sign of life.
 */
function averages(counted: {
  readonly before: ReadonlyMap<string, number>;
  readonly after: ReadonlyMap<string, number>;
}): Record<string, number> {
  const { before, after } = counted;
  const made = [...after].map(([operation, requests]): [string, number] => [
    operation,
    Math.round((requests - (before.get(operation) ?? 0)) / INFERENCES),
  ]);
  return Object.fromEntries(made.filter(([, average]) => average !== 0));
}

/** The embedded server's own executable, told to serve its metrics on a known port. */
async function executableWithMetrics(): Promise<string> {
  const path = join(directory, 'temporal');
  await writeFile(
    path,
    `#!/bin/sh
[ "$1" = server ] && set -- "$@" --metrics-port=${metricsPort}
exec '${await temporalExecutable()}' "$@"
`,
  );
  await chmod(path, 0o755);
  return path;
}

/** Requests that the frontend has received for our namespace so far, by operation. */
async function frontendRequests(): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
  const lines = (await response.text()).matchAll(
    /^service_requests\{namespace="default",operation="(\w+)",service_name="frontend"\} (\d+)$/gm,
  );
  return new Map([...lines].map(([, operation = '', requests]) => [operation, Number(requests)]));
}
