// Hedge and consensus as a request brings them: each field in snake_case, and what is refused before anything is started.

import { describe, expect, test } from 'vitest';
import { consensusSettings, hedgeSettings } from '../../src/domain/strategies.ts';
import { resolveModel } from '../../src/http/resolve-model.ts';
import type { StrategyBody } from '../../src/http/strategy-schema.ts';
import { strategySchema } from '../../src/http/strategy-schema.ts';
import { catalog, chat, serverWithoutTemporal } from './server-without-temporal.ts';

const SUBMIT = '/v1/inferences';
const { strategy: _, ...defaults } = catalog.defaults;
const gpt = { provider: 'openai', model: 'gpt-4o', ...catalog.facts['openai/gpt-4o'] };
const openai = (model: string) => ({ provider: 'openai', model });

/** As it arrives: through the schema, which must let it pass unchanged. */
function resolve(body: object) {
  const strategy: StrategyBody = strategySchema.parse(body);
  expect(strategy).toEqual(body);
  return resolveModel({ catalog, wayIn: 'inferences', model: 'any name', strategy });
}

const common = {
  deadline: '10s',
  attempt_timeout: '2s',
  first_token_timeout: '1500ms',
  stall_timeout: '1s',
  max_attempts_per_target: 1,
  on_exhausted: 'fail',
  on_refusal: 'failover',
};
const commonSettings = {
  attemptTimeoutMs: 2_000,
  firstTokenTimeoutMs: 1_500,
  stallTimeoutMs: 1_000,
  maxAttemptsPerTarget: 1,
  onRefusal: 'failover',
};

describe('a hedge', () => {
  test('takes every field', () => {
    const body = {
      type: 'hedge',
      targets: ['openai/gpt-4o', { target: 'together/llama', system: 'Be brief.', params: { max_tokens: 9 } }],
      hedge_delay: '250ms',
      hedge_budget: { requests: 0.05, spend: 0 },
      order: 'latency',
      minimum_success: 0.5,
      minimum_quality: 0,
      ...common,
    };
    expect(resolve(body)).toStrictEqual({
      settings: {
        strategy: 'hedge',
        targets: [gpt, { provider: 'together', model: 'llama', system: 'Be brief.', params: { maxTokens: 9 } }],
        ...commonSettings,
        order: 'latency',
        minimumSuccess: 0.5,
        minimumQuality: 0,
        hedgeDelay: 250,
        hedgeBudget: { requests: 0.05, spend: 0 },
      },
      deadlineMs: 10_000,
      onExhausted: 'fail',
    });
  });

  test.each([
    ['0ms', 0],
    ['p95', 'p95'],
  ])('takes a delay of %s', (delay, expected) => {
    const { settings } = resolve({ type: 'hedge', targets: ['openai/a', 'openai/b'], hedge_delay: delay });
    expect(settings).toMatchObject({ hedgeDelay: expected });
  });

  test('has the defaults of a configured one', () => {
    const targets = [openai('a'), openai('b')];
    expect(resolve({ type: 'hedge', targets: ['openai/a', 'openai/b'] }).settings).toStrictEqual(
      hedgeSettings(defaults, { targets }),
    );
  });
});

describe('a consensus', () => {
  const THREE = ['openai/a', 'openai/b', 'openai/c'];
  const exact = { type: 'consensus', targets: THREE, compare: { type: 'exact' } };

  test('takes every field', () => {
    const body = {
      type: 'consensus',
      targets: [
        { chain: ['openai/gpt-4o', { target: 'together/gpt-4o', params: { seed: 1 } }], weight: 2 },
        { target: 'openai/b', system: 'Be brief.', params: { temperature: 0 }, weight: 0.5 },
        'openai/c',
        { chain: ['openai/d'] },
      ],
      quorum: 3,
      compare: {
        type: 'json',
        ignore_whitespace: false,
        ignore_case: true,
        ignore_punctuation: true,
        similarity: 0.9,
        relative_tolerance: 0.01,
        threshold: 0.8,
        fields: {
          amount: { relative_tolerance: 0.001, weight: 2, ignore_case: false },
          note: { free: true, ignore_whitespace: true, ignore_punctuation: false, similarity: 0.5 },
          'items[].at': { as: 'date' },
        },
      },
      grace_after_quorum: '0ms',
      early_exit: true,
      on_split: 'hold',
      approvals: 2,
      submitter_may_resolve: false,
      hold_timeout: '1h',
      ...common,
    };
    expect(resolve(body)).toStrictEqual({
      settings: {
        strategy: 'consensus',
        targets: [
          gpt,
          { provider: 'together', model: 'gpt-4o', params: { seed: 1 } },
          { ...openai('b'), system: 'Be brief.', params: { temperature: 0 } },
          openai('c'),
          openai('d'),
        ],
        ...commonSettings,
        legs: [
          { targets: [0, 1], weight: 2 },
          { targets: [2], weight: 0.5 },
          { targets: [3], weight: 1 },
          { targets: [4], weight: 1 },
        ],
        quorum: 3,
        compare: {
          type: 'json',
          ignoreWhitespace: false,
          ignoreCase: true,
          ignorePunctuation: true,
          similarity: 0.9,
          relativeTolerance: 0.01,
          threshold: 0.8,
          fields: {
            amount: { relativeTolerance: 0.001, weight: 2, ignoreCase: false },
            note: { free: true, ignoreWhitespace: true, ignorePunctuation: false, similarity: 0.5 },
            'items[].at': { as: 'date' },
          },
        },
        graceAfterQuorumMs: 0,
        earlyExit: true,
        onSplit: { type: 'hold', approvals: 2, submitterMayResolve: false, holdTimeoutMs: 3_600_000 },
      },
      deadlineMs: 10_000,
      onExhausted: 'fail',
    });
  });

  test.each([
    [{ type: 'exact' }, { type: 'exact' }],
    [
      { type: 'text', ignore_case: false },
      { type: 'text', ignoreCase: false },
    ],
    [
      { type: 'number', relative_tolerance: 0.1 },
      { type: 'number', relativeTolerance: 0.1 },
    ],
    [{ type: 'number' }, { type: 'number' }],
    [{ type: 'json' }, { type: 'json' }],
    [
      { type: 'judge', target: 'openai/gpt-4o' },
      { type: 'judge', target: gpt },
    ],
  ] as const)('by %j has the defaults of a configured one', (compare, configured) => {
    const legs = ['a', 'b', 'c'].map((model) => ({ targets: [openai(model)] }));
    expect(resolve({ ...exact, compare }).settings).toStrictEqual(
      consensusSettings(defaults, { legs, compare: configured }),
    );
  });

  test.each([
    ['openai/gpt-4o', [gpt]],
    [{ target: 'openai/d', system: 'Decide.' }, [{ ...openai('d'), system: 'Decide.' }]],
    [
      ['openai/d', 'openai/e'],
      [openai('d'), openai('e')],
    ],
  ])('escalates to %j', (escalateTo, targets) => {
    const { settings } = resolve({ ...exact, on_split: 'escalate', escalate_to: escalateTo });
    expect(settings).toMatchObject({ onSplit: { type: 'escalate', targets } });
  });

  test('of a request stays out of what its targets are called by', () => {
    expect(resolve(exact).settings.targets).toStrictEqual(['a', 'b', 'c'].map(openai));
  });
});

describe('a strategy that does not fit together is a 400 that names the field, and starts nothing', async () => {
  const { app, used } = await serverWithoutTemporal();
  const post = (strategy: object) => app.inject({ method: 'POST', url: SUBMIT, payload: { ...chat, strategy } });
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
