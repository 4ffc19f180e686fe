// Streams where API and workers are processes of their own: tokens come over the line between them, and what the loss of
// any of them does to a stream.

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/fault.ts';
import type { EventStream } from '../support/event-stream.ts';
import { begun, openStream, readStream } from '../support/event-stream.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { startApiProcess, startWorkerProcess } from '../support/worker-process.ts';
import { callsOf, inferenceOf, STORY, streamModels, tell } from './support-streams.ts';

let service: TestService;
let workers: WorkerProcess[] = [];

beforeAll(async () => {
  service = await startTestService({ role: 'api', config: streamModels });
  workers.push(await startWorkerProcess(service));
}, FETCH_LIMIT_MS);
afterEach(async () => {
  if (workers.length === 0) workers.push(await startWorkerProcess(service));
});
afterAll(async () => {
  for (const worker of workers) await worker.kill();
  await service.stop();
});

const WHOLE = { text: STORY, finish: 'stop', code: null, isDone: true };
const PACED: Fault = { type: 'delay', tokenMs: 30 };

function paceOf({ events }: EventStream): { readonly count: number; readonly spreadMs: number } {
  const times = events.filter(({ data }) => data.choices?.[0]?.delta.content).map(({ atMs }) => atMs);
  return { count: times.length, spreadMs: (times.at(-1) ?? 0) - (times[0] ?? 0) };
}

async function killWorkers(): Promise<void> {
  const killed = workers;
  workers = [];
  for (const worker of killed) await worker.kill();
}

test('tokens come piece by piece as they are made, in order, of ten streams at once', async () => {
  const streams = await Promise.all(
    Array.from({ length: 10 }, () => openStream(service.url, { body: tell(service, 'patient', { one: PACED }).body })),
  );
  for (const stream of streams) {
    expect(await stream.ended).toMatchObject(WHOLE);
    const { count, spreadMs } = paceOf(stream);
    expect(count).toBeGreaterThan(30);
    // Of about two seconds.
    expect(spreadMs).toBeGreaterThan(1_200);
  }
});

describe("a client that leaves has its provider's connection closed within 2 s", () => {
  const NEVER: Fault = { type: 'stall', afterChunks: 7 };

  test('of a live stream', async () => {
    const { body, sent } = tell(service, 'patient', { one: NEVER });
    const stream = await begun(await openStream(service.url, { body }));
    const leftAtMs = Date.now();
    stream.leave();
    await told('live stream', sent, leftAtMs);
    expect(await inferenceOf(service, stream)).toMatchObject({ status: 'cancelled' });
  });

  test('of a verified stream', async () => {
    const { body, sent } = tell(service, 'patient', { one: NEVER });
    const stream = await openStream(service.url, { body, headers: { 'x-holdfast-stream': 'verified' } });
    await eventually(() => sent().length === 1);
    const leftAtMs = Date.now();
    stream.leave();
    await told('verified stream', sent, leftAtMs);
  });

  test('of a chat completion that is not streamed', async () => {
    const { body, sent } = tell(service, 'patient', { one: NEVER });
    const client = new AbortController();
    const left = service.request('/v1/chat/completions', { body, signal: client.signal }).catch(() => undefined);
    await eventually(() => sent().length === 1);
    const leftAtMs = Date.now();
    client.abort();
    await left;
    await told('chat completion', sent, leftAtMs);
  });

  async function told(what: string, sent: ReturnType<typeof tell>['sent'], leftAtMs: number): Promise<void> {
    const gone = await eventually(() => sent().find(({ outcome }) => outcome === 'client-gone'));
    const tookMs = (gone.settledAtMs ?? Infinity) - leftAtMs;
    console.log(`A client of a ${what} left: the provider of the other process was told after ${tookMs} ms.`);
    expect(tookMs).toBeLessThan(2_000);
  }
});

describe('when the worker is killed in mid-stream', () => {
  test('and nobody can go on from its text: stream_interrupted, and another worker ends the inference', {
    timeout: 90_000,
  }, async () => {
    const { body } = tell(service, 'closed', { one: { type: 'delay', tokenMs: 100 } });
    const stream = await begun(await openStream(service.url, { body }));
    await killWorkers();
    workers.push(await startWorkerProcess(service));
    const ended = await stream.ended;
    expect(ended).toMatchObject({ finish: null, code: 'stream_interrupted', isDone: false });
    expect(STORY.startsWith(ended.text)).toBe(true);
    const { output, calls } = (await service.request(`/v1/inferences/${ended.error.inference_id}?wait=30`)).body;
    expect(output.choices[0]).toMatchObject({ message: { content: STORY }, finish_reason: 'stop' });
    expect(callsOf({ calls })[0]).toBe('one/m1 worker-lost');
  });

  test('the next target goes on from its text where it can, on another worker', { timeout: 90_000 }, async () => {
    const { body } = tell(service, 'open', { one: { type: 'delay', tokenMs: 100 } });
    const stream = await begun(await openStream(service.url, { body }));
    await killWorkers();
    workers.push(await startWorkerProcess(service));
    const ended = await stream.ended;
    expect(ended).toMatchObject(WHOLE);
    expect(stream.comments()).toBeGreaterThan(0);
    expect(callsOf(await inferenceOf(service, ended))).toEqual([
      'one/m1 worker-lost',
      'two/claude-haiku-4-5 succeeded',
    ]);
  });
});

describe('with another API', () => {
  test('whoever joins there gets all from the beginning, and the end', { timeout: 60_000 }, async () => {
    const other = await startApiProcess(service);
    const { body, sent } = tell(service, 'patient', { one: { type: 'delay', tokenMs: 60 } });
    const headers = { 'idempotency-key': randomUUID() };
    const first = await begun(await openStream(service.url, { body, headers }));
    const second = await begun(await openStream(other.url, { body, headers }));
    expect(await first.ended).toMatchObject(WHOLE);
    expect(await second.ended).toMatchObject(WHOLE);
    expect(paceOf(second).count).toBeGreaterThan(10);
    expect(second.headers.get('x-holdfast-stream')).toBe('live');
    expect(sent()).toHaveLength(1);
    await other.kill();
  });

  test('that is killed in mid-stream the inference goes on, and its client finds the answer', {
    timeout: 60_000,
  }, async () => {
    const other = await startApiProcess(service);
    const { body, sent } = tell(service, 'patient', { one: PACED });
    const headers = { 'idempotency-key': randomUUID() };
    const stream = await begun(await openStream(other.url, { body, headers }));
    await other.kill();
    expect(await stream.ended).toMatchObject({ isBroken: true, finish: null, isDone: false });
    const joined = await readStream(service.url, { body, headers });
    expect(joined).toMatchObject(WHOLE);
    expect(sent().map(({ outcome }) => outcome)).toEqual(['answered']);
  });
});

test('where workers cannot reach the API the client gets the whole answer at the end', {
  timeout: 60_000,
}, async () => {
  const lost = await startApiProcess(service, { HOLDFAST_LINE_URL: 'http://127.0.0.1:1' });
  const { body } = tell(service, 'patient', { one: { type: 'delay', tokenMs: 5 } });
  expect(await readStream(lost.url, { body })).toMatchObject({ ...WHOLE, pieces: 1 });
  await lost.kill();
});
