// Hedge and consensus as a request brings them: each field in snake_case.

import { describe, expect, test } from 'vitest';
import { consensusSettings, hedgeSettings } from '../../src/domain/strategies.ts';
import { resolveModel } from '../../src/http/resolve-model.ts';
import type { StrategyBody } from '../../src/http/strategy-schema.ts';
import { strategySchema } from '../../src/http/strategy-schema.ts';
import { catalog } from './server-without-temporal.ts';

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
