// The events of a streamed response, as they are and as the official client puts them together.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OpenAI } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { streamInterrupted } from '../../src/http/errors.ts';
import type { ResponseEvent } from '../../src/http/responses/response-event.ts';
import type { StreamStep } from '../../src/http/responses/response-events.ts';
import { ResponseEvents } from '../../src/http/responses/response-events.ts';
import { responseObject } from '../../src/http/responses/response-object.ts';
import { answered, failed, ID, partsOf } from './responses.ts';

const started: StreamStep = { type: 'started' };
const text = (words: string): StreamStep => ({ type: 'text', text: words });

function eventsOf(steps: readonly StreamStep[]): readonly ResponseEvent[] {
  const events = new ResponseEvents(partsOf());
  return steps.flatMap((step) => events.after(step));
}

const calls = {
  toolCalls: [
    { id: 'c1', name: 'add', arguments: '{"a":1}' },
    { id: 'c2', name: 'now', arguments: '{}' },
  ],
  finishReason: { unified: 'tool-calls', raw: null },
} as const;

const opening = ['response.created', 'response.in_progress'];
const message = (...inside: string[]) => [
  'response.output_item.added',
  'response.content_part.added',
  ...inside,
  'response.content_part.done',
  'response.output_item.done',
];
const call = [
  'response.output_item.added',
  'response.function_call_arguments.delta',
  'response.function_call_arguments.done',
  'response.output_item.done',
];
const delta = 'response.output_text.delta';
const done = 'response.output_text.done';

const whole: Record<string, { steps: readonly StreamStep[]; types: readonly string[] }> = {
  'text in pieces, all of them sent': {
    steps: [started, text('Hello'), text(''), text(' you.'), { type: 'ended', inference: answered() }],
    types: [...opening, ...message(delta, delta, done), 'response.completed'],
  },
  'text of which the end has not been sent': {
    steps: [started, text('Hello'), { type: 'ended', inference: answered() }],
    types: [...opening, ...message(delta, delta, done), 'response.completed'],
  },
  'text of which nothing has been sent': {
    steps: [started, { type: 'ended', inference: answered() }],
    types: [...opening, ...message(delta, done), 'response.completed'],
  },
  'calls of functions': {
    steps: [started, { type: 'ended', inference: answered({ text: null, ...calls }) }],
    types: [...opening, ...call, ...call, 'response.completed'],
  },
  'text and calls of functions': {
    steps: [started, text('Hello you.'), { type: 'ended', inference: answered(calls) }],
    types: [...opening, ...message(delta, done), ...call, ...call, 'response.completed'],
  },
  'a refusal': {
    steps: [started, { type: 'ended', inference: answered({ text: null, refusal: 'I will not.' }) }],
    types: [...opening, ...message('response.refusal.delta', 'response.refusal.done'), 'response.completed'],
  },
  'text cut at the limit that was asked for': {
    steps: [
      started,
      text('Hello'),
      { type: 'ended', inference: answered({ finishReason: { unified: 'length', raw: null } }) },
    ],
    types: [...opening, ...message(delta, delta, done), 'response.incomplete'],
  },
  'a failure': {
    steps: [started, text('Hello'), { type: 'ended', inference: failed() }],
    types: [...opening, 'response.output_item.added', 'response.content_part.added', delta, 'response.failed'],
  },
};

describe('the events of a response', () => {
  test.each(Object.entries(whole))('%s', (_name, { steps, types }) => {
    const events = eventsOf(steps);
    expect(events.map(({ type }) => type)).toEqual(types);
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, index) => index));
    const last = events.at(-1);
    const ended = steps.at(-1);
    expect(last && 'response' in last && last.response).toEqual(
      ended?.type === 'ended' && responseObject(partsOf({ inference: ended.inference })),
    );
  });

  test('begin with a response that has nothing in it yet, also for whoever joins a finished one', () => {
    const [created] = new ResponseEvents(partsOf({ inference: answered() })).after(started);
    expect(created).toMatchObject({ response: { status: 'in_progress', output: [], model: 'summarize' } });
  });

  test('never call an answer whole that does not begin as it was sent', () => {
    const events = eventsOf([started, text('Good bye'), { type: 'ended', inference: answered() }]);
    expect(events.at(-1)).toMatchObject({ type: 'error', code: 'stream_interrupted', error: { inference_id: ID } });
    expect(events.map(({ type }) => type)).not.toContain('response.completed');
    const refused = answered({ text: null, refusal: 'I will not.' });
    expect(eventsOf([started, text('Hello'), { type: 'ended', inference: refused }]).at(-1)?.type).toBe('error');
  });
});

describe('the official client', () => {
  let client: OpenAI;
  let steps: readonly StreamStep[] = [];
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of eventsOf(steps)) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    response.end();
  });
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    client = new OpenAI({ apiKey: 'key', baseURL: `http://127.0.0.1:${port}`, maxRetries: 0 });
  });
  afterAll(() => server.close());

  test.each(Object.entries(whole))('puts them together: %s', async (_name, one) => {
    ({ steps } = one);
    const ended = steps.at(-1);
    if (ended?.type !== 'ended') throw new Error('A stream ends with the end of its inference.');
    const stream = client.responses.stream({ model: 'summarize', input: 'Hello.' });
    let told = '';
    stream.on('response.output_text.delta', (event) => {
      told += event.delta;
      expect(event.snapshot).toBe(told);
    });
    const final = await stream.finalResponse();
    const expected = responseObject(partsOf({ inference: ended.inference }));
    expect(final).toMatchObject(expected);
    if (expected.status !== 'failed') expect(told).toBe(final.output_text);
  });

  test('is thrown the error of a stream that cannot go on, with the id of its inference', async () => {
    steps = [started, text('Hello'), { type: 'interrupted', error: streamInterrupted(ID) }];
    const stream = client.responses.stream({ model: 'summarize', input: 'Hello.' });
    await expect(stream.finalResponse()).rejects.toMatchObject({
      code: 'stream_interrupted',
      type: 'inference_error',
      error: { inference_id: ID },
    });
  });
});
