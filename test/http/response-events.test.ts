// The events of a streamed response, as they are and as the official client puts them together.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OpenAI } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Inference, InferenceResult } from '../../src/domain/inference.ts';
import { ApiError } from '../../src/http/errors.ts';
import { ResponseEvents } from '../../src/http/responses/response-events.ts';
import { responseObject } from '../../src/http/responses/response-object.ts';
import { answered, ID, partsOf } from './responses.ts';

const served = { target: 'openai/gpt-4o', model: 'gpt-4o' };

interface Stream {
  /** Pieces of text that come before the end. */
  readonly pieces?: readonly string[];
  readonly rest: string;
  readonly end: Inference & { readonly result: InferenceResult };
}

function written(events: ResponseEvents, { pieces = [], rest, end }: Stream): string {
  const begin = pieces.length > 0 ? events.begin(served) : '';
  return events.open() + begin + pieces.map((piece) => events.text(piece)).join('') + events.end(end, rest);
}

function parsed(text: string) {
  const blocks = text.split('\n\n').filter((block) => block !== '');
  return blocks.map((block) => {
    const [, name, data] = /^event: (.+)\ndata: (.+)$/.exec(block) ?? [];
    const event: Record<string, any> = JSON.parse(data ?? '');
    expect(event['type']).toBe(name);
    return event;
  });
}

const eventsOf = (stream: Stream) => parsed(written(new ResponseEvents(partsOf()), stream));
const typesOf = (events: readonly Record<string, any>[]) => events.map(({ type }) => type);

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

const whole: Record<string, { stream: Stream; types: readonly string[] }> = {
  'text in pieces, all of them sent': {
    stream: { pieces: ['Hello', ' you.'], rest: '', end: answered() },
    types: [...opening, ...message(delta, delta, done), 'response.completed'],
  },
  'text of which the end has not been sent': {
    stream: { pieces: ['Hello'], rest: ' you.', end: answered() },
    types: [...opening, ...message(delta, delta, done), 'response.completed'],
  },
  'text of which nothing has been sent': {
    stream: { rest: 'Hello you.', end: answered() },
    types: [...opening, ...message(delta, done), 'response.completed'],
  },
  'calls of functions': {
    stream: { rest: '', end: answered({ text: null, ...calls }) },
    types: [...opening, ...call, ...call, 'response.completed'],
  },
  'text and calls of functions': {
    stream: { pieces: ['Hello you.'], rest: '', end: answered(calls) },
    types: [...opening, ...message(delta, done), ...call, ...call, 'response.completed'],
  },
  'a refusal': {
    stream: { rest: '', end: answered({ text: null, refusal: 'I will not.' }) },
    types: [...opening, ...message('response.refusal.delta', 'response.refusal.done'), 'response.completed'],
  },
  'text cut at the limit that was asked for': {
    stream: { pieces: ['Hello'], rest: ' you.', end: answered({ finishReason: { unified: 'length', raw: null } }) },
    types: [...opening, ...message(delta, delta, done), 'response.incomplete'],
  },
};

describe('the events of a response', () => {
  test.each(Object.entries(whole))('%s', (_name, { stream, types }) => {
    const events = eventsOf(stream);
    expect(typesOf(events)).toEqual(types);
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, index) => index));
    expect(events.at(-1)?.['response']).toEqual(responseObject(partsOf({ inference: stream.end })));
  });

  test('begin with a response that has nothing in it yet, also for whoever joins a finished one', () => {
    const events = new ResponseEvents(partsOf({ inference: answered() }));
    const [created] = parsed(written(events, { rest: 'Hello you.', end: answered() }));
    expect(created?.['response']).toMatchObject({ status: 'in_progress', output: [], error: null });
    expect(created?.['response']).not.toHaveProperty('usage');
  });

  test('of one in the background begin at once, so that its id is known, and only once', () => {
    const memo = { background: true, store: true, hasInstructions: false };
    const events = new ResponseEvents(partsOf({ memo }));
    const first = parsed(events.open());
    expect(typesOf(first)).toEqual(opening);
    expect(first[0]?.['response'].id).toBe(ID.replace('inf-', 'resp_'));
    const text = events.begin(served) + events.text('Hello') + events.end(answered(), ' you.');
    expect(typesOf(parsed(text))).toEqual([...message(delta, delta, done), 'response.completed']);
  });

  test('never call a refusal the end of an answer of which a part was sent', () => {
    const end = answered({ text: null, refusal: 'I will not.' });
    const events = eventsOf({ pieces: ['Hello'], rest: '', end });
    expect(events.at(-1)).toMatchObject({ type: 'error', code: 'stream_interrupted', error: { inference_id: ID } });
    expect(typesOf(events)).not.toContain('response.completed');
  });
});

describe('the official client', () => {
  let client: OpenAI;
  let answer = '';
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(answer);
  });
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    client = new OpenAI({ apiKey: 'key', baseURL: `http://127.0.0.1:${port}`, maxRetries: 0 });
  });
  afterAll(() => server.close());

  test.each(Object.entries(whole))('puts them together: %s', async (_name, { stream: sent }) => {
    answer = written(new ResponseEvents(partsOf()), sent);
    const stream = client.responses.stream({ model: 'summarize', input: 'Hello.' });
    let told = '';
    stream.on('response.output_text.delta', (event) => {
      told += event.delta;
      expect(event.snapshot).toBe(told);
    });
    const final = await stream.finalResponse();
    expect(final).toMatchObject(responseObject(partsOf({ inference: sent.end })));
    expect(told).toBe(final.output_text);
  });

  test('is thrown the error of a stream that cannot go on, with the id of its inference', async () => {
    const events = new ResponseEvents(partsOf());
    const error = new ApiError({ code: 'stream_interrupted', message: 'The stream broke off.', inferenceId: ID });
    answer = events.begin(served) + events.text('Hello') + events.failed(error);
    const stream = client.responses.stream({ model: 'summarize', input: 'Hello.' });
    await expect(stream.finalResponse()).rejects.toMatchObject({
      code: 'stream_interrupted',
      type: 'inference_error',
      error: { inference_id: ID },
    });
  });
});
