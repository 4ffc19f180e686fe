// Several processes on one Temporal server: what one learns of a target the others know within three seconds, also one
// that starts later; one worker pings for all, and another takes over when it dies.

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

const AGREE_WITHIN_MS = 3_000;

let first: TestService;
let others: TestService[] = [];

const quick = { breaker: { break: '60s' }, healthChecks: { enabled: false }, score: {} };

/** The providers of every service are the first one's simulated ones. */
function providers(simulator: Simulator, more: object = {}): object {
  const provider = (name: string) => ({
    type: 'openai',
    apiKey: 'test-key',
    baseUrl: simulator.baseUrl(name, 'openai'),
  });
  return {
    providers: {
      a: provider('a'),
      b: provider('b'),
      c: { ...provider('c'), limits: { maxConcurrent: 4, requestsPerMinute: 12 } },
      spare: provider('spare'),
    },
    models: {
      a: { targets: ['a/m', 'spare/m'], maxAttemptsPerTarget: 1 },
      b: { targets: ['b/m', 'spare/m'], maxAttemptsPerTarget: 1 },
      c: { targets: ['c/m', 'spare/m'], maxAttemptsPerTarget: 1 },
    },
    ...quick,
    ...more,
  };
}

beforeAll(async () => {
  first = await startTestService({ config: providers });
}, FETCH_LIMIT_MS);
afterEach(async () => {
  for (const service of others) await service.stop();
  others = [];
  await first.clear();
});
afterAll(() => first.stop());

async function join(more: object = {}, role: 'all' | 'api' = 'all'): Promise<TestService> {
  // Temporal's own settings are read from the process.
  vi.stubEnv('TEMPORAL_ADDRESS', first.temporalAddress);
  const service = await startTestService({
    config: () => providers(first.simulator, more),
    env: { TEMPORAL_ADDRESS: first.temporalAddress },
    role,
  }).finally(() => vi.unstubAllEnvs());
  others.push(service);
  return service;
}

const ask = async (service: TestService, model: string) =>
  (await service.request('/v1/chat/completions', { body: chat(model) })).headers.get('x-holdfast-target');
const breaker = async (service: TestService, id: string) =>
  (await service.request('/v1/targets')).body.data.find((one: { id: string }) => one.id === id).breaker;
const sentTo = (account: string) => first.simulator.requests.filter((request) => request.account === account).length;

// First of all: workers that have left count as present for a minute.
test('the limits of a provider hold over all workers', { timeout: 30_000 }, async () => {
  const second = await join();
  let inFlight = 0;
  let most = 0;
  first.simulator.inject({
    account: 'c',
    fault: { type: 'delay', headersMs: 300 },
    matches: () => {
      most = Math.max(most, ++inFlight);
      setTimeout(() => inFlight--, 290);
      return true;
    },
  });
  // The first knows of the second, and the second that the first does, after two reads.
  await eventually(async () => (await ask(second, 'c')) === 'c/m', 15_000);
  const before = sentTo('c');
  most = 0;
  const answers = await Promise.all(Array.from({ length: 30 }, (_, call) => ask(call % 2 === 0 ? first : second, 'c')));
  expect(answers.every((by) => by === 'c/m' || by === 'spare/m')).toBe(true);
  expect(most).toBeLessThanOrEqual(4);
  expect(sentTo('c')).toBeLessThanOrEqual(12);
  expect(sentTo('c')).toBeGreaterThan(before);
});

test('two workers agree within three seconds, and so does an API without a worker', async () => {
  const [worker, api] = [await join(), await join({}, 'api')];
  first.simulator.inject({ account: 'a', fault: { type: 'error', situation: 'server-error' } });
  for (let call = 0; call < 5; call++) await ask(first, 'a');
  expect((await breaker(first, 'a/m')).state).toBe('open');
  for (const service of [worker, api]) {
    await eventually(async () => (await breaker(service, 'a/m')).state === 'open', AGREE_WITHIN_MS);
  }
  const before = sentTo('a');
  expect(await ask(worker, 'a')).toBe('spare/m');
  expect(sentTo('a')).toBe(before);

  await worker.request('/v1/targets/a/m/restore', { method: 'POST' });
  await eventually(async () => (await breaker(first, 'a/m')).state === 'closed', AGREE_WITHIN_MS);
});

test('workers that have seen too little each have seen enough together', async () => {
  const second = await join();
  first.simulator.inject({ account: 'b', fault: { type: 'error', situation: 'server-error' } });
  for (let call = 0; call < 3; call++) {
    await ask(first, 'b');
    await ask(second, 'b');
  }
  expect(sentTo('b')).toBe(6);
  for (const service of [first, second]) {
    await eventually(async () => (await breaker(service, 'b/m')).state === 'open', 2 * AGREE_WITHIN_MS);
  }
});

test('a worker that starts knows at once what the others know', async () => {
  await first.request('/v1/targets/a/m/isolate', { method: 'POST' });
  const later = await join();
  expect((await breaker(later, 'a/m')).state).toBe('isolated');
  expect(await ask(later, 'a')).toBe('spare/m');
});

test('one worker pings for all, and another takes over when it dies', { timeout: 90_000 }, async () => {
  const pinged = { healthChecks: { enabled: true, interval: '1s', timeout: '500ms' } };
  const pinger = await startTestService({ config: (simulator) => providers(simulator, pinged), role: 'api' });
  const sent = () => pinger.simulator.requests.filter((request) => request.account === 'a').length;
  try {
    const worker = await startWorkerProcess(pinger);
    const second = await startWorkerProcess(pinger);
    await eventually(() => sent() >= 3);
    const from = sent();
    const startedAt = Date.now();
    await eventually(() => Date.now() - startedAt > 4_000);
    // Two workers, and each target is asked once a second.
    expect(sent() - from).toBeLessThanOrEqual(6);

    const pid = await pingingPid(pinger);
    const [pinging, other] = worker.pid === pid ? [worker, second] : [second, worker];
    expect(pinging.pid).toBe(pid);
    await pinging.kill();
    const killedAt = Date.now();
    const before = sent();
    await eventually(() => sent() > before + 1, 30_000);
    expect(Date.now() - killedAt).toBeLessThan(30_000);
    expect(await pingingPid(pinger)).toBe(other.pid);
    await other.kill();
  } finally {
    await pinger.stop();
  }
});

/** The process of the worker in which the activity runs, by its identity. */
async function pingingPid({ temporal }: TestService): Promise<number> {
  const { raw } = await temporal.workflow.getHandle('target-health').describe();
  const activity = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'pingTargets');
  return Number(/^holdfast-(\d+)@/.exec(activity?.lastWorkerIdentity ?? '')?.[1]);
}
