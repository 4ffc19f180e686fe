// A stream that the service itself fails to serve, when it is too late for an HTTP error.

import { afterEach, expect, test } from 'vitest';
import type { Inference } from '../../src/domain/inference.ts';
import { LineHub } from '../../src/lines/hub.ts';
import { begun, openStream } from '../support/event-stream.ts';
import { linesInMemory } from '../support/lines.ts';
import { eventually } from '../support/polling.ts';
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

test('that was interrupted waits for its inference no longer', async () => {
  const hub = new LineHub();
  const started: string[] = [];
  const waits: AbortSignal[] = [];
  server = await serverWithoutTemporal({
    lines: linesInMemory(hub),
    inferences: {
      start: async ({ input }) => {
        started.push(input.line?.token ?? '');
        return { type: 'started', inference: running };
      },
      wait: async (_id, { signal }) => {
        if (!signal) throw new Error('Nobody could end this wait.');
        waits.push(signal);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return { type: 'pending' };
      },
    },
  });
  const url = await server.app.listen({ host: '127.0.0.1', port: 0 });
  const opening = openStream(url, { body: chat });
  await eventually(() => waits.length > 0);
  const call = hub.find(started[0] ?? '')?.attach({ target: 'openai/gpt-4o', isRacing: false });
  call?.pass('Hello', 'gpt-4o');
  const stream = await begun(await opening);
  call?.interrupt();
  expect(await stream.ended).toMatchObject({ text: 'Hello', code: 'stream_interrupted', isBroken: false });
  await eventually(() => waits[0]?.aborted === true);
  expect(waits).toHaveLength(1);
});
