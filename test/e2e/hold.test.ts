// A split vote that is held for a person: who may resolve it, how, and what becomes of it when nobody does.

import { createHash } from 'node:crypto';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { invoice, THREE, voters } from './support-votes.ts';

const keys = { alice: 'key-of-alice', olga: 'key-of-olga', paul: 'key-of-paul' } as const;
const setting = Object.entries(keys)
  .map(
    ([name, key]) => `${name}:${createHash('sha256').update(key).digest('hex')}${name === 'alice' ? '' : ':operator'}`,
  )
  .join(',');
const as = (name: keyof typeof keys) => ({ authorization: `Bearer ${keys[name]}` });

let service: TestService;

beforeAll(async () => {
  service = await startTestService({
    env: { HOLDFAST_API_KEYS: setting },
    config: (simulator) => {
      const vote = {
        strategy: 'consensus',
        targets: THREE,
        compare: { type: 'exact' },
        onSplit: 'hold',
        deadline: '20s',
      };
      return {
        ...voters(simulator),
        models: {
          held: vote,
          short: { ...vote, holdTimeout: '1500ms' },
          two: { ...vote, approvals: 2 },
          others: { ...vote, submitterMayResolve: false },
          json: { ...vote, compare: { type: 'json' } },
        },
      };
    },
  });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear(as('olga')));

const says = (account: string, text: string) => service.simulator.inject({ account, fault: { type: 'answer', text } });
const read = async (id: string) => (await service.request(`/v1/inferences/${id}`, { headers: as('olga') })).body;
const resolve = (id: string, name: keyof typeof keys, body: object) =>
  service.request(`/v1/inferences/${id}/resolve`, { body, headers: as(name) });

/** Submits one on which the models differ, and waits until it is held. */
async function held(model: string, name: keyof typeof keys = 'alice', fields: object = {}): Promise<string> {
  says('one', 'Bern');
  says('two', 'Paris');
  says('three', 'Rome');
  const { body } = await service.request('/v1/inferences', { body: { ...chat(model), ...fields }, headers: as(name) });
  await eventually(async () => (await read(body.id)).waiting_for === 'resolution');
  return body.id;
}

/** As Temporal's UI sends it: no header, whatever name is typed. */
async function fromTemporal(id: string, message: object): Promise<string> {
  try {
    await service.temporal.workflow.getHandle(id).executeUpdate('resolve', { args: [message] });
    return 'resolved';
  } catch (error) {
    const { cause } = error instanceof WorkflowUpdateFailedError ? error : {};
    if (!(cause instanceof ApplicationFailure)) throw error;
    return cause.type ?? '';
  }
}

describe('a held vote', () => {
  test('waits with all its votes to be seen, is listed and is counted', async () => {
    const id = await held('held');
    const inference = await read(id);
    expect(inference).toMatchObject({ status: 'waiting', waiting_for: 'resolution', ended_at: null });
    expect(inference.verdict).toMatchObject({ outcome: 'split', decided_by: null, approvals: [] });
    expect(inference.verdict.votes.map((vote: { answer: { content: string } }) => vote.answer.content)).toEqual([
      'Bern',
      'Paris',
      'Rome',
    ]);
    const list = async (query: string) =>
      (await service.request(`/v1/inferences?${query}`, { headers: as('olga') })).body.data.map(
        (one: { id: string }) => one.id,
      );
    await eventually(async () => (await list('waiting_for=resolution')).includes(id));
    expect(await list('status=waiting&limit=5')).toContain(id);
    expect(await list('status=running')).not.toContain(id);
    expect(await list('waiting_for=target')).not.toContain(id);
    await eventually(async () => {
      const { body } = await service.request('/metrics');
      return /^holdfast_votes_held [1-9]/m.test(body);
    });
  });

  test('ends with the vote that an operator chooses, under their name', async () => {
    const id = await held('held');
    const { status, body } = await resolve(id, 'olga', { vote: 1, reason: 'Looked it up.' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'succeeded', target: 'two/claude-beta', waiting_for: null });
    expect(body.output.choices[0].message.content).toBe('Paris');
    expect(body.verdict).toMatchObject({ outcome: 'split', decided_by: 'person', winner: 1 });
    expect(body.verdict.approvals).toMatchObject([
      { by: 'olga', via: 'api', reason: 'Looked it up.', vote: 1, answer: null },
    ]);
    expect(body.verdict.votes.map(({ agrees }: { agrees: boolean }) => agrees)).toEqual([false, true, false]);
    expect((await resolve(id, 'olga', { vote: 0, reason: 'x' })).status).toBe(409);
  });

  test('is decided by one of those who decide at once, and the others are told', async () => {
    const id = await held('held');
    const answers = await Promise.all([0, 1, 2].map((vote) => resolve(id, 'olga', { vote, reason: 'r' })));
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([200, 409, 409]);
  });

  test("ends with an operator's own answer", async () => {
    const id = await held('held');
    const { body } = await resolve(id, 'olga', { answer: 'Vienna', reason: 'None is right.' });
    expect(body).toMatchObject({ status: 'succeeded', target: null });
    expect(body.output).toMatchObject({ model: 'person', choices: [{ message: { content: 'Vienna' } }] });
  });

  test('takes only an answer of the form that was asked for', async () => {
    for (const account of ['one', 'two', 'three']) {
      service.simulator.inject({ account, fault: { type: 'dissent', seed: account } });
    }
    const { body } = await service.request('/v1/inferences', {
      body: { ...chat('json'), response_format: invoice },
      headers: as('alice'),
    });
    await eventually(async () => (await read(body.id)).waiting_for === 'resolution');
    for (const answer of ['Vienna', '{"amount": "much"}']) {
      const refused = await resolve(body.id, 'olga', { answer, reason: 'r' });
      expect(refused.status).toBe(400);
      expect(refused.body.error.code).toBe('invalid_resolution');
    }
    const right = JSON.stringify({ amount: 1, currency: 'EUR', buyer: 'b', note: '' });
    expect((await resolve(body.id, 'olga', { answer: right, reason: 'r' })).body.status).toBe('succeeded');
  });

  test('takes only an answer that is what was expected', async () => {
    const id = await held('held', 'alice', { expect: { words: 1, pattern: '^[BPRV]' } });
    for (const answer of ['Vienna or Graz', 'Oslo']) {
      const refused = await resolve(id, 'olga', { answer, reason: 'r' });
      expect(refused.status).toBe(400);
      expect(refused.body.error.message).toMatch(/it has 3 words, exactly 1 is expected|does not match the pattern/);
    }
    expect((await resolve(id, 'olga', { answer: 'Vienna', reason: 'r' })).body.status).toBe('succeeded');
  });

  test.each([
    ['a key that is no operator', 'alice', { vote: 0, reason: 'r' }, 403, 'operator_required'],
    ['no reason', 'olga', { vote: 0 }, 400, 'missing_required_parameter'],
    ['neither vote nor answer', 'olga', { reason: 'r' }, 400, 'missing_required_parameter'],
    ['both', 'olga', { vote: 0, answer: 'x', reason: 'r' }, 400, 'invalid_value'],
    ['a vote that does not exist', 'olga', { vote: 7, reason: 'r' }, 400, 'invalid_resolution'],
    ['another field', 'olga', { vote: 0, reason: 'r', by: 'paul' }, 400, 'unknown_parameter'],
  ] as const)('refuses %s and goes on waiting', async (_, name, body, status, code) => {
    const id = await held('held');
    const refused = await resolve(id, name, body);
    expect(refused.status).toBe(status);
    expect(refused.body.error.code).toBe(code);
    expect(await read(id)).toMatchObject({ status: 'waiting' });
  });

  test('fails as split when nobody resolves it in time, and a replay holds the same votes again', async () => {
    const id = await held('short');
    const { body } = await service.request(`/v1/inferences/${id}?wait=10`, { headers: as('olga') });
    expect(body).toMatchObject({ status: 'failed', error: { code: 'consensus_split' }, verdict: { outcome: 'split' } });
    expect(body.verdict.because).toContain('Nobody has resolved it in time.');
    const sent = service.simulator.requests.length;
    expect((await service.request(`/v1/inferences/${id}/replay`, { method: 'POST', headers: as('olga') })).status).toBe(
      202,
    );
    await eventually(async () => (await read(id)).waiting_for === 'resolution');
    expect((await resolve(id, 'olga', { vote: 2, reason: 'r' })).body).toMatchObject({ status: 'succeeded' });
    expect(service.simulator.requests).toHaveLength(sent);
  });

  test('outlasts the deadline: who waits on the line gets 504 with the id', async () => {
    says('one', 'Bern');
    says('two', 'Paris');
    says('three', 'Rome');
    const answer = await service.request('/v1/chat/completions', {
      body: chat('held'),
      headers: { ...as('alice'), 'x-holdfast-deadline': '2s' },
    });
    expect(answer.status).toBe(504);
    const id = answer.body.error.inference_id;
    expect(await read(id)).toMatchObject({ status: 'waiting', waiting_for: 'resolution' });
    expect((await resolve(id, 'olga', { vote: 0, reason: 'r' })).body.status).toBe('succeeded');
  });

  test('can be cancelled', async () => {
    const id = await held('held');
    await service.request(`/v1/inferences/${id}/cancel`, { method: 'POST', headers: as('olga') });
    const { body } = await service.request(`/v1/inferences/${id}?wait=10`, { headers: as('olga') });
    expect(body.status).toBe('cancelled');
    expect((await resolve(id, 'olga', { vote: 0, reason: 'r' })).status).toBe(409);
  });
});

describe('approvals: 2', () => {
  test('takes two different keys that decide alike', async () => {
    const id = await held('two');
    const first = await resolve(id, 'olga', { vote: 0, reason: 'first' });
    expect(first.status).toBe(202);
    expect(first.body).toMatchObject({ status: 'waiting', verdict: { approvals: [{ by: 'olga', vote: 0 }] } });
    expect((await resolve(id, 'olga', { vote: 0, reason: 'again' })).body.status).toBe('waiting');
    expect((await resolve(id, 'paul', { vote: 1, reason: 'no' })).body.status).toBe('waiting');
    const last = await resolve(id, 'paul', { vote: 0, reason: 'yes' });
    expect(last.body).toMatchObject({ status: 'succeeded', verdict: { winner: 0 } });
    expect(last.body.verdict.because).toContain('Resolved by olga and paul.');
    expect(last.body.verdict.approvals.map((one: { by: string; reason: string }) => [one.by, one.reason])).toEqual([
      ['olga', 'again'],
      ['paul', 'yes'],
    ]);
  });

  test("takes none from Temporal's UI, whatever name is given there", async () => {
    const id = await held('two');
    expect(await fromTemporal(id, { vote: 0, reason: 'r', by: 'paul', via: 'api' })).toBe('approvals_needed');
    expect((await read(id)).verdict.approvals).toEqual([]);
  });
});

describe("Temporal's UI", () => {
  test('can resolve a vote that needs no names', async () => {
    const id = await held('held');
    expect(await fromTemporal(id, { vote: 1, reason: 'seen in the UI', by: 'olga' })).toBe('resolved');
    const { body } = await service.request(`/v1/inferences/${id}?wait=10`, { headers: as('olga') });
    expect(body).toMatchObject({ status: 'succeeded', target: 'two/claude-beta' });
    expect(body.verdict.approvals).toMatchObject([{ by: null, via: 'temporal', reason: 'seen in the UI' }]);
  });

  test.each([
    [{ vote: 1 }],
    [{ reason: 'r' }],
    [{ vote: 'one', reason: 'r' }],
    ['yes'],
  ])('is told what is wrong with %j', async (message) => {
    const id = await held('held');
    expect(await fromTemporal(id, message as object)).toBe('invalid_resolution');
  });
});

test('submitterMayResolve: false refuses whoever submitted it', async () => {
  const id = await held('others', 'olga');
  const own = await resolve(id, 'olga', { vote: 0, reason: 'r' });
  expect(own.status).toBe(403);
  expect(own.body.error.code).toBe('submitter_may_not_resolve');
  expect(await fromTemporal(id, { vote: 0, reason: 'r' })).toBe('approvals_needed');
  expect((await resolve(id, 'paul', { vote: 0, reason: 'r' })).body.status).toBe('succeeded');
});

test('a request that holds its vote for people whom nobody knows is refused', async () => {
  const strategy = { type: 'consensus', targets: THREE, compare: { type: 'exact' }, on_split: 'hold', approvals: 3 };
  const { status, body } = await service.request('/v1/inferences', {
    body: { ...chat('any'), strategy },
    headers: as('alice'),
  });
  expect(status).toBe(400);
  expect(body.error).toMatchObject({ code: 'invalid_value', param: 'strategy.on_split' });
});
