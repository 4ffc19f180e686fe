// Several models vote: what their agreement, their dissent and their silence come to, over HTTP.

import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/fault.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { invoice, THREE, voters } from './support-votes.ts';

const SLOW: Fault = { type: 'delay', headersMs: 60_000 };
const DOWN: Fault = { type: 'error', situation: 'server-error' };

let service: TestService;

beforeAll(async () => {
  service = await startTestService({
    config: (simulator) => {
      const vote = { strategy: 'consensus', targets: THREE, maxAttemptsPerTarget: 1, deadline: '30s' };
      const text = { ...vote, compare: { type: 'text' } };
      const json = { ...vote, compare: { type: 'json', fields: { note: { free: true } } } };
      return {
        ...voters(simulator),
        models: {
          text: { ...text, graceAfterQuorum: '500ms' },
          unanimous: { ...text, quorum: 3 },
          early: { ...text, earlyExit: true },
          brief: { ...text, deadline: '2s' },
          number: { ...vote, compare: { type: 'number', relativeTolerance: 0.01 } },
          json,
          fields: { ...json, onSplit: 'majority-field' },
          judged: { ...vote, compare: { type: 'judge', target: 'six/judge' } },
          'judged-twice': {
            ...vote,
            compare: { type: 'judge', target: 'six/judge' },
            maxAttemptsPerTarget: 2,
          },
          'judged-early': { ...vote, compare: { type: 'judge', target: 'six/judge' }, earlyExit: true },
          escalated: { ...json, onSplit: 'escalate', escalateTo: ['four/delta', 'five/epsilon'] },
          chained: {
            ...text,
            targets: [{ chain: ['one/alpha', 'four/gamma', 'five/alpha'] }, 'two/claude-beta', 'three/gamma'],
          },
          weighted: {
            ...text,
            targets: [{ target: 'one/alpha', weight: 3 }, 'two/claude-beta', 'three/gamma'],
          },
          patient: { ...text, onExhausted: 'wait', deadline: '60s' },
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
const verdictOf = async ({ headers }: { headers: Headers }) =>
  (await read(headers.get('x-holdfast-inference-id'))).verdict;
const sentTo = (account: string) => service.simulator.requests.filter((request) => request.account === account);
const inject = (account: string, fault: Fault, more: object = {}) =>
  service.simulator.inject({ account, fault, ...more });
const says = (account: string, text: string) => inject(account, { type: 'answer', text });

describe('three models that agree', () => {
  test('give one answer, and the record of each vote', async () => {
    const answer = await ask('text');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-holdfast-verdict')).toBe('agreed');
    expect(answer.headers.get('x-holdfast-target')).toBe('one/alpha');
    expect(answer.headers.get('x-holdfast-calls')).toBe('3');
    const { verdict, calls } = await read(answer.headers.get('x-holdfast-inference-id'));
    expect(verdict).toMatchObject({ outcome: 'agreed', decided_by: 'votes', quorum: 2, winner: 0, agreement: 1 });
    expect(verdict.votes).toHaveLength(3);
    for (const [index, vote] of verdict.votes.entries()) {
      expect(vote).toMatchObject({ index, standing: 'counted', agrees: true, target: THREE[index], weight: 1 });
      expect(vote.answer.content).toContain('A simulated answer');
      expect(vote.latency_ms).toBeGreaterThan(0);
      expect(vote.cost_usd).toBeGreaterThan(0);
    }
    expect(calls).toHaveLength(3);
  });

  test('cost no more than 23 events: six more than three bare parallel activities', async () => {
    const lengths: number[] = [];
    // On a busy machine workflow tasks are cut up, or lost and made again: what it costs is the least of them.
    for (let time = 0; time < 3; time++) {
      const answer = await ask('text');
      const id = answer.headers.get('x-holdfast-inference-id') ?? '';
      const { events } = await service.temporal.workflow.getHandle(id).fetchHistory();
      lengths.push(events?.length ?? 0);
    }
    expect(Math.min(...lengths)).toBeLessThanOrEqual(23);
    expect(Math.min(...lengths)).toBeGreaterThan(0);
  });

  test('in the submitted way as well, with a strategy of the request', async () => {
    const strategy = { type: 'consensus', targets: THREE, compare: { type: 'exact' }, quorum: 3 };
    const { body } = await service.request('/v1/inferences', {
      body: { ...chat('any'), strategy },
      headers: { prefer: 'wait=20' },
    });
    expect(body).toMatchObject({ status: 'succeeded', verdict: { outcome: 'agreed', quorum: 3 } });
  });

  test("through OpenAI's client", async () => {
    const client = new OpenAI({ baseURL: `${service.url}/v1`, apiKey: 'none', maxRetries: 0 });
    const completion = await client.chat.completions.create({
      model: 'text',
      messages: [{ role: 'user', content: 'Say something short.' }],
    });
    expect(completion.choices[0]?.message.content).toContain('A simulated answer');
  });
});

describe('a dissenting model', () => {
  test('is outvoted, and its vote stays on record', async () => {
    inject('two', { type: 'dissent', seed: 'x' });
    const answer = await ask('json', { response_format: invoice });
    expect(answer.status).toBe(200);
    const verdict = await verdictOf(answer);
    expect(verdict).toMatchObject({ outcome: 'agreed', winner: 0 });
    expect(verdict.agreement).toBeCloseTo(2 / 3);
    expect(verdict.votes.map(({ agrees }: { agrees: boolean }) => agrees)).toEqual([true, false, true]);
    expect(verdict.fields).toMatchObject({ amount: 2 / 3, currency: 2 / 3, buyer: 2 / 3 });
    expect(verdict.fields).not.toHaveProperty('note');
    expect(verdict.because).toBe('2 of 3 votes agree: one/alpha, three/gamma.');
  });

  test('with the first listed being wrong, the second answers', async () => {
    says('one', 'Bern');
    says('two', 'Paris');
    says('three', 'paris ');
    const answer = await ask('text');
    expect(answer.headers.get('x-holdfast-target')).toBe('two/claude-beta');
    expect(answer.body.choices[0].message.content).toBe('Paris');
    expect(answer.body.model).toBe('claude-beta');
  });

  test('of three that all differ there is no winner: 422 with all votes, and no retry', async () => {
    says('one', 'Bern');
    says('two', 'Paris');
    says('three', 'Rome');
    const answer = await ask('text');
    expect(answer.status).toBe(422);
    expect(answer.headers.get('x-should-retry')).toBe('false');
    expect(answer.headers.get('x-holdfast-verdict')).toBe('split');
    const { error } = answer.body;
    expect(error).toMatchObject({
      code: 'consensus_split',
      verdict: { outcome: 'split', winner: null, decided_by: null },
    });
    expect(error.verdict.votes.map((vote: { answer: { content: string } }) => vote.answer.content)).toEqual([
      'Bern',
      'Paris',
      'Rome',
    ]);
    expect(error.calls).toHaveLength(3);
    expect(await read(error.inference_id)).toMatchObject({ status: 'failed', verdict: { outcome: 'split' } });
  });

  test('of greater weight prevents a winner', async () => {
    says('one', 'Bern');
    says('two', 'Paris');
    says('three', 'Paris');
    expect((await ask('weighted')).status).toBe(422);
  });
});

describe('numbers', () => {
  test('agree within the tolerance, and the winner is a vote that was cast', async () => {
    says('one', 'The total is 1,000 EUR.');
    says('two', '1,005.00');
    says('three', '2000');
    const answer = await ask('number');
    expect(answer.body.choices[0].message.content).toBe('The total is 1,000 EUR.');
  });

  test('that are ambiguous do not count', async () => {
    says('one', '42 for 3 items');
    says('two', '42');
    says('three', '43');
    const answer = await ask('number');
    expect(answer.status).toBe(422);
    expect(answer.body.error.verdict.votes[0]).toMatchObject({ standing: 'unreadable' });
  });
});

describe('a leg that fails', () => {
  test.each<[string, Fault]>([
    ['error', DOWN],
    ['empty', { type: 'empty' }],
    ['truncated', { type: 'truncated' }],
    ['refused', { type: 'refusal' }],
    ['schema-invalid', { type: 'wrong-json' }],
    ['cut', { type: 'cut' }],
    ['auth', { type: 'error', situation: 'auth' }],
    ['invalid-request', { type: 'error', situation: 'invalid-request' }],
  ])('(%s) has no vote, and the others agree without it', async (_, fault) => {
    inject('two', fault);
    const answer = await ask('json', { response_format: invoice });
    expect(answer.status).toBe(200);
    const verdict = await verdictOf(answer);
    expect(verdict).toMatchObject({ outcome: 'agreed', agreement: 1 });
    expect(verdict.votes[1]).toMatchObject({ standing: 'failed', target: 'two/claude-beta', answer: null });
  });

  test('that is too late is cancelled after the grace, and recorded', async () => {
    inject('three', SLOW);
    const startedAtMs = Date.now();
    const answer = await ask('text');
    expect(Date.now() - startedAtMs).toBeGreaterThan(500);
    expect(answer.headers.get('x-holdfast-verdict')).toBe('agreed');
    const { verdict, calls } = await read(answer.headers.get('x-holdfast-inference-id'));
    expect(verdict.votes[2]).toMatchObject({ standing: 'late', answer: null });
    expect(calls.at(-1)).toMatchObject({ target: 'three/gamma', outcome: 'cancelled', possibly_billed: true });
    await eventually(() => sentTo('three')[0]?.outcome === 'client-gone', 2_000);
  });

  test('is waited for while it could still decide', async () => {
    says('one', 'Bern');
    says('two', 'Paris');
    inject('three', { type: 'delay', headersMs: 1_500, fault: { type: 'answer', text: 'Paris' } });
    const answer = await ask('text');
    expect(answer.body.choices[0].message.content).toBe('Paris');
  });

  test('with two down nobody has agreed with anybody: inconclusive, not agreed', async () => {
    inject('one', DOWN);
    inject('two', { type: 'empty' });
    const answer = await ask('text');
    expect(answer.status).toBe(502);
    expect(answer.headers.get('x-should-retry')).toBe('false');
    expect(answer.body.error).toMatchObject({ code: 'consensus_inconclusive', verdict: { outcome: 'inconclusive' } });
    expect(answer.body.error.calls).toHaveLength(3);
  });

  test('with all down of want of capacity it is 503', async () => {
    for (const account of ['one', 'two', 'three']) inject(account, { type: 'error', situation: 'overloaded' });
    const answer = await ask('text');
    expect(answer.status).toBe(503);
    expect(answer.body.error.code).toBe('consensus_inconclusive');
    expect(answer.headers.get('retry-after')).not.toBeNull();
  });

  test('with too many silent until the deadline it is 504', async () => {
    inject('one', SLOW);
    inject('two', SLOW);
    const answer = await ask('brief');
    expect(answer.status).toBe(504);
    expect(answer.body.error).toMatchObject({ code: 'consensus_inconclusive', verdict: { outcome: 'inconclusive' } });
  });

  test('with all calling the request invalid it is their 400', async () => {
    for (const account of ['one', 'two', 'three']) inject(account, { type: 'error', situation: 'invalid-request' });
    const answer = await ask('text');
    expect(answer.status).toBe(400);
    expect(answer.body.error.code).toBe('invalid_request');
  });
});

describe('a leg with a chain', () => {
  test('fails over, but not to a model that votes already', async () => {
    inject('one', DOWN);
    const answer = await ask('chained');
    expect(answer.headers.get('x-holdfast-verdict')).toBe('agreed');
    // four/gamma is the model of the third leg.
    expect(sentTo('four')).toHaveLength(0);
    const verdict = await verdictOf(answer);
    expect(verdict.votes[0]).toMatchObject({ standing: 'counted', target: 'five/alpha' });
  });
});

test('two legs may share a backup, which is asked once', async () => {
  inject('one', DOWN);
  inject('two', DOWN);
  inject('four', DOWN);
  const strategy = {
    type: 'consensus',
    targets: [{ chain: ['one/alpha', 'four/delta'] }, { chain: ['two/claude-beta', 'four/delta'] }, 'three/gamma'],
    compare: { type: 'text' },
    max_attempts_per_target: 1,
    on_exhausted: 'fail',
  };
  const { body } = await service.request('/v1/inferences', {
    body: { ...chat('any'), strategy },
    headers: { prefer: 'wait=20' },
  });
  expect(body.error.code).toBe('consensus_inconclusive');
  expect(sentTo('four')).toHaveLength(1);
});

describe('earlyExit', () => {
  test('stops as soon as the outcome cannot change, and cancels the rest', async () => {
    inject('three', SLOW);
    const startedAtMs = Date.now();
    const answer = await ask('early');
    expect(Date.now() - startedAtMs).toBeLessThan(5_000);
    expect(answer.headers.get('x-holdfast-verdict')).toBe('agreed');
    expect((await verdictOf(answer)).votes[2]).toMatchObject({ standing: 'late' });
    await eventually(() => sentTo('three')[0]?.outcome === 'client-gone', 2_000);
  });

  test('hears the third when two differ', async () => {
    says('one', 'Bern');
    inject('three', { type: 'delay', headersMs: 800 });
    inject('two', { type: 'delay', headersMs: 100 });
    const answer = await ask('early');
    expect(answer.headers.get('x-holdfast-target')).toBe('two/claude-beta');
    expect((await verdictOf(answer)).votes).toMatchObject([{ agrees: false }, { agrees: true }, { agrees: true }]);
  });
});

describe('majority-field', () => {
  const of = (fields: object) => JSON.stringify({ amount: 1, currency: 'EUR', buyer: 'ACME', note: 'n', ...fields });

  test('decides field by field; a field without a majority is null, and the outcome is partial', async () => {
    says('one', of({ amount: 10, buyer: 'A' }));
    says('two', of({ amount: 10, buyer: 'B', currency: 'USD' }));
    says('three', of({ amount: 20, buyer: 'C' }));
    const answer = await ask('fields', { response_format: invoice });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-holdfast-verdict')).toBe('partial');
    expect(JSON.parse(answer.body.choices[0].message.content)).toMatchObject({
      amount: 10,
      currency: 'EUR',
      buyer: null,
    });
    expect(await verdictOf(answer)).toMatchObject({
      outcome: 'partial',
      decided_by: 'majority-field',
      open_fields: ['buyer'],
      winner: null,
    });
  });

  test('fails as split when no field has a majority', async () => {
    says('one', of({ amount: 1, currency: 'EUR', buyer: 'A' }));
    says('two', of({ amount: 2, currency: 'USD', buyer: 'B' }));
    says('three', of({ amount: 3, currency: 'CHF', buyer: 'C' }));
    expect((await ask('fields', { response_format: invoice })).status).toBe(422);
  });

  test('is plainly agreed when the votes agree', async () => {
    const answer = await ask('fields', { response_format: invoice });
    expect(answer.headers.get('x-holdfast-verdict')).toBe('agreed');
  });
});

describe('a judge', () => {
  const judges = (...groups: readonly (readonly number[])[]) =>
    inject('six', {
      type: 'answer',
      text: JSON.stringify({ groups: groups.map((group) => group.map((n) => `answer-${n}`)) }),
    });

  test('says which answers agree, reads them without names, and is on the bill', async () => {
    says('one', 'It is safe.');
    says('two', 'No danger.');
    says('three', 'Run!');
    // Whatever the order in which it reads them: all agree.
    judges([1, 2, 3]);
    const answer = await ask('judged');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-holdfast-calls')).toBe('4');
    const [asked] = sentTo('six');
    const text = JSON.stringify(asked?.body);
    expect(text).toContain('Run!');
    for (const name of ['alpha', 'claude-beta', 'gamma']) expect(text).not.toContain(name);
    const { calls } = await read(answer.headers.get('x-holdfast-inference-id'));
    expect(calls.at(-1)).toMatchObject({ target: 'six/judge', outcome: 'succeeded' });
    expect(calls.at(-1).cost_usd).toBeGreaterThan(0);
  });

  test('that finds no two alike leaves it split', async () => {
    says('one', 'A');
    says('two', 'B');
    says('three', 'C');
    judges([1], [2], [3]);
    expect((await ask('judged')).status).toBe(422);
  });

  test('is not asked about the same words', async () => {
    expect((await ask('judged')).status).toBe(200);
    expect(sentTo('six')).toHaveLength(0);
  });

  test.each<[string, Fault]>([
    ['is down', DOWN],
    ['forgets an answer', { type: 'answer', text: '{"groups":[["answer-1","answer-2"]]}' }],
    ['says no JSON', { type: 'answer', text: 'They agree.' }],
  ])('that %s makes it inconclusive, never agreed', async (_, fault) => {
    says('one', 'A');
    says('two', 'B');
    says('three', 'C');
    inject('six', fault);
    const answer = await ask('judged');
    expect(answer.status).toBe(502);
    expect(answer.body.error.code).toBe('consensus_inconclusive');
    expect(answer.body.error.message).toContain('judge');
    expect(answer.body.error.verdict.votes.every((vote: { standing: string }) => vote.standing === 'counted')).toBe(
      true,
    );
  });

  test('that forgets an answer is asked once more, as far as attempts go', async () => {
    says('one', 'A');
    says('two', 'B');
    says('three', 'C');
    judges([1, 2, 3]);
    inject('six', { type: 'answer', text: '{"groups":[["answer-1","answer-2"]]}' }, { times: 1 });
    const answer = await ask('judged-twice');
    expect(answer.status).toBe(200);
    expect(sentTo('six')).toHaveLength(2);
  });

  test('that is down is not asked twice about the same votes', async () => {
    says('one', 'A');
    says('two', 'B');
    inject('three', { type: 'delay', headersMs: 600, fault: DOWN });
    inject('six', DOWN);
    const answer = await ask('judged-early');
    expect(answer.status).toBe(502);
    expect(sentTo('six')).toHaveLength(1);
  });

  test('is not paid when the votes are of too few models for a quorum', async () => {
    says('one', 'A');
    says('four', 'B');
    inject('two', DOWN);
    inject('one', { type: 'answer', text: 'A' });
    const strategy = {
      type: 'consensus',
      targets: ['one/alpha', { chain: ['two/claude-beta', 'four/alpha'] }, 'three/gamma'],
      compare: { type: 'judge', target: 'six/judge' },
      max_attempts_per_target: 1,
      on_exhausted: 'fail',
    };
    inject('three', DOWN);
    const { body } = await service.request('/v1/inferences', {
      body: { ...chat('any'), strategy },
      headers: { prefer: 'wait=20' },
    });
    expect(body.error.code).toBe('consensus_inconclusive');
    expect(sentTo('six')).toHaveLength(0);
    // The model of the first leg has voted: its other name was not asked.
    expect(sentTo('four')).toHaveLength(0);
  });

  test('with earlyExit judges the votes so far, and the late leg is cancelled', async () => {
    says('one', 'A');
    says('two', 'a, so to say');
    inject('three', SLOW);
    judges([1, 2]);
    const answer = await ask('judged-early');
    expect(answer.status).toBe(200);
    expect((await verdictOf(answer)).votes[2]).toMatchObject({ standing: 'late' });
  });
});

describe('escalate', () => {
  test('lets a further chain decide, which sees the votes and not who cast them', async () => {
    inject('one', { type: 'dissent', seed: 'a' });
    inject('two', { type: 'dissent', seed: 'b' });
    inject('four', DOWN);
    const answer = await ask('escalated', { response_format: invoice });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-holdfast-target')).toBe('five/epsilon');
    expect(answer.headers.get('x-holdfast-verdict')).toBe('split');
    const verdict = await verdictOf(answer);
    expect(verdict).toMatchObject({ outcome: 'split', decided_by: 'escalation', winner: null });
    const text = JSON.stringify(sentTo('five')[0]?.body);
    for (const vote of verdict.votes) {
      const { amount } = JSON.parse(vote.answer.content);
      expect(text).toContain(String(amount));
    }
    expect(text).not.toContain('claude-beta');
  });

  test('that fails leaves it split, with all votes', async () => {
    inject('one', { type: 'dissent', seed: 'a' });
    inject('two', { type: 'dissent', seed: 'b' });
    inject('four', DOWN);
    inject('five', DOWN);
    const answer = await ask('escalated', { response_format: invoice });
    expect(answer.status).toBe(422);
    expect(answer.body.error.verdict.votes).toHaveLength(3);
  });
});

test('json is compared along a schema, so a request without one is refused before anything is started', async () => {
  const answer = await ask('json');
  expect(answer.status).toBe(400);
  expect(answer.body.error).toMatchObject({ code: 'invalid_value', param: 'response_format' });
  expect(service.simulator.requests).toHaveLength(0);
});

test('one that waits keeps the votes it has, and asks only those that failed again', { timeout: 40_000 }, async () => {
  const repair = [
    inject('two', { type: 'error', situation: 'auth' }),
    inject('three', { type: 'error', situation: 'auth' }),
  ];
  const { body } = await service.request('/v1/inferences', { body: chat('patient') });
  await eventually(async () => (await read(body.id)).status === 'waiting');
  for (const end of repair) end();
  await service.request('/v1/targets/two/claude-beta/restore', { method: 'POST' });
  await service.request('/v1/targets/three/gamma/restore', { method: 'POST' });
  const { body: ended } = await service.request(`/v1/inferences/${body.id}?wait=30`);
  expect(ended).toMatchObject({ status: 'succeeded', verdict: { outcome: 'agreed' } });
  expect(sentTo('one')).toHaveLength(1);
});

test('one that waits is not split while the leg that could decide is only away', { timeout: 40_000 }, async () => {
  says('one', 'Bern');
  says('two', 'Paris');
  const repair = inject('three', { type: 'error', situation: 'auth' });
  const { body } = await service.request('/v1/inferences', { body: chat('patient') });
  await eventually(async () => (await read(body.id)).waiting_for === 'target');
  repair();
  says('three', 'Paris');
  await service.request('/v1/targets/three/gamma/restore', { method: 'POST' });
  const { body: ended } = await service.request(`/v1/inferences/${body.id}?wait=30`);
  expect(ended).toMatchObject({ status: 'succeeded', target: 'two/claude-beta', verdict: { outcome: 'agreed' } });
  expect(sentTo('one')).toHaveLength(1);
});

test('a cancel while voting ends every call, and keeps their records', async () => {
  for (const account of ['two', 'three']) inject(account, SLOW);
  const { body } = await service.request('/v1/inferences', { body: chat('text') });
  await eventually(
    () => sentTo('one')[0]?.outcome === 'answered' && sentTo('three').length === 1 && sentTo('two').length === 1,
  );
  await service.request(`/v1/inferences/${body.id}/cancel`, { method: 'POST' });
  const { body: ended } = await service.request(`/v1/inferences/${body.id}?wait=10`);
  expect(ended.status).toBe('cancelled');
  const outcomes = ended.calls.map(({ outcome }: { outcome: string }) => outcome);
  expect(outcomes.sort()).toEqual(['cancelled', 'cancelled', 'succeeded']);
  await eventually(() => service.simulator.requests.every(({ outcome }) => outcome !== 'pending'), 3_000);
});
