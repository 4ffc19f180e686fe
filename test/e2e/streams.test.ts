// Every way in which a stream can fail, before and after its first token, live and verified: what the client gets, on the
// wire. A full answer or a clean error, in time; never a truncated answer that claims to be whole.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/fault.ts';
import type { Ended } from '../support/event-stream.ts';
import { readStream } from '../support/event-stream.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { callsOf, IN_TIME_MS, inferenceOf, plain, STORY, streamModels, tell } from './support-streams.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ config: streamModels, simulator: { tokenDelayMs: 5 } });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());

type Mode = 'live' | 'verified';

/** The faults of a stream, by how many of its tokens come before. */
const faults: Readonly<Record<string, (afterChunks: number) => Fault>> = {
  'that is cut': (afterChunks) => ({ type: 'cut', afterChunks }),
  'that ends early': (afterChunks) => ({ type: 'end-early', afterChunks }),
  'that stalls': (afterChunks) => ({ type: 'stall', afterChunks }),
  'that stalls behind keep-alives': (afterChunks) => ({ type: 'stall', afterChunks, keepAliveMs: 50 }),
  'with an error event': (afterChunks) => ({ type: 'error-in-200', situation: 'server-error', afterChunks }),
  'with a malformed chunk': (afterChunks) => ({ type: 'malformed-chunk', afterChunks }),
};

/** What fails in one place only. */
const before: Readonly<Record<string, Fault>> = {
  ...at(0),
  'whose first token is slow': { type: 'delay', firstTokenMs: 60_000 },
  'whose first token is slow behind a flood of keep-alives': { type: 'delay', firstTokenMs: 60_000, keepAliveMs: 10 },
  'whose headers never come': { type: 'delay', headersMs: 60_000 },
  'that is reset': { type: 'reset' },
  'that is an error': { type: 'error', situation: 'server-error' },
  'that is empty': { type: 'empty' },
  'that is a web page': { type: 'html' },
};
const after: Readonly<Record<string, Fault>> = {
  ...at(7),
  'without a finish reason': { type: 'finish', reason: null },
  'with a finish reason that nobody knows': { type: 'finish', reason: 'tired' },
  'that is truncated by its provider': { type: 'truncated', afterTokens: 7 },
  'that goes on for too long': { type: 'delay', tokenMs: 400 },
};

function at(afterChunks: number): Record<string, Fault> {
  return Object.fromEntries(Object.entries(faults).map(([name, fault]) => [name, fault(afterChunks)]));
}

async function read(model: string, fault: Fault, mode: Mode): Promise<Ended & { readonly inference: any }> {
  const { body } = tell(service, model, { one: fault });
  const ended = await readStream(service.url, { body, headers: { 'x-holdfast-stream': mode } });
  expect(ended.isBroken).toBe(false);
  expect(ended.tookMs).toBeLessThan(IN_TIME_MS);
  return { ...ended, inference: await inferenceOf(service, ended) };
}

const WHOLE = { status: 200, text: STORY, finish: 'stop', code: null, isDone: true };

for (const mode of ['live', 'verified'] as const) {
  describe.concurrent(`a ${mode} stream whose first target gives one`, () => {
    test.each(
      Object.entries(before),
    )('%s before its first token is whole, by the next target', async (_name, fault) => {
      const ended = await read('closed', fault, mode);
      expect(ended).toMatchObject(WHOLE);
      expect(ended.headers.get('x-holdfast-stream')).toBe(mode);
      expect(callsOf(ended.inference)[1]).toBe('spare/m1 succeeded');
    });
  });
}

describe.concurrent('a verified stream whose first target gives one', () => {
  test.each(Object.entries(after))('%s after some tokens is whole, by the next target', async (_name, fault) => {
    const ended = await read('closed', fault, 'verified');
    expect(ended).toMatchObject({ ...WHOLE, pieces: 1 });
    expect(callsOf(ended.inference)[1]).toBe('spare/m1 succeeded');
  });
});

describe.concurrent('a live stream whose first target gives one', () => {
  test.each(
    Object.entries(after),
  )('%s after some tokens ends with stream_interrupted where the next cannot go on, and the inference with its answer', async (_name, fault) => {
    const ended = await read('closed', fault, 'live');
    const { inference } = ended;
    expect(ended).toMatchObject({ status: 200, finish: null, code: 'stream_interrupted', isDone: false });
    expect(ended.error.inference_id).toBe(inference.id);
    expect(ended.error.message).toContain(`/v1/inferences/${inference.id}`);
    expect(STORY.startsWith(ended.text)).toBe(true);
    expect(ended.text).not.toBe('');
    expect(callsOf(inference)).toEqual([expect.stringMatching(/^one\/m1 /), 'spare/m1 succeeded']);
    expect(inference.output.choices[0]).toMatchObject({ message: { content: STORY }, finish_reason: 'stop' });
  });

  const cut = Object.entries(after).filter(([, { type }]) => type !== 'finish');
  for (const [model, next] of [
    ['open', 'two/claude-haiku-4-5'],
    ['mistral', 'four/mistral-large'],
  ] as const) {
    test.each(cut)(`%s after some tokens is whole where ${next} goes on from there`, async (_name, fault) => {
      const ended = await read(model, fault, 'live');
      const { inference } = ended;
      expect(ended).toMatchObject(WHOLE);
      expect(ended.pieces).toBeGreaterThan(2);
      expect(plain(ended.headers.get('x-holdfast-target'))).toBe('one/m1');
      expect(callsOf(inference)).toEqual([expect.stringMatching(/^one\/m1 /), `${next} succeeded`]);
      expect(inference.output.choices[0].message.content).toBe(STORY);
    });
  }

  test('without a finish reason behind the whole text is no answer: nobody can say that it was whole', async () => {
    const ended = await read('open', { type: 'finish', reason: null }, 'live');
    expect(ended).toMatchObject({ finish: null, code: 'stream_interrupted', isDone: false });
    expect(callsOf(ended.inference)).toEqual(['one/m1 malformed', 'two/claude-haiku-4-5 empty']);
  });

  test('that claims to be whole at a limit of tokens that the client did not set is gone on from', async () => {
    const ended = await read('limited', { type: 'cut-as-stop', afterTokens: 9 }, 'live');
    expect(ended).toMatchObject(WHOLE);
    expect(callsOf(ended.inference)).toEqual(['one/m1 truncated', 'two/claude-haiku-4-5 succeeded']);
  });

  test.each(
    Object.entries(at(7)),
  )('%s, and no other target is left: stream_interrupted, with its calls', async (_name, fault) => {
    const ended = await read('alone', fault, 'live');
    expect(ended).toMatchObject({ finish: null, code: 'stream_interrupted', isDone: false });
    expect(ended.error.calls).toHaveLength(1);
    expect(ended.inference.status).toBe('failed');
  });

  test('that fails once more where it is gone on from is interrupted, and never repeats or skips a word', async () => {
    const { body } = tell(service, 'open', {
      one: { type: 'cut', afterChunks: 7 },
      two: { type: 'cut', afterChunks: 5 },
    });
    const ended = await readStream(service.url, { body });
    expect(ended).toMatchObject({ finish: null, code: 'stream_interrupted', isDone: false });
    expect(ended.text).toBe(STORY.slice(0, ended.text.length));
    expect(ended.text).toHaveLength(12 * 4);
  });
});

describe.concurrent('a refusal', () => {
  test.each<Mode>([
    'live',
    'verified',
  ])('%s is the answer where the model says so, as OpenAI streams it', async (mode) => {
    const ended = await read('closed', { type: 'refusal' }, mode);
    expect(ended).toMatchObject({ status: 200, text: '', code: null, finish: 'stop', isDone: true });
    expect(ended.refusal).toMatch(/can't help/);
  });

  test.each<Mode>(['live', 'verified'])('%s fails over where the model says so', async (mode) => {
    expect(await read('picky', { type: 'refusal' }, mode)).toMatchObject(WHOLE);
  });

  test("by the provider's filter after some tokens never ends as a stop", async () => {
    const ended = await read('closed', { type: 'finish', reason: 'content_filter' }, 'live');
    expect(ended).toMatchObject({ finish: null, code: 'stream_interrupted', isDone: false });
  });
});

test('nothing that comes over a live stream repeats what was sent: one attempt at a target that has given tokens', async () => {
  const { body, sentTo } = tell(service, 'twice', { one: { type: 'cut', afterChunks: 7 } });
  const ended = await readStream(service.url, { body });
  expect(ended.code).toBe('stream_interrupted');
  expect(callsOf(await inferenceOf(service, ended))).toEqual(['one/m1 connection', 'spare/m1 succeeded']);
  expect(sentTo()).toEqual(['one', 'spare']);
});

test('before its first token a target gets its second attempt', { timeout: 20_000 }, async () => {
  const { body } = tell(service, 'twice', { one: { type: 'cut', afterChunks: 0 } });
  const ended = await readStream(service.url, { body });
  expect(ended).toMatchObject(WHOLE);
  expect(callsOf(await inferenceOf(service, ended))).toEqual([
    'one/m1 connection',
    'one/m1 connection',
    'spare/m1 succeeded',
  ]);
});
