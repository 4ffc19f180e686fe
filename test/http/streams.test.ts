// How a stream ends that cannot end with its answer: by a fault of the service itself, or because another text was sent.

import { afterEach, expect, test } from 'vitest';
import type { Inference } from '../../src/domain/inference.ts';
import type { Inferences } from '../../src/domain/inferences.ts';
import { LineHub } from '../../src/lines/hub.ts';
import { begun, openStream } from '../support/event-stream.ts';
import { linesInMemory } from '../support/lines.ts';
import { eventually } from '../support/polling.ts';
import { answered } from './responses.ts';
import { chat, serverWithoutTemporal } from './server-without-temporal.ts';

const running: Inference = {
  id: 'inf-1',
  runId: 'run-1',
  status: 'running',
  waitingFor: null,
  memo: { owner: null, model: 'summarize', deadlineMs: 120_000, metadata: {}, fingerprint: 'f' },
  createdAt: '2026-11-24T10:00:00.000Z',
  endedAt: null,
  result: null,
  failure: null,
  calls: [],
  heldVerdict: null,
};

let server: Awaited<ReturnType<typeof serverWithoutTemporal>>;
afterEach(() => server.app.close());

test('that has begun ends with an error event, and the log has the reason', async () => {
  let disappear: () => void = () => undefined;
  const disappeared = new Promise<void>((resolve) => {
    disappear = resolve;
  });
  server = await serverWithoutTemporal({
    inferences: {
      start: async () => ({ type: 'started', inference: running }),
      wait: async () => {
        await disappeared;
        return { type: 'not-found' };
      },
    },
  });
  const url = await server.app.listen({ host: '127.0.0.1', port: 0 });
  const stream = await openStream(url, { body: chat });
  await eventually(() => stream.comments() > 0);
  disappear();
  const ended = await stream.ended;
  expect(ended).toMatchObject({ status: 200, code: 'internal_error', finish: null, isDone: false, isBroken: false });
  expect(ended.error.inference_id).toBe('inf-1');
  expect(server.log.join('')).toContain('A stream failed by a bug.');
});

/** A live stream that has begun with "Hello", of an inference that ends as `wait` has it. */
async function streamOf(wait: Inferences['wait']) {
  const hub = new LineHub();
  const tokens: string[] = [];
  const start: Inferences['start'] = async ({ input }) => {
    tokens.push(input.line?.token ?? '');
    return { type: 'started', inference: running };
  };
  server = await serverWithoutTemporal({ lines: linesInMemory(hub), inferences: { start, wait } });
  const url = await server.app.listen({ host: '127.0.0.1', port: 0 });
  const opening = openStream(url, { body: chat });
  await eventually(() => tokens.length > 0);
  const call = hub.find(tokens[0] ?? '')?.attach({ target: 'openai/gpt-4o', runId: 'run-1', isRacing: false });
  call?.pass('Hello', 'gpt-4o');
  return { stream: await begun(await opening), interrupt: () => call?.interrupt() };
}

const INTERRUPTED = { text: 'Hello', finish: null, code: 'stream_interrupted', isDone: false, isBroken: false };

test.each<[string, string, object]>([
  ['goes on from what was sent', 'Hello you.', { text: 'Hello you.', finish: 'stop', code: null, isDone: true }],
  ['says something else', 'Hi, you.', INTERRUPTED],
  ['is shorter', 'Hell', INTERRUPTED],
])('whose recorded answer %s ends accordingly', async (_name, text, told) => {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const { stream } = await streamOf(async () => {
    await ended;
    return { type: 'found', inference: { ...answered({ text }), id: running.id } };
  });
  end();
  expect(await stream.ended).toMatchObject(told);
});

test('that was interrupted waits for its inference no longer', async () => {
  const waits: AbortSignal[] = [];
  const { stream, interrupt } = await streamOf(async (_id, { signal }) => {
    if (!signal) throw new Error('Nobody could end this wait.');
    waits.push(signal);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return { type: 'pending' };
  });
  interrupt();
  expect(await stream.ended).toMatchObject(INTERRUPTED);
  await eventually(() => waits[0]?.aborted === true);
  expect(waits).toHaveLength(1);
});
