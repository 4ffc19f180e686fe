// Which rule befalls which request, for how long and how often.

import { describe, expect, test } from 'vitest';
import type { FaultRule } from '../../src/simulator/fault.ts';
import { RuleBook } from '../../src/simulator/rule-book.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { ask, request, runSimulator } from './running.ts';

const at = runSimulator();
const empty = { type: 'empty' } as const;
const reset = { type: 'reset' } as const;

function picks(rule: FaultRule, times: readonly number[]) {
  const rules = new RuleBook();
  rules.add(rule, 0);
  return times.map((nowMs) => rules.pick(request, nowMs).name);
}

describe('a rule', () => {
  test('applies only to its account and model', () => {
    expect(picks({ account: 'other', fault: empty }, [0])).toEqual([null]);
    expect(picks({ model: 'other', fault: empty }, [0])).toEqual([null]);
    expect(picks({ account: 'acme', model: 'm', fault: empty }, [0])).toEqual(['empty']);
  });

  test('applies only to requests that it matches', () => {
    expect(picks({ matches: ({ stream }) => stream, fault: empty }, [0])).toEqual([null]);
  });

  test('befalls as many requests as it says', () => {
    expect(picks({ times: 2, fault: empty }, [0, 1, 2])).toEqual(['empty', 'empty', null]);
  });

  test('lasts as long as it says', () => {
    expect(picks({ forMs: 1_000, fault: empty }, [0, 999, 1_000])).toEqual(['empty', 'empty', null]);
  });

  test('gives way to a newer one that matches, and comes back when that is removed', () => {
    const rules = new RuleBook();
    rules.add({ fault: empty }, 0);
    const remove = rules.add({ fault: reset }, 0);
    rules.add({ account: 'other', fault: { type: 'html' } }, 0);
    expect(rules.pick(request, 0).name).toBe('reset');
    remove();
    expect(rules.pick(request, 0).name).toBe('empty');
    rules.clear();
    expect(rules.pick(request, 0).name).toBeNull();
  });

  test('with a limit lets so many requests per window through to the older rules', () => {
    const rules = new RuleBook();
    rules.add({ fault: empty }, 0);
    rules.add({ fault: { type: 'limit', requests: 2, windowMs: 1_000 } }, 0);
    const picked = [100, 200, 300, 1_099, 1_100].map((nowMs) => rules.pick(request, nowMs));
    expect(picked.map(({ name }) => name)).toEqual(['empty', 'empty', 'limit', 'limit', 'empty']);
    expect(picked.map(({ limit }) => limit?.remaining)).toEqual([1, 0, 0, 0, 1]);
    expect(picked[2]?.fault).toEqual({ type: 'error', situation: 'rate-limit', retryAfterMs: 800 });
  });
});

const statuses = async (simulator: Simulator, wire: 'openai' | 'anthropic', count: number) => {
  const responses: Response[] = [];
  for (let i = 0; i < count; i++) responses.push(await ask(simulator, wire));
  return responses;
};

test('a counted limit shows in the headers of answers and refusals', async () => {
  at.simulator.inject({ fault: { type: 'limit', requests: 2, windowMs: 60_000 } });
  const responses = await statuses(at.simulator, 'openai', 3);
  expect(responses.map(({ status }) => status)).toEqual([200, 200, 429]);
  expect(responses.map(({ headers }) => headers.get('x-ratelimit-remaining-requests'))).toEqual(['1', '0', '0']);
  expect(responses.map(({ headers }) => headers.get('x-ratelimit-limit-requests'))).toEqual(['2', '2', '2']);
  const retryAfterMs = Number(responses[2]?.headers.get('retry-after-ms'));
  expect(retryAfterMs).toBeGreaterThan(50_000);
  expect(retryAfterMs).toBeLessThanOrEqual(60_000);
});

test('a quota that is used up gives no hint when to come back', async () => {
  at.simulator.inject({ fault: { type: 'limit', requests: 1, windowMs: 60_000, situation: 'quota' } });
  const [, refused] = await statuses(at.simulator, 'anthropic', 2);
  expect(refused?.status).toBe(429);
  expect(refused?.headers.get('retry-after')).toBeNull();
  expect(await refused?.json()).toMatchObject({ error: { details: { error_code: 'enforced_spend_limit_reached' } } });
});

test('accounts on one server are apart, and requests are remembered until they are cleared', async () => {
  at.simulator.inject({ account: 'other', fault: reset });
  expect((await ask(at.simulator, 'openai', { extra: { seed: 1 } })).status).toBe(200);
  expect(at.simulator.requests).toMatchObject([
    { account: 'acme', path: '/acme/openai/v1/chat/completions', body: { seed: 1 }, headers: { accept: '*/*' } },
  ]);
  at.simulator.clear();
  expect(at.simulator.requests).toEqual([]);
});

test('a path that no provider has is not found, and is no inference', async () => {
  expect((await fetch(`${at.simulator.url}/acme/openai/v1/nothing`)).status).toBe(404);
  expect((await fetch(`${at.simulator.url}/acme/nobody/v1/models`)).status).toBe(404);
  expect(at.simulator.requests).toEqual([]);
});
