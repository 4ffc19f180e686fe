// Votes that have been paid for outlast crashes and resets, and losers on another worker are cut off in time.

import { randomUUID } from 'node:crypto';
import Long from 'long';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { invoice, THREE, voters } from '../e2e/support-votes.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { startWorkerProcess } from '../support/worker-process.ts';
import type { Fault } from '../../src/simulator/fault.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';

const LIMIT_MS = 90_000;
const SLOW: Fault = { type: 'delay', headersMs: 60_000 };

const config = (simulator: Simulator) => {
  const vote = { strategy: 'consensus', targets: THREE, compare: { type: 'text' }, maxAttemptsPerTarget: 1 };
  return {
    ...voters(simulator),
    models: {
      vote: { ...vote, maxAttemptsPerTarget: 2, onExhausted: 'fail' },
      once: { ...vote, onExhausted: 'fail' },
      early: { ...vote, earlyExit: true },
      number: { ...vote, compare: { type: 'number' }, onExhausted: 'fail' },
      judged: { ...vote, compare: { type: 'judge', target: 'six/judge' }, onExhausted: 'fail' },
      escalated: {
        ...vote,
        compare: { type: 'json' },
        onSplit: 'escalate',
        escalateTo: 'five/epsilon',
        onExhausted: 'fail',
      },
      both: { strategy: 'hedge', targets: ['one/alpha', 'two/claude-beta'], hedgeDelay: '0ms', onExhausted: 'fail' },
    },
  };
};

const sentTo = (service: TestService, account: string) =>
  service.simulator.requests.filter((request) => request.account === account);
const submit = async (service: TestService, model: string, fields: object = {}): Promise<string> =>
  (await service.request('/v1/inferences', { body: { ...chat(model), ...fields } })).body.id;
const ended = (service: TestService, id: string) =>
  eventually(async () => {
    const { status, body } = await service.request(`/v1/inferences/${id}?wait=10`);
    return status === 200 && body.ended_at !== null ? body : null;
  }, LIMIT_MS);

describe('resets', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService({ config });
  }, FETCH_LIMIT_MS);
  afterAll(() => service.stop());
  afterEach(() => service.clear());

  const inject = (account: string, fault: Fault) => service.simulator.inject({ account, fault });
  const replay = async (id: string) => {
    expect((await service.request(`/v1/inferences/${id}/replay`, { method: 'POST' })).status).toBe(202);
    return ended(service, id);
  };

  test('a replay asks only the legs that have not voted', async () => {
    const repairs = [inject('two', { type: 'empty' }), inject('three', { type: 'error', situation: 'server-error' })];
    const id = await submit(service, 'once');
    expect(await ended(service, id)).toMatchObject({ status: 'failed', error: { code: 'consensus_inconclusive' } });
    for (const repair of repairs) repair();
    const replayed = await replay(id);
    expect(replayed).toMatchObject({ status: 'succeeded', verdict: { outcome: 'agreed', agreement: 1 } });
    expect(['one', 'two', 'three'].map((name) => sentTo(service, name).length)).toEqual([1, 2, 2]);
    expect(replayed.calls).toHaveLength(5);
  });

  test('a replay of a split for which all have voted votes anew', async () => {
    const ends = ['Bern', 'Paris', 'Rome'].map((text, index) =>
      inject(['one', 'two', 'three'][index] ?? '', { type: 'answer', text }),
    );
    const id = await submit(service, 'once');
    expect(await ended(service, id)).toMatchObject({ status: 'failed', error: { code: 'consensus_split' } });
    for (const end of ends) end();
    expect(await replay(id)).toMatchObject({ status: 'succeeded', verdict: { outcome: 'agreed' } });
    expect(service.simulator.requests).toHaveLength(6);
  });

  test('a replay of one for which all have voted, and too few can be read, votes anew', async () => {
    const ends = ['one', 'two'].map((account) => inject(account, { type: 'answer', text: 'between 3 and 4' }));
    inject('three', { type: 'answer', text: '3' });
    const id = await submit(service, 'number');
    expect(await ended(service, id)).toMatchObject({ status: 'failed', error: { code: 'consensus_inconclusive' } });
    for (const end of ends) end();
    for (const account of ['one', 'two']) inject(account, { type: 'answer', text: '3' });
    expect(await replay(id)).toMatchObject({ status: 'succeeded', verdict: { outcome: 'agreed' } });
  });

  test('a replay of one whose judge failed keeps the votes and asks the judge', async () => {
    for (const account of ['one', 'two', 'three']) inject(account, { type: 'answer', text: `It is ${account}.` });
    const down = inject('six', { type: 'error', situation: 'server-error' });
    const id = await submit(service, 'judged');
    expect(await ended(service, id)).toMatchObject({ status: 'failed', error: { code: 'consensus_inconclusive' } });
    down();
    inject('six', { type: 'answer', text: '{"groups":[["answer-1","answer-2","answer-3"]]}' });
    expect(await replay(id)).toMatchObject({ status: 'succeeded', verdict: { outcome: 'agreed' } });
    for (const account of ['one', 'two', 'three']) expect(sentTo(service, account)).toHaveLength(1);
  });

  test('a replay of one whose escalation failed keeps the votes and escalates again', async () => {
    for (const account of ['one', 'two', 'three']) inject(account, { type: 'dissent', seed: account });
    const down = inject('five', { type: 'error', situation: 'server-error' });
    const id = await submit(service, 'escalated', { response_format: invoice });
    expect(await ended(service, id)).toMatchObject({ status: 'failed', error: { code: 'consensus_split' } });
    down();
    expect(await replay(id)).toMatchObject({ status: 'succeeded', verdict: { decided_by: 'escalation' } });
    for (const account of ['one', 'two', 'three']) expect(sentTo(service, account)).toHaveLength(1);
  });

  test.each(['once', 'both'])('a reset of a failed %s at every event that the server accepts tries for real', {
    timeout: LIMIT_MS,
  }, async (model) => {
    const repair = service.simulator.inject({ fault: { type: 'error', situation: 'server-error' } });
    const id = await submit(service, model);
    expect((await ended(service, id)).status).toBe('failed');
    repair();
    const handle = service.temporal.workflow.getHandle(id);
    const { runId } = await handle.describe();
    const count = (await handle.fetchHistory()).events?.length ?? 0;
    let accepted = 0;
    for (let eventId = 2; eventId <= count + 1; eventId++) {
      const before = service.simulator.requests.length;
      try {
        await service.temporal.workflowService.resetWorkflowExecution({
          namespace: 'default',
          workflowExecution: { workflowId: id, runId },
          reason: 'test',
          workflowTaskFinishEventId: Long.fromNumber(eventId),
          requestId: randomUUID(),
        });
      } catch (error) {
        expect(String(error)).toMatch(/ServiceError|INVALID_ARGUMENT|must be|Invalid/i);
        continue;
      }
      accepted += 1;
      expect({ eventId, status: (await ended(service, id)).status }).toEqual({ eventId, status: 'succeeded' });
      expect(service.simulator.requests.length).toBeGreaterThan(before);
    }
    expect(accepted).toBeGreaterThanOrEqual(3);
  });
});

describe('workers in processes of their own', () => {
  let service: TestService;
  const workers: WorkerProcess[] = [];
  beforeAll(async () => {
    service = await startTestService({ role: 'api', config });
  }, FETCH_LIMIT_MS);
  afterAll(() => service.stop());
  beforeEach(async () => {
    workers.push(await startWorkerProcess(service));
  });
  afterEach(async () => {
    await service.clear();
    await Promise.all(workers.splice(0).map((worker) => worker.kill()));
  });

  test('killed between votes: the votes there are stay, and the others are asked again', {
    timeout: LIMIT_MS,
  }, async () => {
    const slow = [
      service.simulator.inject({ account: 'two', fault: SLOW }),
      service.simulator.inject({ account: 'three', fault: SLOW }),
    ];
    const id = await submit(service, 'vote');
    await eventually(async () => (await service.request(`/v1/inferences/${id}`)).body.calls.length === 1);
    await eventually(() => service.simulator.requests.length === 3);
    await workers[0]?.kill();
    for (const end of slow) end();
    workers.push(await startWorkerProcess(service));

    const inference = await ended(service, id);

    expect(inference).toMatchObject({ status: 'succeeded', verdict: { outcome: 'agreed', agreement: 1 } });
    expect(sentTo(service, 'one')).toHaveLength(1);
    const lost = inference.calls.filter(({ kind }: { kind: string }) => kind === 'worker-lost');
    expect(lost).toHaveLength(2);
    for (const call of lost) expect(call).toMatchObject({ possibly_billed: true });
  });

  test('killed in the middle of a race: it is run again, and nothing is hidden', { timeout: LIMIT_MS }, async () => {
    const slow = service.simulator.inject({ fault: SLOW });
    const id = await submit(service, 'both');
    await eventually(() => service.simulator.requests.length === 2);
    await workers[0]?.kill();
    slow();
    workers.push(await startWorkerProcess(service));

    const inference = await ended(service, id);

    expect(inference.status).toBe('succeeded');
    const kinds = inference.calls.map(({ kind }: { kind: string | null }) => kind);
    expect(kinds.filter((kind: string | null) => kind === 'worker-lost')).toHaveLength(2);
  });

  test('a loser on any worker is cut off within two seconds of the win', { timeout: LIMIT_MS }, async () => {
    workers.push(await startWorkerProcess(service));
    service.simulator.inject({ account: 'one', fault: SLOW });
    service.simulator.inject({ account: 'two', fault: { type: 'delay', headersMs: 700 } });
    const texts = Array.from({ length: 12 }, (_, index) => `Race number ${index}.`);
    const ids = await Promise.all(texts.map((text) => submit(service, 'both', chat('both', text))));
    for (const id of ids) {
      expect(await ended(service, id)).toMatchObject({ status: 'succeeded', target: 'two/claude-beta' });
    }
    await eventually(() => sentTo(service, 'one').every(({ outcome }) => outcome === 'client-gone'), 5_000);
    const settledAtMs = (account: string, text: string) =>
      sentTo(service, account).find((request) => request.text === text)?.settledAtMs ?? Number.NaN;
    const apartMs = texts.map((text) => settledAtMs('one', text) - settledAtMs('two', text));
    expect(Math.max(...apartMs)).toBeLessThan(2_000);
  });

  test('a leg that can change nothing any more is cut off within two seconds, too', { timeout: LIMIT_MS }, async () => {
    workers.push(await startWorkerProcess(service));
    service.simulator.inject({ account: 'three', fault: SLOW });
    const ids = await Promise.all(Array.from({ length: 8 }, () => submit(service, 'early')));
    for (const id of ids) expect(await ended(service, id)).toMatchObject({ status: 'succeeded' });
    const endedAtMs = Date.now();
    await eventually(() => sentTo(service, 'three').every(({ outcome }) => outcome === 'client-gone'), 5_000);
    for (const { settledAtMs } of sentTo(service, 'three'))
      expect((settledAtMs ?? Infinity) - endedAtMs).toBeLessThan(2_000);
  });
});
