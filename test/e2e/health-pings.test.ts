// Health pings: a target that is down is known before a call finds out, and one that is back too; judged by status and
// latency, and silent while other calls tell.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { chat, startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({
    config: (simulator) => ({
      providers: {
        one: { type: 'openai', apiKey: 'test-key', baseUrl: simulator.baseUrl('one', 'openai') },
        two: { type: 'anthropic', apiKey: 'test-key', baseUrl: simulator.baseUrl('two', 'anthropic') },
      },
      models: { pair: { targets: ['one/m', 'two/m'], maxAttemptsPerTarget: 1 } },
      breaker: { break: '1s' },
      healthChecks: { interval: '400ms', timeout: '300ms' },
      score: {},
    }),
  });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

const targets = async () => (await service.request('/v1/targets')).body.data;
const health = async (id: string) => (await targets()).find((one: { id: string }) => one.id === id);
const sentTo = (account: string) => service.simulator.requests.filter((request) => request.account === account);

test('every target is asked for one token, again and again', async () => {
  await eventually(() => sentTo('one').length >= 3 && sentTo('two').length >= 3);
  expect(sentTo('one')[0]?.body).toMatchObject({ max_tokens: 1 });
  const metrics = (await service.request('/metrics')).body as string;
  expect(metrics).toMatch(/holdfast_pings_total\{[^}]*outcome="succeeded"[^}]*\} \d/);
});

test('two failed pings in a row open the circuit with no traffic, and one that succeeds closes it', async () => {
  const repair = service.simulator.inject({ account: 'one', fault: { type: 'reset' } });
  await eventually(async () => (await health('one/m')).breaker.state === 'open', 5_000);
  expect(await health('one/m')).toMatchObject({ health: 'out', breaker: { cause: 'pings' } });
  expect((await service.request('/v1/chat/completions', { body: chat('pair') })).headers.get('x-holdfast-calls')).toBe(
    '1',
  );
  // While it is out it is left alone until the break ends.
  repair();
  await eventually(async () => (await health('one/m')).health === 'healthy', 5_000);
});

test('a target that is slow to answer a ping is down', async () => {
  service.simulator.inject({ account: 'two', fault: { type: 'delay', headersMs: 2_000 } });
  await eventually(async () => (await health('two/m')).health === 'out', 5_000);
});

test('what a ping is answered is nobody’s concern: thought, refusal or an error about the request', async () => {
  service.simulator.inject({ account: 'one', fault: { type: 'truncated', afterTokens: 0 } });
  service.simulator.inject({ account: 'two', fault: { type: 'error', situation: 'unsupported-parameter' } });
  const [one, two] = [sentTo('one').length, sentTo('two').length];
  await eventually(() => sentTo('one').length >= one + 3 && sentTo('two').length >= two + 3);
  expect((await targets()).map(({ health: state }: { health: string }) => state)).toEqual(['healthy', 'healthy']);
});

test('no ping goes out while other calls tell of the target', async () => {
  const isPing = ({ body }: { body: unknown }) => JSON.stringify(body).includes('"ping"');
  const until = Date.now() + 2_000;
  const from = sentTo('one').filter(isPing).length;
  while (Date.now() < until) await service.request('/v1/chat/completions', { body: chat('one/m') });
  expect(sentTo('one').filter(isPing).length - from).toBeLessThanOrEqual(1);
});
