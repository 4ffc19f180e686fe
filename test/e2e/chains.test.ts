// Which targets of a chain are tried after a failure, and which are not: what is done for is the attempt, the target,
// its provider, every window that is no larger, or the inference.

import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Situation } from '../../src/simulator/error-body.ts';
import type { Fault } from '../../src/simulator/fault.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { faultyProviders, serve } from './support-faults.ts';

let service: TestService;

beforeAll(async () => {
  const closedPort = await freePort();
  service = await startTestService({
    config: (simulator) =>
      faultyProviders(simulator, {
        providers: {
          closed: { type: 'openai', apiKey: 'test-key', baseUrl: `http://127.0.0.1:${closedPort}/v1` },
          nowhere: { type: 'openai', apiKey: 'test-key', baseUrl: 'http://does-not-exist.invalid/v1' },
        },
        targets: {
          'openai/small': { contextWindow: 8_000 },
          'anthropic/as-small': { contextWindow: 8_000 },
          'anthropic/large': { contextWindow: 200_000 },
        },
        models: {
          siblings: { targets: ['openai/a', 'openai/b', 'spare/m'], maxAttemptsPerTarget: 1 },
          windows: { targets: ['openai/small', 'anthropic/as-small', 'google/unknown', 'anthropic/large'] },
          counted: { targets: ['openai/c', 'spare/m'], maxAttemptsPerTarget: 1 },
          shrinking: { targets: ['anthropic/large', 'openai/small'] },
          unreachable: { targets: ['closed/m', 'nowhere/m', 'spare/m'], maxAttemptsPerTarget: 1 },
          'unreachable-twice': { targets: ['closed/m', 'spare/m'], maxAttemptsPerTarget: 2 },
        },
      }),
  });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const error = (situation: Situation): Fault => ({ type: 'error', situation });

test.each<[Situation, string]>([
  ['quota', 'quota-exhausted'],
  ['billing', 'quota-exhausted'],
  ['auth', 'auth'],
  ['permission', 'auth'],
])('%s is done for the provider: its other targets are skipped', async (situation, kind) => {
  const { status, by, calls, wire } = await serve(service, { model: 'siblings', fault: error(situation) });
  expect(calls).toEqual([`openai/a 1 ${kind}`, 'spare/m 1 succeeded']);
  expect({ status, by, wire }).toEqual({ status: 200, by: 'spare/m', wire: { openai: 1, spare: 1 } });
});

test.each<[string, Fault, string]>([
  ['a rate limit', { ...error('rate-limit') }, 'rate-limited'],
  ['an unknown model', error('model-not-found'), 'model-not-found'],
  ['overload', error('overloaded'), 'overloaded'],
  ['a truncated answer', { type: 'truncated' }, 'truncated'],
])('%s is done for the target: the provider has others', async (_name, fault, kind) => {
  const failedOnce = await serve(service, { model: 'siblings', fault, befalls: ({ model }) => model === 'a' });
  expect(failedOnce.calls).toEqual([`openai/a 1 ${kind}`, 'openai/b 1 succeeded']);
  await service.clear();
  const failedTwice = await serve(service, { model: 'siblings', fault });
  expect(failedTwice.calls).toEqual([`openai/a 1 ${kind}`, `openai/b 1 ${kind}`, 'spare/m 1 succeeded']);
  expect(failedTwice.wire).toEqual({ openai: 2, spare: 1 });
});

describe('a prompt that is too long', () => {
  const fault = error('context-too-long');

  test('goes on to larger windows and to unknown ones only', async () => {
    const { by, calls, wire } = await serve(service, {
      model: 'windows',
      fault,
      befalls: ({ model }) => model !== 'large',
    });
    expect(calls).toEqual([
      'openai/small 1 context-too-long',
      'google/unknown 1 context-too-long',
      'anthropic/large 1 succeeded',
    ]);
    expect({ by, wire }).toEqual({ by: 'anthropic/large', wire: { openai: 1, google: 1, anthropic: 1 } });
  });

  test('is not sent to a smaller window: 400 context_length_exceeded', async () => {
    const { status, by, headers, calls, wire } = await serve(service, { model: 'shrinking', fault });
    expect({ status, by, wire }).toEqual({
      status: 400,
      by: 'context_length_exceeded',
      wire: { anthropic: 1 },
    });
    expect(calls).toEqual(['anthropic/large 1 context-too-long']);
    expect(headers.get('x-should-retry')).toBe('false');
  });

  test('for every target is a 400 that says so', async () => {
    const { status, by, body } = await serve(service, { model: 'windows', fault });
    expect({ status, by }).toEqual({ status: 400, by: 'context_length_exceeded' });
    expect(body.error.calls).toHaveLength(3);
  });
});

test('what no target supports is a 400 unsupported_parameter', async () => {
  const { status, by, headers, wire } = await serve(service, {
    model: 'siblings',
    fault: error('unsupported-parameter'),
    befalls: () => true,
  });
  expect({ status, by, wire }).toEqual({
    status: 400,
    by: 'unsupported_parameter',
    wire: { openai: 2, spare: 1 },
  });
  expect(headers.get('x-should-retry')).toBe('false');
});

test('a request that a later target calls invalid ends the inference there', async () => {
  const { status, by, calls } = await serve(service, {
    model: 'siblings',
    fault: error('invalid-request'),
    befalls: ({ model }) => model === 'b',
  });
  // The first target answers, so nobody is asked whether the request is valid.
  expect({ status, by }).toEqual({ status: 200, by: 'openai/a' });
  expect(calls).toEqual(['openai/a 1 succeeded']);
});

test('a provider that cannot be reached was not sent anything and billed nothing', async () => {
  const { status, by, calls, wire } = await serve(service, { model: 'unreachable', fault: null });
  expect(calls).toEqual(['closed/m 1 connection', 'nowhere/m 1 connection', 'spare/m 1 succeeded']);
  expect({ status, by, wire }).toEqual({ status: 200, by: 'spare/m', wire: { spare: 1 } });
});

test('a provider that cannot be reached is tried again before the chain goes on', async () => {
  const { by, calls } = await serve(service, { model: 'unreachable-twice', fault: null });
  expect(calls).toEqual(['closed/m 1 connection', 'closed/m 2 connection', 'spare/m 1 succeeded']);
  expect(by).toBe('spare/m');
});

test('a limit that the provider announces lets through what fits, and the rest goes elsewhere unasked', async () => {
  const restore = service.simulator.inject({
    account: 'openai',
    fault: { type: 'limit', requests: 3, windowMs: 60_000 },
  });
  const served = [];
  for (let count = 0; count < 5; count++) served.push(await serve(service, { model: 'counted', fault: null }));
  restore();
  expect(served.map(({ by }) => by)).toEqual(['openai/c', 'openai/c', 'openai/c', 'spare/m', 'spare/m']);
  for (const { calls } of served) expect(calls).toHaveLength(1);
});
