// Speculative parallel execution: the first accepted answer wins, the others are cancelled, and what they may have cost
// is on record.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/fault.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { invoice, voters } from './support-votes.ts';

const SLOW: Fault = { type: 'delay', headersMs: 60_000 };

let service: TestService;

beforeAll(async () => {
  service = await startTestService({
    config: (simulator) => {
      const hedge = { strategy: 'hedge', maxAttemptsPerTarget: 1, deadline: '30s' };
      return {
        ...voters(simulator),
        models: {
          both: { ...hedge, targets: ['one/alpha', 'two/claude-beta'], hedgeDelay: '0ms' },
          three: { ...hedge, targets: ['one/alpha', 'two/claude-beta', 'three/gamma'], hedgeDelay: '0ms' },
          later: {
            ...hedge,
            targets: ['one/alpha', 'two/claude-beta', 'three/gamma'],
            hedgeDelay: '300ms',
            hedgeBudget: { requests: 1, spend: 1 },
          },
          rationed: {
            ...hedge,
            targets: ['one/alpha', 'two/claude-beta'],
            hedgeDelay: '100ms',
            hedgeBudget: { requests: 0.25 },
          },
          unhedged: {
            ...hedge,
            targets: ['one/alpha', 'two/claude-beta'],
            hedgeDelay: '100ms',
            hedgeBudget: { requests: 0 },
          },
          measured: { ...hedge, targets: ['five/epsilon', 'six/judge'], hedgeBudget: { requests: 1, spend: 1 } },
          twice: { ...hedge, targets: ['one/alpha', 'two/claude-beta'], hedgeDelay: '0ms', maxAttemptsPerTarget: 2 },
          patient: { ...hedge, targets: ['one/alpha', 'two/claude-beta'], hedgeDelay: '0ms', onExhausted: 'wait' },
        },
      };
    },
  });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

const ask = (model: string, fields: object = {}) =>
  service.request('/v1/chat/completions', { body: { ...chat(model), ...fields } });
const read = async (id: string | null) => (await service.request(`/v1/inferences/${id}`)).body;
const callsOf = async ({ headers }: { headers: Headers }) => (await read(headers.get('x-holdfast-inference-id'))).calls;
const sentTo = (account: string) => service.simulator.requests.filter((request) => request.account === account);
const inject = (account: string, fault: Fault, more: object = {}) =>
  service.simulator.inject({ account, fault, ...more });

describe('with hedgeDelay 0ms both start at once', () => {
  test('the first answer wins; the loser is cut off within 100 ms, and recorded as cancelled and possibly billed', async () => {
    inject('one', SLOW);
    const answer = await ask('both');
    const answeredAtMs = Date.now();

    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-holdfast-target')).toBe('two/claude-beta');
    const winner = sentTo('two')[0];
    const loser = await eventually(() => sentTo('one').find(({ outcome }) => outcome === 'client-gone'));
    expect(loser.settledAtMs ?? Infinity).toBeLessThan(answeredAtMs + 100);
    expect((loser.settledAtMs ?? Infinity) - (winner?.settledAtMs ?? 0)).toBeLessThan(1_000);
    expect(await callsOf(answer)).toMatchObject([
      { target: 'two/claude-beta', outcome: 'succeeded', possibly_billed: false },
      {
        target: 'one/alpha',
        outcome: 'cancelled',
        kind: 'cancelled',
        usage: null,
        cost_usd: null,
        possibly_billed: true,
      },
    ]);
  });

  test('a history of 13 events where the loser was still under way, and no more where both have answered', async () => {
    inject('one', SLOW);
    const answer = await ask('both');
    const id = answer.headers.get('x-holdfast-inference-id') ?? '';
    const { events } = await service.temporal.workflow.getHandle(id).fetchHistory();
    expect(events?.length).toBeLessThanOrEqual(13);
  });

  test.each<[string, Fault]>([
    ['empty', { type: 'empty' }],
    ['truncated', { type: 'truncated' }],
    ['refused', { type: 'refusal' }],
    ['schema-invalid', { type: 'wrong-json' }],
    ['malformed', { type: 'malformed-chunk' }],
    ['an error', { type: 'error', situation: 'server-error' }],
  ])('an answer that is %s does not win', async (_, fault) => {
    inject('one', fault);
    inject('two', { type: 'delay', headersMs: 400 });
    const answer = await ask('both', { response_format: invoice });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-holdfast-target')).toBe('two/claude-beta');
    expect(JSON.parse(answer.body.choices[0].message.content)).toHaveProperty('amount');
  });

  test('a refusal is the answer when nobody else has one, and nobody is asked for another', async () => {
    inject('one', { type: 'refusal' });
    inject('two', { type: 'error', situation: 'server-error' });
    inject('three', { type: 'refusal' });
    const answer = await ask('three');
    expect(answer.status).toBe(200);
    expect(answer.body.choices[0].message.refusal).toMatch(/can't help/);
  });

  test('when all fail each failure is named', async () => {
    inject('one', { type: 'error', situation: 'server-error' });
    inject('two', { type: 'empty' });
    const answer = await ask('both');
    expect(answer.status).toBe(502);
    expect(answer.body.error).toMatchObject({ code: 'all_targets_failed' });
    expect(answer.body.error.calls.map(({ kind }: { kind: string }) => kind).sort()).toEqual(['empty', 'server-error']);
  });

  test('a request that all call invalid is a 400, with no further start', async () => {
    inject('one', { type: 'error', situation: 'invalid-request' });
    inject('two', { type: 'error', situation: 'invalid-request' });
    const answer = await ask('both');
    expect(answer.status).toBe(400);
    expect(service.simulator.requests).toHaveLength(2);
  });

  test('targets that failed for a moment get their further attempts, and no more than those', {
    timeout: 40_000,
  }, async () => {
    inject('one', { type: 'error', situation: 'server-error' });
    inject('two', { type: 'error', situation: 'server-error' }, { times: 1 });
    const answer = await ask('twice');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-holdfast-target')).toBe('two/claude-beta');
    expect(sentTo('one').length).toBeLessThanOrEqual(2);
    expect(sentTo('two')).toHaveLength(2);
  });
});

describe('with a delay the next target starts when nobody has answered for so long', () => {
  test('a quick first target is alone', async () => {
    const answer = await ask('later');
    expect(answer.headers.get('x-holdfast-target')).toBe('one/alpha');
    expect(service.simulator.requests).toHaveLength(1);
    expect(await callsOf(answer)).toHaveLength(1);
  });

  test('a silent one is overtaken, the next after the same time again', async () => {
    inject('one', SLOW);
    inject('two', SLOW);
    const answer = await ask('later');
    expect(answer.headers.get('x-holdfast-target')).toBe('three/gamma');
    const [first, second, third] = service.simulator.requests;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(290);
    expect((third?.atMs ?? 0) - (second?.atMs ?? 0)).toBeGreaterThanOrEqual(290);
    expect((await callsOf(answer)).map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'succeeded',
      'cancelled',
      'cancelled',
    ]);
  });

  test('one that fails early starts the next at once', async () => {
    inject('one', { type: 'error', situation: 'server-error' });
    const answer = await ask('later');
    expect(answer.headers.get('x-holdfast-target')).toBe('two/claude-beta');
    const [first, second] = service.simulator.requests;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeLessThan(250);
  });

  test('nobody starts beside the others after a request that is invalid in itself', async () => {
    inject('one', { type: 'error', situation: 'invalid-request' });
    const answer = await ask('later');
    expect(answer.status).toBe(400);
    expect(service.simulator.requests).toHaveLength(1);
  });

  test('a target that is isolated is not hedged into, and the one behind it is', async () => {
    await service.request('/v1/targets/two/claude-beta/isolate', { method: 'POST' });
    inject('one', SLOW);
    const answer = await ask('later');
    expect(answer.headers.get('x-holdfast-target')).toBe('three/gamma');
    expect(sentTo('two')).toHaveLength(0);
    expect((await callsOf(answer)).map(({ target }: { target: string }) => target)).toEqual([
      'three/gamma',
      'one/alpha',
    ]);
  });
});

describe('the hedge budget', () => {
  test('lets a share of the races be hedged, and the others wait for the first target', async () => {
    inject('one', { type: 'delay', headersMs: 600 });
    const served: (string | null)[] = [];
    for (let race = 0; race < 8; race++) served.push((await ask('rationed')).headers.get('x-holdfast-target'));
    const hedged = served.filter((target) => target === 'two/claude-beta').length;
    expect(hedged).toBeGreaterThanOrEqual(1);
    expect(hedged).toBeLessThanOrEqual(2);
    expect(sentTo('two')).toHaveLength(hedged);
    expect(served.filter((target) => target === 'one/alpha')).toHaveLength(8 - hedged);
  });

  test('of nothing hedges nothing, and still fails over', async () => {
    inject('one', { type: 'delay', headersMs: 400 });
    expect((await ask('unhedged')).headers.get('x-holdfast-target')).toBe('one/alpha');
    expect(sentTo('two')).toHaveLength(0);
    service.simulator.clear();
    inject('one', { type: 'delay', headersMs: 400, fault: { type: 'error', situation: 'server-error' } });
    expect((await ask('unhedged')).headers.get('x-holdfast-target')).toBe('two/claude-beta');
  });
});

test("with p95 the next starts after the first target's own recent p95, and not before it is known", {
  timeout: 60_000,
}, async () => {
  inject('five', { type: 'delay', headersMs: 500 });
  expect((await ask('measured')).headers.get('x-holdfast-target')).toBe('five/epsilon');
  expect(sentTo('six')).toHaveLength(0);
  for (let known = 0; known < 5; known++) await ask('measured');
  // What is derived from the samples is derived anew once a second.
  const askedAtMs = Date.now();
  await eventually(() => Date.now() - askedAtMs > 1_200);
  service.simulator.clear();
  inject('five', SLOW);
  expect((await ask('measured')).headers.get('x-holdfast-target')).toBe('six/judge');
  const apartMs = (sentTo('six')[0]?.atMs ?? 0) - (sentTo('five')[0]?.atMs ?? 0);
  expect(apartMs).toBeGreaterThan(450);
  expect(apartMs).toBeLessThan(5_000);
});

test('a cancelled inference cancels every call of its race, and keeps their records', async () => {
  inject('one', SLOW);
  inject('two', SLOW);
  const { body } = await service.request('/v1/inferences', { body: chat('both') });
  await eventually(() => service.simulator.requests.length === 2);
  await service.request(`/v1/inferences/${body.id}/cancel`, { method: 'POST' });
  const { body: ended } = await service.request(`/v1/inferences/${body.id}?wait=10`);
  expect(ended.status).toBe('cancelled');
  expect(ended.calls).toMatchObject([
    { outcome: 'cancelled', possibly_billed: true },
    { outcome: 'cancelled', possibly_billed: true },
  ]);
  await eventually(() => service.simulator.requests.every(({ outcome }) => outcome === 'client-gone'), 2_000);
});

test('one that waits parks when all have failed, and races again when a target is back', async () => {
  const repair = service.simulator.inject({ fault: { type: 'error', situation: 'auth' } });
  const { body } = await service.request('/v1/inferences', { body: { ...chat('patient'), deadline: '60s' } });
  await eventually(async () => (await read(body.id)).status === 'waiting');
  expect(await read(body.id)).toMatchObject({ waiting_for: 'target' });
  repair();
  await service.request('/v1/targets/two/claude-beta/restore', { method: 'POST' });
  const { body: ended } = await service.request(`/v1/inferences/${body.id}?wait=20`);
  expect(ended).toMatchObject({ status: 'succeeded', waiting_for: null, target: 'two/claude-beta' });
});

test('a strategy comes with a request, too', async () => {
  inject('three', SLOW);
  const strategy = { type: 'hedge', targets: ['three/gamma', 'four/delta'], hedge_delay: '100ms' };
  const { body } = await service.request('/v1/inferences', {
    body: { ...chat('made-up'), strategy },
    headers: { prefer: 'wait=20' },
  });
  expect(body).toMatchObject({ status: 'succeeded', model: 'made-up', target: 'four/delta' });
});
