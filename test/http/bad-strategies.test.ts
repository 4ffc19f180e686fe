// Strategies of a request that are refused before anything is started.

import { describe, expect, test } from 'vitest';
import { chat, serverWithoutTemporal } from './server-without-temporal.ts';

describe('a strategy that does not fit together is a 400 that names the field, and starts nothing', async () => {
  const { app, used } = await serverWithoutTemporal();
  const post = (strategy: object) =>
    app.inject({ method: 'POST', url: '/v1/inferences', payload: { ...chat, strategy } });
  const hedge = (fields: object) => ({ type: 'hedge', targets: ['openai/a', 'openai/b'], ...fields });
  const vote = (fields: object) => ({
    type: 'consensus',
    targets: ['openai/a', 'openai/b', 'openai/c'],
    compare: { type: 'exact' },
    ...fields,
  });
  const legs = (third: unknown) => vote({ targets: ['openai/a', 'openai/b', third] });
  const compare = (fields: unknown) => vote({ compare: fields });
  const escalate = (to: unknown) => vote({ on_split: 'escalate', escalate_to: to });

  test.each<[string, object, string, RegExp]>([
    ['a hedge of one', hedge({ targets: ['openai/a'] }), 'targets', /needs two or more/],
    ['a budget that is off', hedge({ hedge_delay: '0s', hedge_budget: {} }), 'hedge_budget', /a hedge_delay of 0:/],
    ['an unknown delay', hedge({ hedge_delay: 'soon' }), 'hedge_delay', /must be/],
    ['a delay that is too long', hedge({ hedge_delay: '8d' }), 'hedge_delay', /at most 7d/],
    ['a number as delay', hedge({ hedge_delay: 0 }), 'hedge_delay', /"p95" or a duration/],
    ['a budget above 1', hedge({ hedge_budget: { spend: 2 } }), 'hedge_budget.spend', /./],
    ['two legs', vote({ targets: ['openai/a', 'openai/b'] }), 'targets', /needs three or more to vote/],
    ['one model twice', legs('together/a-2024-08-06'), 'targets[2]', /same model as openai\/a: /],
    ['one model twice in a chain', legs({ chain: ['together/eu.x.a', 'openai/c'] }), 'targets[2]', /same model/],
    ['a leg of nothing', legs({ chain: [] }), 'targets[2].chain', /./],
    ['a leg of a number', legs(5), 'targets[2]', /must be "provider\/model" or an object with target or chain/],
    ['a number in a chain', legs({ chain: [5] }), 'targets[2].chain[0]', /must be "provider\/model"/],
    ['no provider in a chain', legs({ chain: ['c'] }), 'targets[2].chain[0]', /must be "provider\/model"/],
    ['a weight of 0', legs({ target: 'openai/c', weight: 0 }), 'targets[2].weight', /./],
    ['a quorum of 1', vote({ quorum: 1 }), 'quorum', /at least 2/],
    ['a quorum above the legs', vote({ quorum: 4 }), 'quorum', /more than there are votes \(3\)/],
    ['an unknown comparison', compare({ type: 'fuzzy' }), 'compare.type', /"exact", "text", "number", "json", "judge"/],
    ['a similarity above 1', compare({ type: 'text', similarity: 2 }), 'compare.similarity', /./],
    ['a threshold of 0', compare({ type: 'json', threshold: 0 }), 'compare.threshold', /./],
    [
      'an unknown kind of field',
      compare({ type: 'json', fields: { a: { as: 'time' } } }),
      'compare.fields.a.as',
      /"date".*"set"/,
    ],
    [
      'a judge that votes',
      compare({ type: 'judge', target: 'openai/b' }),
      'compare.target',
      /is a voter \(openai\/b\)/,
    ],
    ['a judge of no provider', compare({ type: 'judge', target: 'j' }), 'compare.target', /must be "provider\/model"/],
    ['majority-field of texts', vote({ on_split: 'majority-field' }), 'on_split', /needs compare: \{ type: json \}/],
    ['an unknown split', vote({ on_split: 'ask' }), 'on_split', /./],
    ['nobody to escalate to', vote({ on_split: 'escalate' }), 'escalate_to', /is missing/],
    ['an escalation to a voter', escalate('together/c'), 'escalate_to', /has voted already \(openai\/c\)/],
    ['escalate_to alone', vote({ escalate_to: 'openai/d' }), 'escalate_to', /without on_split: escalate/],
    ['approvals alone', vote({ approvals: 2 }), 'approvals', /no effect without on_split: hold/],
    ['submitter_may_resolve alone', vote({ submitter_may_resolve: true }), 'submitter_may_resolve', /on_split: hold/],
    ['hold_timeout alone', vote({ hold_timeout: '1h' }), 'hold_timeout', /no effect without on_split: hold/],
    ['a hold of 31 days', vote({ on_split: 'hold', hold_timeout: '31d' }), 'hold_timeout', /between 1s and 30d/],
    ['no approvals', vote({ on_split: 'hold', approvals: 0 }), 'approvals', /./],
    ['a grace that is none', vote({ grace_after_quorum: '30' }), 'grace_after_quorum', /must be a duration/],
  ])('%s', async (_name, strategy, field, reason) => {
    const response = await post(strategy);
    expect(response.statusCode).toBe(400);
    const param = `strategy.${field}`;
    expect(response.json().error).toMatchObject({ code: 'invalid_value', type: 'invalid_request_error', param });
    expect(response.json().error.message).toMatch(reason);
    expect(response.json().error.message).toContain(param);
    expect(response.headers['x-should-retry']).toBe('false');
    expect(used).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['no comparison', vote({ compare: undefined }), 'compare'],
    ['a judge that is nobody', compare({ type: 'judge' }), 'compare.target'],
  ])('%s is missing', async (_name, strategy, field) => {
    const { error } = (await post(strategy)).json();
    expect(error).toMatchObject({ code: 'missing_required_parameter', param: `strategy.${field}` });
  });

  test.each<[object, string]>([
    [{ type: 'failover', targets: ['openai/a'], hedge_delay: '1s' }, 'hedge_delay'],
    [{ type: 'failover', targets: ['openai/a'], quorum: 2 }, 'quorum'],
    [{ type: 'failover', targets: [{ target: 'openai/a', weight: 2 }] }, 'targets[0].weight'],
    [hedge({ quorum: 2 }), 'quorum'],
    [hedge({ targets: ['openai/a', { target: 'openai/b', weight: 2 }] }), 'targets[1].weight'],
    [hedge({ hedge_budget: { money: 1 } }), 'hedge_budget.money'],
    [hedge({ hedgeDelay: '1s' }), 'hedgeDelay'],
    [vote({ order: 'cost' }), 'order'],
    [vote({ hedge_delay: 'p95' }), 'hedge_delay'],
    [legs({ chain: ['openai/c'], system: 'x' }), 'targets[2].system'],
    [compare({ type: 'exact', ignore_case: true }), 'compare.ignore_case'],
    [compare({ type: 'json', fields: { a: { relativeTolerance: 1 } } }), 'compare.fields.a.relativeTolerance'],
  ])('a field that the strategy does not have: %j', async (strategy, field) => {
    const response = await post(strategy);
    expect(response.statusCode).toBe(400);
    expect(response.json().error).toMatchObject({ code: 'unknown_parameter', param: `strategy.${field}` });
    expect(used).toEqual([]);
  });

  test.each<[object, string]>([
    [hedge({ targets: ['openai/a', 'acme/b'] }), 'targets[1]'],
    [legs('acme/c'), 'targets[2]'],
    [legs({ target: 'acme/c', weight: 2 }), 'targets[2]'],
    [legs({ chain: ['openai/c', { target: 'acme/d' }] }), 'targets[2].chain[1]'],
    [compare({ type: 'judge', target: 'acme/j' }), 'compare.target'],
    [escalate('acme/d'), 'escalate_to'],
    [escalate(['openai/d', 'acme/e']), 'escalate_to'],
  ])('a target of a provider that is not configured is a 404: %j', async (strategy, field) => {
    const response = await post(strategy);
    expect(response.statusCode).toBe(404);
    expect(response.json().error).toMatchObject({ code: 'model_not_found', param: `strategy.${field}` });
    expect(used).toEqual([]);
  });

  test('JSON without a schema to compare it along', async () => {
    const { error } = (await post(compare({ type: 'json' }))).json();
    expect(error).toMatchObject({ code: 'invalid_value', param: 'response_format' });
    expect(used).toEqual([]);
  });
});
