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
import { machineMs, tokenText } from './paced.ts';
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

/** Whom to tell that an activity has started, by the id of its workflow. */
const starts = new Map<string, () => void>();

const worker = await Worker.create({
  connection,
  namespace,
  taskQueue: TASK_QUEUE,
  workflowBundle: { codePath },
  activities: floorActivities(providerUrl, (workflowId) => starts.get(workflowId)?.()),
  maxConcurrentActivityTaskExecutions: 1_000,
  maxConcurrentWorkflowTaskExecutions: 100,
  maxCachedWorkflows: 1_000,
});
void worker.run();

const client = new Client({ connection, namespace });
const app = fastify();
app.post('/v1/chat/completions', async (request, reply) => {
  // The model that clients name is the strategy, and so the workflow.
  const { model, messages, stream } = request.body as FloorRequest;
  const workflowId = `floor-${randomUUID()}`;
  if (stream) starts.set(workflowId, () => reply.raw.write(startEvent()));
  const handle = await client.workflow.start(model, {
    workflowId,
    taskQueue: TASK_QUEUE,
    args: [{ messages }],
    requestEagerStart: true,
  });
  const answers = (await handle.result()) as readonly FloorAnswer[];
  if (stream) {
    starts.delete(workflowId);
    reply.hijack().raw.end(END_EVENTS);
    return reply;
  }
  const choices = answers.map(({ text }, index) => {
    const message = { role: 'assistant', content: text };
    return { index, message, finish_reason: 'stop' };
  });
  return { id: workflowId, object: 'chat.completion', model, choices };
});
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${JSON.stringify({ url, temporal: { address: temporal.address } })}\n`);

/** The one token of a stream is sent when the activity starts. */
function startEvent(): string {
  const content = tokenText({ index: 0, sentAtMs: machineMs(), tookMs: 0 });
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;
}

const END_EVENTS = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';

process.once('SIGTERM', () => void stop());

/** Drains nothing: what is still under way then is of no use to anybody. */
async function stop(): Promise<void> {
  await temporal.stop();
  process.exit();
}
