// What the service knows of its targets, end to end: who is not called any more, who is probed, what an operator can do.
// What arrives at the providers is counted on the wire.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/fault.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

const BREAK_MS = 1_500;
const DOWN: Fault = { type: 'error', situation: 'server-error' };

let service: TestService;
const posted: { type: string; subject: string; message: string }[] = [];
const webhook = createServer((request, response) => {
  let body = '';
  request
    .on('data', (chunk) => (body += chunk))
    .on('end', () => {
      posted.push(JSON.parse(body));
      // The first delivery of all is refused: an alert is repeated until it has arrived.
      response.writeHead(posted.length === 1 ? 500 : 204).end();
    });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
  const { port } = webhook.address() as AddressInfo;
  service = await startTestService({
    config: (simulator) => ({
      ...providers(simulator),
      healthChecks: { enabled: false },
      breaker: { break: `${BREAK_MS}ms` },
      score: {},
      alerts: { webhook: `http://127.0.0.1:${port}/alerts` },
    }),
  });
}, FETCH_LIMIT_MS);
afterAll(async () => {
  await service.stop();
  webhook.close();
});
afterEach(() => service.clear());

/** Each test has providers of its own: what is counted in a minute would last into the next test. */
function providers(simulator: Simulator): object {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].flatMap((name) => [name, `${name}-spare`]);
  const provider = (name: string) => ({
    type: 'openai',
    apiKey: 'test-key',
    baseUrl: simulator.baseUrl(name, 'openai'),
  });
  const models = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => [
    name,
    { targets: [`${name}/m`, `${name}-spare/m`], maxAttemptsPerTarget: 1 },
  ]);
  return {
    providers: Object.fromEntries(names.map((name) => [name, provider(name)])),
    models: {
      ...Object.fromEntries(models),
      'c-sibling': { targets: ['c/other', 'c-spare/m'], maxAttemptsPerTarget: 1 },
      'd-alone': { targets: ['d/m'], maxAttemptsPerTarget: 1 },
    },
  };
}

async function ask(model: string) {
  const { status, headers, body } = await service.request('/v1/chat/completions', { body: chat(model) });
  return { status, by: headers.get('x-holdfast-target'), calls: headers.get('x-holdfast-calls'), body };
}

async function askTimes(model: string, times: number) {
  const answers = [];
  for (let time = 0; time < times; time++) answers.push(await ask(model));
  return answers;
}

const sentTo = (account: string) => service.simulator.requests.filter((request) => request.account === account).length;
const target = async (id: string) =>
  (await service.request('/v1/targets')).body.data.find((one: { id: string }) => one.id === id);

test('a target that fails is asked no more after five calls, and nobody notices', async () => {
  service.simulator.inject({ account: 'a', fault: DOWN });
  const answers = await askTimes('a', 12);
  expect(answers.map(({ status, by }) => `${status} ${by}`)).toEqual(Array(12).fill('200 a-spare/m'));
  expect(sentTo('a')).toBe(5);
  // The first ones were failed over; the others went straight to the one that answers.
  expect(answers.map(({ calls }) => calls)).toEqual([...Array(5).fill('2'), ...Array(7).fill('1')]);
  expect(await target('a/m')).toMatchObject({ health: 'out', breaker: { state: 'open', cause: 'server-error' } });
});

test('after the break one call at a time is let through, until one succeeds', { timeout: 30_000 }, async () => {
  const repair = service.simulator.inject({ account: 'b', fault: { type: 'delay', headersMs: 400, fault: DOWN } });
  await Promise.all([askTimes('b', 2), askTimes('b', 2), askTimes('b', 2)]);
  await eventually(async () => (await target('b/m')).breaker.state === 'half-open');
  const before = sentTo('b');
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask('b')));
  expect(sentTo('b') - before).toBe(1);
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect((await target('b/m')).breaker.state).toBe('open');

  repair();
  await eventually(async () => (await target('b/m')).breaker.state === 'half-open');
  await ask('b');
  expect(await target('b/m')).toMatchObject({ breaker: { state: 'closed' } });
  await eventually(async () => (await ask('b')).by === 'b/m');
});

test("a refused key takes out all of the account's targets, and raises one alert", async () => {
  service.simulator.inject({ account: 'c', fault: { type: 'error', situation: 'auth' } });
  const answers = [...(await askTimes('c', 3)), ...(await askTimes('c-sibling', 3))];
  expect(answers.every(({ status, by }) => status === 200 && by === 'c-spare/m')).toBe(true);
  expect(sentTo('c')).toBe(1);
  for (const id of ['c/m', 'c/other']) {
    expect(await target(id)).toMatchObject({ health: 'out', account: { state: 'open', cause: 'auth' } });
  }
  await eventually(() => posted.filter(({ subject }) => subject === 'c').length >= 1);
  const alerts = posted.filter(({ type }) => type === 'account-out');
  expect(new Set(alerts.map(({ subject }) => subject))).toEqual(new Set(['c']));
  expect(JSON.stringify(alerts)).not.toContain('test-key');
});

test('with every circuit open the chain is tried in order all the same', async () => {
  const repair = service.simulator.inject({ fault: DOWN, matches: ({ account }) => account.startsWith('d') });
  await askTimes('d', 6);
  expect([await target('d/m'), await target('d-spare/m')]).toMatchObject([{ health: 'out' }, { health: 'out' }]);
  const before = [sentTo('d'), sentTo('d-spare')];
  const { status, body } = await ask('d');
  expect(status).toBe(502);
  expect(body.error.calls.map(({ target: name, kind }: { target: string; kind: string }) => `${name} ${kind}`)).toEqual(
    ['d/m server-error', 'd-spare/m server-error'],
  );
  expect([sentTo('d'), sentTo('d-spare')]).toEqual(before.map((count) => count + 1));
  repair();
  expect((await ask('d-alone')).status).toBe(200);
});

test('a target that an operator isolates is not called, not even when no other is left', async () => {
  const isolated = await service.request('/v1/targets/e/m/isolate', { body: { reason: 'data leak' } });
  expect(isolated).toMatchObject({ status: 200, body: { health: 'out', breaker: { state: 'isolated' } } });
  expect((await ask('e')).by).toBe('e-spare/m');
  const { status, body } = await ask('e/m');
  expect({ status, kinds: body.error.calls.map(({ kind }: { kind: string }) => kind) }).toEqual({
    status: 503,
    kinds: ['breaker-open'],
  });
  expect(sentTo('e')).toBe(0);

  const restored = await service.request('/v1/targets/e/m/restore', { method: 'POST' });
  expect(restored.body).toMatchObject({ health: 'healthy', breaker: { state: 'closed' } });
  expect((await ask('e/m')).status).toBe(200);
});

test("Temporal's own tools isolate and restore too, and the history says so", async () => {
  const health = service.temporal.workflow.getHandle('target-health');
  await expect(health.executeUpdate('isolate', { args: [{ target: 'nonsense' }] })).rejects.toThrow();
  await health.executeUpdate('isolate', { args: [{ target: 'f/m', reason: 'maintenance' }] });
  await eventually(async () => (await target('f/m')).breaker.state === 'isolated', 3_000);
  await health.executeUpdate('restore', { args: [{ target: 'f/m' }] });
  await eventually(async () => (await target('f/m')).breaker.state === 'closed', 3_000);
  expect((await ask('f')).by).toBe('f/m');
  const { events } = await health.fetchHistory();
  expect(JSON.stringify(events)).toContain('workflowExecutionUpdateAccepted');
});

test('a quota that is gone keeps the account out until the provider says it is back', async () => {
  service.simulator.inject({
    account: 'g',
    fault: { type: 'error', situation: 'rate-limit', retryAfterMs: 3_600_000 },
  });
  const answers = await askTimes('g', 3);
  expect(answers.every(({ by }) => by === 'g-spare/m')).toBe(true);
  expect(sentTo('g')).toBe(1);
  const { breaker } = await target('g/m');
  expect(breaker).toMatchObject({ state: 'open', cause: 'rate-limited' });
  expect(Date.parse(breaker.until) - Date.now()).toBeGreaterThan(3_500_000);
});
