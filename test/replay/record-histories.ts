// Records one history of each kind that the workflows can write, into test/replay/histories. To be run when a workflow's
// commands have changed on purpose: `npx vitest run --config test/replay/record.config.ts`. Old files stay: they are the
// running inferences of an older release.

import { writeFile } from 'node:fs/promises';
import OpenAI, { toFile } from 'openai';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService, threeProviders } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import type { Receiver } from '../webhooks/receiver.ts';
import { SECRET, startReceiver } from '../webhooks/receiver.ts';

let service: TestService;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
  service = await startTestService({
    config: (simulator) => {
      const config = threeProviders(simulator);
      // A hundred texts at once.
      const embeddings = { targets: ['three/m3'], maxAttemptsPerTarget: 1 };
      const webhooks = { secret: SECRET, allowPrivate: true };
      const batch = { pollInterval: '100ms', stuckAfter: '1s' };
      return {
        ...config,
        webhooks,
        batch,
        targets: { ...('targets' in config && (config.targets as object)), 'one/small': { contextWindow: 1_500 } },
        models: {
          ...('models' in config && (config.models as object)),
          embeddings,
          window: { targets: ['one/small'] },
        },
      };
    },
  });
}, FETCH_LIMIT_MS);
afterAll(async () => {
  await service.stop();
  receiver.stop();
});

async function embed(fields: Record<string, unknown>): Promise<string> {
  const { headers } = await service.request('/v1/embeddings', { body: { dimensions: 2, ...fields } });
  return headers.get('x-holdfast-inference-id') ?? '';
}

async function submit(fields: Record<string, unknown>): Promise<string> {
  const { status, body } = await service.request('/v1/inferences', { body: fields });
  expect(status).toBe(202);
  return body.id;
}

async function ended(id: string, status: string): Promise<void> {
  const { body } = await service.request(`/v1/inferences/${id}?wait=30`);
  expect(body.status).toBe(status);
}

async function save(id: string, name: string): Promise<void> {
  const history = await service.temporal.workflow.getHandle(id).fetchHistory();
  const file = new URL(`histories/${new Date().toISOString().slice(0, 10)}-${name}.json`, import.meta.url);
  // Stack traces name the folders of the machine that recorded them.
  await writeFile(file, historyToJSON(history).replaceAll(/"stackTrace": "(?:[^"\\]|\\.)*"/g, '"stackTrace": ""'));
}

test('records each kind of failover, and of target-health', { timeout: 180_000 }, async () => {
  const answered = await submit(chat('chain'));
  await ended(answered, 'succeeded');
  await save(answered, 'answered');

  let repair = service.simulator.inject({ account: 'one', fault: { type: 'error', situation: 'server-error' } });
  const failedOver = await submit(chat('pair'));
  await ended(failedOver, 'succeeded');
  await save(failedOver, 'failed-over');
  repair();

  repair = service.simulator.inject({ fault: { type: 'error', situation: 'server-error' } });
  const strategy = {
    type: 'failover',
    targets: ['one/m1', 'two/m2'],
    max_attempts_per_target: 1,
    on_exhausted: 'fail',
  };
  const failed = await submit({ ...chat('pair'), strategy });
  await ended(failed, 'failed');
  await save(failed, 'failed');
  repair();
  await service.request(`/v1/inferences/${failed}/replay`, { method: 'POST' });
  await ended(failed, 'succeeded');
  await save(failed, 'reset-and-answered');

  repair = service.simulator.inject({ fault: { type: 'error', situation: 'overloaded' } });
  const parked = await submit({ ...chat('single'), deadline: '8s' });
  await eventually(async () => (await service.request(`/v1/inferences/${parked}`)).body.status === 'waiting');
  repair();
  await ended(parked, 'succeeded');
  await save(parked, 'parked-and-answered');

  await service.request('/v1/targets/one/m1/isolate', { method: 'POST' });
  const woken = await submit({ ...chat('single'), deadline: '60s' });
  await eventually(async () => (await service.request(`/v1/inferences/${woken}`)).body.status === 'waiting');
  await service.request('/v1/targets/one/m1/restore', { method: 'POST' });
  await ended(woken, 'succeeded');
  await save(woken, 'woken-and-answered');
  await save('target-health', 'target-health');

  service.simulator.inject({ fault: { type: 'delay', headersMs: 20_000 } });
  const cancelled = await submit(chat('single'));
  await eventually(() => service.simulator.requests.some((request) => request.outcome === 'pending'));
  await service.request(`/v1/inferences/${cancelled}/cancel`, { method: 'POST' });
  await ended(cancelled, 'cancelled');
  await save(cancelled, 'cancelled');
});

test('records each kind of race and vote', { timeout: 60_000 }, async () => {
  const targets = ['one/m1', 'two/claude-m2', 'three/m3'];
  const slow = service.simulator.inject({ account: 'one', fault: { type: 'delay', headersMs: 20_000 } });
  const hedge = { type: 'hedge', targets: targets.slice(0, 2), hedge_delay: '200ms' };
  const hedged = await submit({ ...chat('any'), strategy: hedge });
  await ended(hedged, 'succeeded');
  await save(hedged, 'hedged');
  slow();

  const invalid = service.simulator.inject({ account: 'one', fault: { type: 'error', situation: 'invalid-request' } });
  const refused = await submit({ ...chat('any'), strategy: { ...hedge, hedge_delay: '9s', on_exhausted: 'fail' } });
  await ended(refused, 'failed');
  await save(refused, 'hedge-refused');
  invalid();

  const vote = { type: 'consensus', targets, compare: { type: 'text' }, on_exhausted: 'fail' };
  const agreed = await submit({ ...chat('any'), strategy: vote });
  await ended(agreed, 'succeeded');
  await save(agreed, 'agreed');

  const repair = service.simulator.inject({ account: 'two', fault: { type: 'empty' } });
  const late = service.simulator.inject({ account: 'three', fault: { type: 'truncated' } });
  const voted = await submit({ ...chat('any'), strategy: vote });
  await ended(voted, 'failed');
  repair();
  late();
  await service.request(`/v1/inferences/${voted}/replay`, { method: 'POST' });
  await ended(voted, 'succeeded');
  await save(voted, 'reset-and-agreed');

  for (const account of ['one', 'two', 'three']) {
    service.simulator.inject({ account, fault: { type: 'dissent', seed: account } });
  }
  const held = await submit({ ...chat('any'), strategy: { ...vote, on_split: 'hold' } });
  await eventually(async () => (await service.request(`/v1/inferences/${held}`)).body.waiting_for === 'resolution');
  await service.request(`/v1/inferences/${held}/resolve`, { body: { vote: 0, reason: 'recorded' } });
  await ended(held, 'succeeded');
  await save(held, 'held-and-resolved');
});

test('records embeddings, in one call, and replayed in the middle of several', { timeout: 60_000 }, async () => {
  const input = Array.from({ length: 120 }, (_, n) => `text ${n}`);
  await save(await embed({ model: 'one/m1', input: 'a text' }), 'embedded');

  const repair = service.simulator.inject({
    account: 'three',
    matches: ({ text }) => text !== 'text 99',
    fault: { type: 'error', situation: 'server-error' },
  });
  const failed = await embed({ model: 'embeddings', input });
  await ended(failed, 'failed');
  repair();
  await service.request(`/v1/inferences/${failed}/replay`, { method: 'POST' });
  await ended(failed, 'succeeded');
  await save(failed, 'reset-and-embedded');
});

test('records what is announced', { timeout: 60_000 }, async () => {
  const webhook = { webhook_url: receiver.url };
  const announced = await submit({ ...chat('single'), ...webhook });
  await ended(announced, 'succeeded');
  await save(announced, 'announced');
  await service.temporal.workflow.getHandle(`${announced}.webhook`).result();
  await save(`${announced}.webhook`, 'webhook');

  const repair = service.simulator.inject({ fault: { type: 'error', situation: 'invalid-request' } });
  const failed = await submit({ ...chat('single'), ...webhook });
  await ended(failed, 'failed');
  repair();
  const { runId } = await service.temporal.workflow.getHandle(failed).describe();
  const { events } = await service.temporal.workflow.getHandle(failed).fetchHistory();
  const last = events?.findLast((event) => event.workflowTaskCompletedEventAttributes)?.eventId ?? null;
  await service.temporal.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: failed, runId },
    reason: 'behind the announcement',
    workflowTaskFinishEventId: last,
    requestId: 'reset',
  });
  await ended(failed, 'succeeded');
  await save(failed, 'reset-and-announced');
});

async function createBatch(lanes: readonly string[]): Promise<string> {
  const client = new OpenAI({ apiKey: 'any', baseURL: `${service.url}/v1`, maxRetries: 0 });
  const messages = [{ role: 'user', content: 'What is it?' }];
  const lines = [0, 1].map((n) =>
    JSON.stringify({
      custom_id: `line ${n}`,
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model: 'chain', messages },
    }),
  );
  const file = await client.files.create({
    file: await toFile(Buffer.from(lines.join('\n')), 'in.jsonl'),
    purpose: 'batch',
  });
  const ours = { lanes, webhook_url: receiver.url };
  const body = { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h', ...ours } as const;
  return (await client.batches.create(body)).id;
}

test('records batches, and those of their providers', { timeout: 60_000 }, async () => {
  const answered = await createBatch(['one/m1']);
  await service.temporal.workflow.getHandle(answered).result();
  await save(answered, 'batch-answered');
  await save(`${answered}.p0.l0`, 'provider-batch-answered');

  service.simulator.injectBatch({ account: 'one', fault: { type: 'stuck' } });
  service.simulator.injectBatch({ account: 'two', fault: { type: 'lost-reply', to: 'create' } });
  const rescued = await createBatch(['one/m1', 'two/m2']);
  await service.temporal.workflow.getHandle(rescued).result();
  await save(rescued, 'batch-rescued');
  await save(`${rescued}.p0.l0`, 'provider-batch-stuck');
  await save(`${rescued}.p0.l1`, 'provider-batch-looked-for');

  service.simulator.injectBatch({ account: 'three', fault: { type: 'slow', ms: 20_000 } });
  const cancelled = await createBatch(['three/m3']);
  await eventually(() => service.simulator.batches.some(({ account }) => account === 'three'));
  await service.temporal.workflow.getHandle(cancelled).cancel();
  await service.temporal.workflow.getHandle(cancelled).result();
  await save(cancelled, 'batch-cancelled');
  await save(`${cancelled}.p0.l0`, 'provider-batch-cancelled');
});

test('records analyses of documents, in one round and in several', { timeout: 60_000 }, async () => {
  const long = Array.from({ length: 40 }, (_, n) => `Paragraph ${n}. ${'The fox jumps. '.repeat(40)}`).join('\n\n');
  const lines = [
    { name: 'short.txt', text: 'Short.' },
    { name: 'long.txt', text: long },
    { name: 'broken.pdf', error: 'It is not a valid PDF file.' },
  ].map((line) => JSON.stringify(line));
  const file = await toFile(Buffer.from(lines.join('\n')), 'documents.jsonl');
  const client = new OpenAI({ apiKey: 'any', baseURL: `${service.url}/v1`, maxRetries: 0 });
  const { id: fileId } = await client.files.create({ file, purpose: 'user_data' });
  const analyse = async (body: object) => {
    const asked = { input_file_id: fileId, prompt: 'What is it about?', ...body };
    return (await service.request('/v1/analyses', { body: asked })).body.id as string;
  };
  const analysed = (id: string) =>
    eventually(async () => (await service.request(`/v1/analyses/${id}`)).body.ended_at !== null, 30_000);
  const merged = await analyse({ model: 'window' });
  await analysed(merged);
  await save(merged, 'analysis-merged');
  service.simulator.injectBatch({ fault: { type: 'stuck' } });
  const cancelled = await analyse({ model: 'single' });
  await eventually(() => service.simulator.batches.some(({ end }) => end === null), 30_000);
  await service.request(`/v1/analyses/${cancelled}/cancel`, { method: 'POST' });
  await analysed(cancelled);
  await save(cancelled, 'analysis-cancelled');
});
