// Streams of races: the first target to give a token is the one that the client gets, and no other.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { begun, openStream, readStream } from '../support/event-stream.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { callsOf, inferenceOf, plain, STORY, streamModels, tell } from './support-streams.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ config: streamModels });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());

const OTHER = 'Another story altogether, which nobody is to see a word of in this stream.';
const LATE = 400;

test('the first to give a token is passed on, though another one has its answer sooner', async () => {
  const { body } = tell(service, 'race', {
    one: { type: 'delay', tokenMs: 20 },
    two: { type: 'delay', firstTokenMs: LATE, fault: { type: 'answer', text: OTHER } },
  });
  const ended = await readStream(service.url, { body });
  expect(ended).toMatchObject({ text: STORY, finish: 'stop', isDone: true });
  expect(plain(ended.headers.get('x-holdfast-target'))).toBe('one/m1');
  const inference = await inferenceOf(service, ended);
  expect(callsOf(inference).toSorted()).toEqual(['one/m1 succeeded', 'two/claude-haiku-4-5 cancelled']);
  expect(inference.output.choices[0].message.content).toBe(STORY);
});

test('one that fails before its first token is never seen', async () => {
  const { body } = tell(service, 'race', {
    one: { type: 'error', situation: 'server-error' },
    two: { type: 'delay', firstTokenMs: LATE },
  });
  expect(await readStream(service.url, { body })).toMatchObject({ text: STORY, finish: 'stop', isDone: true });
});

test('one that fails after some tokens while the other runs interrupts the stream, and the inference has the other answer', async () => {
  const { body } = tell(service, 'race', {
    one: { type: 'cut', afterChunks: 7 },
    two: { type: 'delay', firstTokenMs: LATE, fault: { type: 'answer', text: OTHER } },
  });
  const ended = await readStream(service.url, { body });
  expect(ended).toMatchObject({ text: STORY.slice(0, 28), finish: null, code: 'stream_interrupted', isDone: false });
  const inference = await inferenceOf(service, ended);
  expect(inference.output.choices[0].message.content).toBe(OTHER);
});

test('one that fails after some tokens is not kept from an answer that the other has had all along', async () => {
  const { body } = tell(service, 'race', {
    one: { type: 'delay', tokenMs: 100, fault: { type: 'cut', afterChunks: 15 } },
    two: { type: 'delay', firstTokenMs: LATE, fault: { type: 'answer', text: OTHER } },
  });
  const ended = await readStream(service.url, { body });
  expect(ended).toMatchObject({ finish: null, code: 'stream_interrupted' });
  const inference = await inferenceOf(service, ended);
  expect(inference).toMatchObject({ status: 'succeeded' });
  expect(callsOf(inference).toSorted()).toEqual(['one/m1 connection', 'two/claude-haiku-4-5 succeeded']);
});

test('a target that is started after one that failed within its text goes on from there', async () => {
  const { body } = tell(service, 'later', { one: { type: 'cut', afterChunks: 7 } });
  const ended = await readStream(service.url, { body });
  expect(ended).toMatchObject({ text: STORY, finish: 'stop', isDone: true });
  expect(callsOf(await inferenceOf(service, ended))).toEqual(['one/m1 connection', 'two/claude-haiku-4-5 succeeded']);
});

test('no hedge starts once tokens are passed on', async () => {
  const { body, sentTo } = tell(service, 'later', { one: { type: 'delay', tokenMs: 25 } });
  const stream = await begun(await openStream(service.url, { body }));
  const ended = await stream.ended;
  expect(ended.tookMs).toBeGreaterThan(1_000);
  expect(ended).toMatchObject({ text: STORY, finish: 'stop', isDone: true });
  expect(sentTo()).toEqual(['one']);
  expect(callsOf(await inferenceOf(service, ended))).toEqual(['one/m1 succeeded']);
  const { body: metrics } = await service.request('/metrics');
  expect(metrics).toMatch(/result="live"/);
});

test('a hedge starts while there is no token, and wins with its first', async () => {
  const { body, sentTo } = tell(service, 'later', { one: { type: 'delay', headersMs: 60_000 } });
  expect(await readStream(service.url, { body })).toMatchObject({ text: STORY, finish: 'stop', isDone: true });
  expect(sentTo()).toEqual(['one', 'two']);
});

test('a verified stream of a race is that of its first answer', async () => {
  const { body } = tell(service, 'race', {
    one: { type: 'delay', tokenMs: 40 },
    two: { type: 'delay', firstTokenMs: LATE, fault: { type: 'answer', text: OTHER } },
  });
  const ended = await readStream(service.url, { body, headers: { 'x-holdfast-stream': 'verified' } });
  expect(ended).toMatchObject({ text: OTHER, pieces: 1, finish: 'stop', isDone: true });
});
