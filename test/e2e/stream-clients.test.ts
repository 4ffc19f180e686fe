// Clients of streams that come later, read slowly or go away, and what a stream leaves behind in Temporal.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/fault.ts';
import { begun, openStream, readStream } from '../support/event-stream.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { callsOf, inferenceOf, STORY, streamModels, tell } from './support-streams.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ config: streamModels });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());

const WHOLE = { text: STORY, finish: 'stop', code: null, isDone: true };
/** All of it takes about two seconds. */
const PACED: Fault = { type: 'delay', tokenMs: 30 };
const keyed = () => ({ 'idempotency-key': randomUUID() });

describe('who joins by its Idempotency-Key', () => {
  test('in mid-stream gets all from the beginning, then what comes; the provider is asked once', async () => {
    const { body, sent } = tell(service, 'patient', { one: PACED });
    const headers = keyed();
    const first = await begun(await openStream(service.url, { body, headers }));
    const second = await begun(await openStream(service.url, { body, headers }));
    const ends = await Promise.all([first.ended, second.ended]);
    for (const ended of ends) expect(ended).toMatchObject(WHOLE);
    for (const ended of ends) expect(ended.pieces).toBeGreaterThan(10);
    expect(first.events[0]?.data.id).toBe(second.events[0]?.data.id);
    expect(sent()).toHaveLength(1);
    const late = await readStream(service.url, { body, headers });
    expect(late).toMatchObject({ ...WHOLE, pieces: 1 });
    expect(sent()).toHaveLength(1);
  });

  test('after its first client has left gets all of it', async () => {
    const { body, sent } = tell(service, 'patient', { one: PACED });
    const headers = keyed();
    const first = await begun(await openStream(service.url, { body, headers }));
    first.leave();
    await first.ended;
    expect(await readStream(service.url, { body, headers })).toMatchObject(WHOLE);
    expect(sent()).toHaveLength(1);
  });

  test('and wants it verified gets nothing before the end', async () => {
    const { body } = tell(service, 'patient', { one: PACED });
    const headers = keyed();
    const first = await begun(await openStream(service.url, { body, headers }));
    const second = await readStream(service.url, { body, headers: { ...headers, 'x-holdfast-stream': 'verified' } });
    expect(second).toMatchObject({ ...WHOLE, pieces: 1 });
    expect(second.headers.get('x-holdfast-stream')).toBe('verified');
    expect(await first.ended).toMatchObject(WHOLE);
  });

  test('a stream that was interrupted gets the whole answer', async () => {
    const { body, sentTo } = tell(service, 'closed', { one: { type: 'cut', afterChunks: 7 }, spare: PACED });
    const headers = keyed();
    expect(await readStream(service.url, { body, headers })).toMatchObject({ code: 'stream_interrupted' });
    expect(await readStream(service.url, { body, headers })).toMatchObject(WHOLE);
    expect(sentTo()).toEqual(['one', 'spare']);
  });
});

describe('a client that goes away in mid-stream', () => {
  test('cancels its provider call within 1 s', async () => {
    const { body, sent } = tell(service, 'patient', { one: { type: 'delay', tokenMs: 150 } });
    const stream = await begun(await openStream(service.url, { body }));
    const leftAtMs = Date.now();
    stream.leave();
    const [provider] = await eventually(() => sent().some(({ outcome }) => outcome === 'client-gone') && sent());
    const tookMs = (provider?.settledAtMs ?? Infinity) - leftAtMs;
    process.stdout.write(`A client of a live stream left: its provider was told after ${tookMs} ms.\n`);
    expect(tookMs).toBeLessThan(1_000);
    const inference = await inferenceOf(service, stream);
    expect(inference).toMatchObject({ status: 'cancelled', output: null });
    expect(callsOf(inference)).toEqual(['one/m1 cancelled']);
  });

  test.each<[string, () => Record<string, string>]>([
    ['detached', () => ({ 'x-holdfast-detach': 'true' })],
    ['with an Idempotency-Key', keyed],
  ])('%s cancels nothing: the inference has its whole answer', async (_how, headers) => {
    const { body, sent } = tell(service, 'patient', { one: PACED });
    const stream = await begun(await openStream(service.url, { body, headers: headers() }));
    stream.leave();
    const inference = await inferenceOf(service, stream);
    expect(inference.output.choices[0].message.content).toBe(STORY);
    expect(sent()[0]?.outcome).toBe('answered');
  });

  test('leaves another stream of the same request alone', async () => {
    const { body } = tell(service, 'patient', { one: PACED });
    const [one, other] = await Promise.all([openStream(service.url, { body }), openStream(service.url, { body })]);
    expect(one.headers.get('x-holdfast-inference-id')).not.toBe(other.headers.get('x-holdfast-inference-id'));
    await Promise.all([begun(one), begun(other)]);
    one.leave();
    expect(await other.ended).toMatchObject(WHOLE);
  });
});

test('a client that does not read slows nobody: the inference ends, and then it gets everything in order', {
  timeout: 60_000,
}, async () => {
  const text = Array.from({ length: 25_000 }, (_, index) => String(index).padStart(7, ' ')).join(' ');
  const { body } = tell(service, 'patient', { one: { type: 'answer', text } });
  const url = new URL('/v1/chat/completions', service.url);
  const request = httpRequest(url, { method: 'POST', headers: { 'content-type': 'application/json' } });
  request.end(JSON.stringify({ ...body, stream: true }));
  // Nobody reads of it for now.
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const id = String(response.headers['x-holdfast-inference-id']);
  const inference = (await service.request(`/v1/inferences/${id}?wait=30`)).body;
  expect(inference.status).toBe('succeeded');
  expect(inference.output.choices[0].message.content).toBe(text);

  let all = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) all += chunk;
  const events = all.split('\n\n').filter((event) => event.startsWith('data: {'));
  const pieces = events.map((event) => JSON.parse(event.slice(6)).choices[0].delta.content ?? '');
  expect(pieces.join('')).toBe(text);
  // The end too comes in the pieces in which the model gave it.
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(100);
  expect(all.endsWith('data: [DONE]\n\n')).toBe(true);
});

test('a stream leaves its text in the history once, with 11 events', async () => {
  const { body } = tell(service, 'patient', { one: { type: 'delay', tokenMs: 5 } });
  const ended = await readStream(service.url, { body });
  expect(ended).toMatchObject(WHOLE);
  const id = ended.headers.get('x-holdfast-inference-id') ?? '';
  const history = await service.temporal.workflow.getHandle(id).fetchHistory();
  expect(history.events).toHaveLength(11);
  const completed = (history.events ?? []).filter((event) => event.activityTaskCompletedEventAttributes);
  expect(completed).toHaveLength(1);
  const payloads = JSON.stringify(history.events?.map((event) => decoded(event)));
  // The request has it, the call's input, its result, and the inference's: as without a stream.
  expect(payloads.split(STORY.slice(0, 60)).length - 1).toBe(4);
});

/** All bytes of an event as text. */
function decoded(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.values(value).map(decoded);
}
