// What ties an inference to its client's request: `traceparent` goes on to providers, and both ids are in the record.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
}, FETCH_LIMIT_MS);
afterEach(() => service.clear());
afterAll(() => service.stop());

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const ask = async (path: string, headers: Record<string, string>, model = 'chain') => {
  const answer = await service.request(path, { body: chat(model), headers });
  const id = answer.headers.get('x-holdfast-inference-id');
  return { answer, inference: (await service.request(`/v1/inferences/${id}?wait=10`)).body };
};
const sentHeader = (name: string) => service.simulator.requests.map(({ headers }) => headers[name]);

describe.each(['/v1/chat/completions', '/v1/inferences'])('a request to %s', (path) => {
  test('has its traceparent sent to every provider that is called for it, and kept', async () => {
    service.simulator.inject({ account: 'one', fault: { type: 'error', situation: 'auth' } });
    const { inference } = await ask(path, { traceparent: TRACE });
    expect(service.simulator.requests.map(({ account }) => account)).toEqual(['one', 'two']);
    expect(sentHeader('traceparent')).toEqual([TRACE, TRACE]);
    expect(inference.traceparent).toBe(TRACE);
  });

  test.each([
    ['no trace', {}],
    ['ids of zeros', { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` }],
    ['a version that there is not', { traceparent: `ff${TRACE.slice(2)}` }],
    ['more than a trace', { traceparent: `${TRACE}-secret` }],
    ['another text', { traceparent: 'x: y' }],
  ])('with %s sends none on, and is served', async (_name, headers) => {
    const { inference } = await ask(path, headers);
    expect(inference).toMatchObject({ status: 'succeeded', traceparent: null });
    expect(sentHeader('traceparent')).toEqual([undefined]);
  });

  test('has its x-request-id in the answer and in the record, and keeps it from providers', async () => {
    const { answer, inference } = await ask(path, { 'x-request-id': 'order-17/a' });
    expect(answer.headers.get('x-request-id')).toBe('order-17/a');
    expect(inference.request_id).toBe('order-17/a');
    // Self-hosted servers take it for the name of the call, which must be another for each.
    expect(sentHeader('x-request-id')).toEqual([undefined]);
  });

  test('gets an id of its own when it brings none that can be used', async () => {
    const { answer, inference } = await ask(path, { 'x-request-id': 'two words' });
    expect(inference.request_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(inference.request_id).toBe(answer.headers.get('x-request-id'));
  });
});

test('all voters of a consensus, and a hedge, get the traceparent', async () => {
  const targets = ['one/m1', 'two/m2', 'three/m3'];
  for (const strategy of [
    { type: 'consensus', targets, compare: { type: 'exact' } },
    { type: 'hedge', targets },
  ]) {
    service.simulator.clear();
    const { status, body } = await service.request('/v1/inferences', {
      body: { ...chat('chain'), strategy },
      headers: { traceparent: TRACE, prefer: 'wait=20' },
    });
    expect(status, JSON.stringify(body.error)).toBe(200);
    expect(new Set(sentHeader('traceparent'))).toEqual(new Set([TRACE]));
  }
});

test('embeddings have theirs sent on too', async () => {
  const { status, body } = await service.request('/v1/embeddings', {
    body: { model: 'one/m1', input: ['the river'] },
    headers: { traceparent: TRACE },
  });
  expect(status, JSON.stringify(body.error)).toBe(200);
  expect(sentHeader('traceparent')).toEqual([TRACE]);
});
