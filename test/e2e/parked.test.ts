// Inferences that wait for a target to recover: they go on within seconds of its recovery, a hundred of them too, and
// while every circuit is open they leave the targets alone.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/fault.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

const DOWN: Fault = { type: 'error', situation: 'server-error' };
const names = ['a', 'b', 'c', 'd'];

let service: TestService;

beforeAll(async () => {
  service = await startTestService({
    config: (simulator) => ({
      providers: Object.fromEntries(
        names.map((name) => [name, { type: 'openai', apiKey: 'test-key', baseUrl: simulator.baseUrl(name, 'openai') }]),
      ),
      models: Object.fromEntries(
        names.map((name) => [name, { targets: [`${name}/m`], maxAttemptsPerTarget: 1, onExhausted: 'wait' }]),
      ),
      breaker: { break: '30s' },
      healthChecks: { enabled: false },
      score: {},
    }),
  });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

async function submit(model: string, count: number): Promise<readonly string[]> {
  const answers = await Promise.all(
    Array.from({ length: count }, () => service.request('/v1/inferences', { body: chat(model) })),
  );
  expect(answers.every(({ status }) => status === 202)).toBe(true);
  return answers.map(({ body }) => body.id);
}

const read = async (id: string) => (await service.request(`/v1/inferences/${id}`)).body;
const sentTo = (account: string) => service.simulator.requests.filter((request) => request.account === account).length;
const waiting = async () => {
  const query = `HoldfastState = 'waiting' AND ExecutionStatus = 'Running'`;
  return (await service.temporal.workflow.count(query)).count;
};
const restore = (id: string) => service.request(`/v1/targets/${id}/restore`, { method: 'POST' });

test('a hundred go on within five seconds of the recovery', { timeout: 120_000 }, async () => {
  const repair = service.simulator.inject({ account: 'a', fault: DOWN });
  const ids = await submit('a', 100);
  await eventually(async () => (await waiting()) === 100, 60_000);
  // Each once: the first round goes out also with every circuit of the chain open.
  const before = sentTo('a');
  expect(before).toBe(100);
  repair();
  const recoveredAt = Date.now();
  await restore('a/m');
  await eventually(async () => (await waiting()) === 0, 20_000);
  const resumedMs = Date.now() - recoveredAt;
  await eventually(
    async () => (await Promise.all(ids.map(read))).every(({ status }) => status === 'succeeded'),
    30_000,
  );
  expect(sentTo('a') - before).toBe(100);
  expect(resumedMs).toBeLessThan(5_000);
});

test('one that waits is called by nobody while its circuit is open, and leaves no trace of waiting', {
  timeout: 60_000,
}, async () => {
  service.simulator.inject({ account: 'b', fault: DOWN });
  const [id = ''] = await submit('b', 1);
  await submit('b', 6);
  await eventually(async () => (await waiting()) === 7, 20_000);
  const [sent, events] = [sentTo('b'), (await history(id)).length];
  const from = Date.now();
  await eventually(() => Date.now() - from > 6_000);
  expect(sentTo('b')).toBe(sent);
  expect((await history(id)).length).toBe(events);
});

test('one that was parked when the provider was back already goes on too', async () => {
  // The circuit closes between the refusal and the parking: nothing tells of it any more.
  await service.request('/v1/targets/c/m/isolate', { method: 'POST' });
  const [ids] = await Promise.all([submit('c', 3), restore('c/m')]);
  await eventually(async () => (await Promise.all(ids.map(read))).every(({ status }) => status === 'succeeded'), 8_000);
});

test('a refused key is waited out, and the wake-up tells the call what has changed', { timeout: 60_000 }, async () => {
  const repair = service.simulator.inject({ account: 'd', fault: { type: 'error', situation: 'auth' } });
  const [id = ''] = await submit('d', 1);
  await eventually(async () => (await read(id)).status === 'waiting');
  repair();
  await restore('d/m');
  const ended = (await service.request(`/v1/inferences/${id}?wait=10`)).body;
  expect(ended).toMatchObject({ status: 'succeeded', calls: [{ kind: 'auth' }, { outcome: 'succeeded' }] });
  expect(sentTo('d')).toBe(2);
  const woken = (await history(id)).some(
    (event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'wake',
  );
  expect(woken).toBe(true);
});

async function history(id: string) {
  return (await service.temporal.workflow.getHandle(id).fetchHistory()).events ?? [];
}
