// Streamed responses through the official client: what it gets when all goes well, and what when a provider breaks off.

import { OpenAI } from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Fault } from '../../src/simulator/fault.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

let service: TestService;
let client: OpenAI;

beforeAll(async () => {
  service = await startTestService();
  client = new OpenAI({ apiKey: 'any', baseURL: `${service.url}/v1`, maxRetries: 0 });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

const base = { model: 'pair', input: 'The sea is wide. The river is long. The sky is high.' };
const NEVER: Fault = { type: 'delay', headersMs: 60_000 };

const ended = (id: string) =>
  eventually(async () => {
    const response = await client.responses.retrieve(id);
    return response.status === 'queued' || response.status === 'in_progress' ? undefined : response;
  });

test('text comes in pieces, and the end is the response that is read afterwards', async () => {
  const stream = client.responses.stream({ ...base, instructions: 'Be brief.' });
  const pieces: string[] = [];
  stream.on('response.output_text.delta', ({ delta }) => pieces.push(delta));
  const final = await stream.finalResponse();
  expect(pieces.length).toBeGreaterThan(3);
  expect(pieces.join('')).toBe(final.output_text);
  expect(final).toMatchObject({ status: 'completed', model: 'm1', instructions: 'Be brief.' });
  expect(final).toMatchObject(await client.responses.retrieve(final.id));
});

test('the header says that it is live, or verified where that was asked for', async () => {
  for (const [headers, mode] of [
    [{}, 'live'],
    [{ 'x-holdfast-stream': 'verified' }, 'verified'],
  ] as const) {
    const { data, response } = await client.responses.create({ ...base, stream: true }, { headers }).withResponse();
    expect(response.headers.get('x-holdfast-stream')).toBe(mode);
    const types: string[] = [];
    for await (const { type } of data) types.push(type);
    expect([types[0], types.at(-1)]).toEqual(['response.created', 'response.completed']);
    expect(types.filter((type) => type === 'response.output_text.delta').length === 1).toBe(mode === 'verified');
  }
});

test('a provider that fails before its first token is replaced unseen', async () => {
  service.simulator.inject({ account: 'one', fault: { type: 'cut', afterChunks: 0 } });
  const final = await client.responses.stream(base).finalResponse();
  expect(final).toMatchObject({ status: 'completed', model: 'm2' });
});

test('a stream that breaks off throws, and the response is read once it has ended', async () => {
  service.simulator.inject({ account: 'one', fault: { type: 'cut', afterChunks: 3 } });
  const error = await client.responses
    .stream(base)
    .finalResponse()
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'stream_interrupted', error: { inference_id: expect.stringMatching(/^inf-/) } });
  const { inference_id: id } = (error as { error: { inference_id: string } }).error;
  expect(await ended(id.replace('inf-', 'resp_'))).toMatchObject({ status: 'completed', model: 'm2' });
});

test('without an answer and without a token it is an HTTP error', async () => {
  service.simulator.inject({ fault: { type: 'error', situation: 'auth' } });
  await expect(client.responses.create({ ...base, stream: true })).rejects.toMatchObject({
    status: 502,
    code: 'all_targets_failed',
  });
});

test('calls of functions come whole, and JSON is parsed', async () => {
  const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const tools = [{ type: 'function', name: 'weather', parameters, strict: true } as const];
  const weather: Fault = { type: 'tool-call', name: 'weather', arguments: { city: 'Bern' } };
  service.simulator.inject({ times: 1, fault: weather });
  const called = await client.responses.stream({ ...base, tools }).finalResponse();
  expect(called.output).toMatchObject([{ type: 'function_call', name: 'weather', arguments: '{"city":"Bern"}' }]);
  const Person = z.object({ name: z.string(), age: z.number() });
  const text = { format: zodTextFormat(Person, 'person') };
  const { output_parsed: person } = await client.responses.stream({ ...base, text }).finalResponse();
  expect(Person.parse(person)).toEqual(person);
});

test('one in the background tells its id at once, and goes on when its client leaves', async () => {
  const mend = service.simulator.inject({ fault: NEVER });
  const stream = await client.responses.create({ ...base, background: true, stream: true });
  let id = '';
  for await (const event of stream) {
    if (event.type === 'response.created') ({ id } = event.response);
    break;
  }
  await eventually(() => service.simulator.requests.length === 1);
  expect((await client.responses.retrieve(id)).status).toBe('in_progress');
  await client.responses.cancel(id);
  mend();

  service.simulator.inject({ times: 1, fault: { type: 'delay', headersMs: 700 } });
  for await (const event of await client.responses.create({ ...base, background: true, stream: true })) {
    if (event.type === 'response.created') ({ id } = event.response);
    break;
  }
  expect(await ended(id)).toMatchObject({ status: 'completed', background: true });
});

test('the client that leaves one takes its inference with it', async () => {
  service.simulator.inject({ account: 'one', fault: { type: 'stall', afterChunks: 2, keepAliveMs: 200 } });
  for await (const event of await client.responses.create({ ...base, stream: true })) {
    if (event.type === 'response.output_text.delta') break;
  }
  await eventually(() => service.simulator.requests[0]?.outcome === 'client-gone');
});

/** Reads so many events of a stream, then goes away. */
async function readSome(background: boolean, count: number) {
  const stream = await client.responses.create({ ...base, background, stream: true });
  const events = [];
  for await (const event of stream) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

const textOf = (events: readonly { type: string }[]) =>
  events.map((event) => ('delta' in event && event.type === 'response.output_text.delta' ? event.delta : '')).join('');

test('a background stream that its client has left is joined again where it stopped', async () => {
  service.simulator.inject({ fault: { type: 'delay', tokenMs: 60 } });
  const first = await readSome(true, 8);
  const created = first[0];
  const { id } = created?.type === 'response.created' ? created.response : { id: '' };
  const last = first.at(-1)?.sequence_number ?? -1;
  const rest = [];
  for await (const event of await client.responses.retrieve(id, { stream: true, starting_after: last }))
    rest.push(event);
  expect(rest.map((event) => event.sequence_number)).toEqual(rest.map((_, index) => last + 1 + index));
  const end = rest.at(-1);
  const whole = end?.type === 'response.completed' ? end.response.output[0] : undefined;
  expect(whole).toMatchObject({ content: [{ text: textOf([...first, ...rest]) }] });
  expect(service.simulator.requests).toHaveLength(1);
});

test('a stream is joined from its beginning, also after its end', async () => {
  const [created] = await readSome(true, 5);
  const { id } = created?.type === 'response.created' ? created.response : { id: '' };
  for (const when of ['before', 'after']) {
    if (when === 'after') await ended(id);
    const events = [];
    for await (const event of await client.responses.retrieve(id, { stream: true })) events.push(event);
    expect([events[0]?.type, events.at(-1)?.type]).toEqual(['response.created', 'response.completed']);
    expect(textOf(events)).toContain('The sea is wide.');
  }
});

test('where nobody knows what was sent the client is told so, and gets no second half', async () => {
  const { id } = await client.responses.create({ ...base, background: true });
  await ended(id);
  const reading = async () => {
    for await (const event of await client.responses.retrieve(id, { stream: true, starting_after: 6 })) {
      expect(event.type).not.toBe('response.output_text.delta');
    }
  };
  await expect(reading()).rejects.toMatchObject({ code: 'stream_interrupted' });
});
