// The floor, a process of its own: the least that answers over HTTP out of a Temporal workflow, tuned as Holdfast is.
// One eager start, eager activities; no validation, no failover, no record, no judgement of the answers.

import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { fastify } from 'fastify';
import { pino } from 'pino';
import { connectToEmbedded } from '../src/temporal/connect.ts';
import { startEmbeddedServer } from '../src/temporal/embedded-server.ts';
import { installRuntime } from '../src/temporal/runtime.ts';
import { type FloorAnswer, type FloorRequest, floorActivities } from './floor-activity.ts';

const TASK_QUEUE = 'floor';
const ANY_PORT = { wanted: 0, asked: false };

const [executable = '', dataDir = '', codePath = '', providerUrl = ''] = process.argv.slice(2);
const logger = pino({ level: 'error' }, process.stderr);
installRuntime(logger);

const temporal = await startEmbeddedServer({
  executable,
  dataDir,
  port: ANY_PORT,
  uiPort: ANY_PORT,
  retentionMs: 30 * 24 * 60 * 60 * 1000,
  log: logger,
  report: () => undefined,
});
const { connection, namespace } = await connectToEmbedded(temporal.address);

const worker = await Worker.create({
  connection,
  namespace,
  taskQueue: TASK_QUEUE,
  workflowBundle: { codePath },
  activities: floorActivities(providerUrl),
  maxConcurrentActivityTaskExecutions: 1_000,
  maxConcurrentWorkflowTaskExecutions: 100,
  maxCachedWorkflows: 1_000,
});
void worker.run();

const client = new Client({ connection, namespace });
const app = fastify();
app.post('/v1/chat/completions', async (request) => {
  // The model that clients name is the strategy, and so the workflow.
  const { model, messages } = request.body as FloorRequest;
  const workflowId = `floor-${randomUUID()}`;
  const handle = await client.workflow.start(model, {
    workflowId,
    taskQueue: TASK_QUEUE,
    args: [{ messages }],
    requestEagerStart: true,
  });
  const answers = (await handle.result()) as readonly FloorAnswer[];
  const choices = answers.map(({ text }, index) => {
    const message = { role: 'assistant', content: text };
    return { index, message, finish_reason: 'stop' };
  });
  return { id: workflowId, object: 'chat.completion', model, choices };
});
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${JSON.stringify({ url, temporal: { address: temporal.address } })}\n`);

process.once('SIGTERM', () => void stop());

/** Drains nothing: what is still under way then is of no use to anybody. */
async function stop(): Promise<void> {
  await temporal.stop();
  process.exit();
}
