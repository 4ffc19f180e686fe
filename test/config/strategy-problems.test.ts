// Hedge and consensus in the configuration file: what is refused, where, and why.

import { describe, expect, it } from 'vitest';
import { problemsOf } from './config-file.ts';
import { EXACT, HEDGE, problems, PROVIDERS, VOTE } from './model-lines.ts';

describe('a model that races is refused', () => {
  it.each([
    [['targets: [local/a]'], '10 models.m.targets: needs two or more to hedge between'],
    [['targets: [local/a, local/a]'], '10 models.m.targets[1]: local/a is in this chain already'],
    [['targets: [local/a, nobody/b]'], '10 models.m.targets[1]: no provider is called nobody; known: '],
    [['targets: [local/a, { target: local/b, weight: 2 }]'], '10 models.m.targets[1].weight: unknown field'],
    [['targets: [local/a, local/b]', 'hedgeDelay: soon'], '11 models.m.hedgeDelay: must be p95, or a duration such as'],
    [['targets: [local/a, local/b]', 'hedgeDelay: 0'], '11 models.m.hedgeDelay: must be p95, or a duration such as'],
    [['targets: [local/a, local/b]', 'hedgeDelay: 8d'], '11 models.m.hedgeDelay: must be between 0s and 7d'],
    [['targets: [local/a, local/b]', 'hedgeBudget: { requests: 5 }'], '11 models.m.hedgeBudget.requests: must be at'],
    [['targets: [local/a, local/b]', 'hedgeBudget: { money: 0.5 }'], '11 models.m.hedgeBudget.money: unknown field'],
    [
      ['targets: [local/a, local/b]', 'hedgeDelay: 0ms', 'hedgeBudget: { requests: 0.5 }'],
      '12 models.m.hedgeBudget: has no effect with a hedgeDelay of 0',
    ],
  ])('with %j', (fields, problem) => {
    expect(problems('strategy: hedge', ...fields)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('a model that votes is refused', () => {
  it('with a stream that is live, since there is no answer before the votes are compared', () => {
    expect(problems(...EXACT, 'stream: live')).toEqual([expect.stringContaining('stream: must be verified for')]);
    expect(problems(...EXACT, 'stream: verified')).toEqual([]);
  });

  it.each([
    ['[local/a, local/b]', 'models.m.targets: needs three or more to vote'],
    ['[local/a, local/b, local/a]', 'models.m.targets[2]: is the same model as local/a: that is one vote, not two'],
    ['[openai/gpt-4o, local/b, openai-eu/gpt-4o]', 'models.m.targets[2]: is the same model as openai/gpt-4o'],
    ['[openai/gpt-4o, local/b, openai/gpt-4o-2024-08-06]', 'models.m.targets[2]: is the same model as openai/gpt-4o'],
    ['[local/a, local/b, { chain: [openai/a, local/x] }]', 'models.m.targets[2]: is the same model as local/a'],
    ['[local/a, local/b, nobody/c]', 'models.m.targets[2]: no provider is called nobody'],
    ['[local/a, local/b, c]', 'models.m.targets[2]: must be provider/model'],
    ['[local/a, local/b, { target: nobody/c, weight: 2 }]', 'models.m.targets[2].target: no provider is called nobody'],
    [
      '[local/a, local/b, { chain: [local/c, nobody/c] }]',
      'models.m.targets[2].chain[1]: no provider is called nobody',
    ],
    ['[local/a, local/b, { chain: [{ target: c }] }]', 'models.m.targets[2].chain[0].target: must be provider/model'],
    ['[local/a, local/b, { chain: [local/c, local/c] }]', 'models.m.targets[2].chain[1]: local/c is in this chain'],
    ['[local/a, local/b, { chain: [] }]', 'models.m.targets[2].chain: needs at least one entry'],
    ['[local/a, local/b, { chain: [5] }]', 'models.m.targets[2].chain[0]: must be provider/model, or a mapping'],
    ['[local/a, local/b, { chain: [local/c], wait: 1 }]', 'models.m.targets[2].wait: unknown field'],
    ['[local/a, local/b, { chain: [local/c], system: x }]', 'models.m.targets[2].system: unknown field'],
    ['[local/a, local/b, { target: local/c, weight: 0 }]', 'models.m.targets[2].weight: must be above 0'],
    ['[local/a, local/b, 5]', 'models.m.targets[2]: must be provider/model, or a mapping with the field target or'],
  ])('with the targets %s', (targets, problem) => {
    expect(problems('strategy: consensus', `targets: ${targets}`, 'compare: { type: exact }')).toEqual([
      expect.stringContaining(`10 ${problem}`),
    ]);
  });

  it.each([
    ['exact', 'compare: must be a mapping'],
    ['{ type: fuzzy }', 'compare.type: must be one of exact, text, number, json, judge'],
    ['{}', 'compare.type: must be one of exact, text, number, json, judge'],
    ['{ type: exact, ignoreCase: true }', 'compare.ignoreCase: unknown field'],
    ['{ type: text, relativeTolerance: 0 }', 'compare.relativeTolerance: unknown field'],
    ['{ type: text, similarity: 2 }', 'compare.similarity: must be at most 1'],
    ['{ type: number, relativeTolerance: -1 }', 'compare.relativeTolerance: must be at least 0'],
    ['{ type: json, threshold: 0 }', 'compare.threshold: must be above 0'],
    ['{ type: json, fields: { a: { as: time } } }', 'compare.fields.a.as: must be one of date, set'],
    ['{ type: json, fields: { a: { wieght: 2 } } }', 'compare.fields.a.wieght: unknown field'],
    ['{ type: judge }', 'compare.target: is missing'],
    ['{ type: judge, target: judge }', 'compare.target: must be provider/model'],
    ['{ type: judge, target: nobody/j }', 'compare.target: no provider is called nobody'],
    ['{ type: judge, target: local/b }', 'compare.target: is a voter (local/b): nobody judges their own vote'],
    ['{ type: judge, target: gemini/b-latest }', 'compare.target: is a voter (local/b): nobody judges their own vote'],
  ])('with compare: %s', (compare, problem) => {
    expect(problems(...VOTE, `compare: ${compare}`)).toEqual([expect.stringContaining(`11 models.m.${problem}`)]);
  });

  it('with nothing to compare by', () => {
    expect(problems(...VOTE)).toEqual(['8 models.m.compare: is missing']);
  });

  it.each([
    ['quorum: 1', 'quorum: must be at least 2: one vote agrees with nobody'],
    ['quorum: 4', 'quorum: is more than there are votes (3)'],
    ['quorum: 2.5', 'quorum: must be a whole number'],
    ['graceAfterQuorum: 8d', 'graceAfterQuorum: must be between 0s and 7d'],
    ['earlyExit: soon', 'earlyExit: must be true or false'],
    ['onSplit: ask', 'onSplit: must be one of fail, majority-field, escalate, hold'],
    ['onSplit: majority-field', 'onSplit: needs compare: { type: json }'],
    ['escalateTo: local/d', 'escalateTo: has no effect without onSplit: escalate'],
    ['approvals: 2', 'approvals: has no effect without onSplit: hold'],
    ['approvals: 0', 'approvals: must be at least 1'],
    ['submitterMayResolve: false', 'submitterMayResolve: has no effect without onSplit: hold'],
    ['holdTimeout: 1h', 'holdTimeout: has no effect without onSplit: hold'],
    ['holdTimeout: 31d', 'holdTimeout: must be between 1s and 30d'],
  ])('with %s', (field, problem) => {
    expect(problems(...EXACT, field)).toEqual([`12 models.m.${problem}`]);
  });

  it.each([
    ['local/b', 'escalateTo: has voted already (local/b): it takes a further model to decide'],
    ['gemini/b-latest', 'escalateTo: has voted already (local/b): it takes a further model to decide'],
    ['nobody/d', 'escalateTo: no provider is called nobody'],
    ['{ target: nobody/d }', 'escalateTo.target: no provider is called nobody'],
    ['[local/d, nobody/e]', 'escalateTo[1]: no provider is called nobody'],
    ['[local/d, local/d]', 'escalateTo[1]: local/d is in this chain already'],
    ['[]', 'escalateTo: needs at least one entry'],
    ['5', 'escalateTo: must be provider/model, or a mapping with the field target'],
  ])('with escalateTo: %s', (escalateTo, problem) => {
    expect(problems(...EXACT, 'onSplit: escalate', `escalateTo: ${escalateTo}`)).toEqual([
      expect.stringContaining(`13 models.m.${problem}`),
    ]);
  });

  it('with onSplit: escalate and nobody to escalate to', () => {
    expect(problems(...EXACT, 'onSplit: escalate')).toEqual([
      '8 models.m.escalateTo: is missing: it names who decides',
    ]);
  });

  it('with everything that is wrong with it at once', () => {
    expect(
      problems('strategy: consensus', 'targets: [local/a, openai/a]', 'compare: { type: exact }', 'quorum: 3'),
    ).toEqual([
      '10 models.m.targets: needs three or more to vote',
      '10 models.m.targets[1]: is the same model as local/a: that is one vote, not two',
      '12 models.m.quorum: is more than there are votes (2)',
    ]);
  });
});

describe('a field of another strategy is unknown', () => {
  const chain = ['targets: [local/a, local/b]'];

  it.each([
    ['failover', chain, 'hedgeDelay: 0ms'],
    ['failover', chain, 'hedgeBudget: { requests: 0 }'],
    ['failover', chain, 'quorum: 2'],
    ['failover', chain, 'compare: { type: exact }'],
    ['hedge', HEDGE, 'quorum: 2'],
    ['hedge', HEDGE, 'onSplit: fail'],
    ['hedge', HEDGE, 'graceAfterQuorum: 1s'],
    ['consensus', EXACT, 'hedgeDelay: p95'],
    ['consensus', EXACT, 'order: cost'],
    ['consensus', EXACT, 'minimumSuccess: 0.5'],
    ['consensus', EXACT, 'minimumQuality: 0.5'],
  ])('in %s: %#', (_, fields, field) => {
    const line = 9 + fields.length;
    expect(problems(...fields, field)).toEqual([`${line} models.m.${field.split(':')[0]}: unknown field`]);
  });

  it('as is a weight in a chain', () => {
    expect(problems('targets: [{ target: local/a, weight: 2 }]')).toEqual([
      '9 models.m.targets[0].weight: unknown field',
    ]);
  });
});

it.each(['roulette', '5', '[hedge]'])('%s is no strategy', (strategy) => {
  expect(problems(`strategy: ${strategy}`, 'targets: [local/a]')).toEqual([
    '9 models.m.strategy: must be one of failover, hedge, consensus',
  ]);
});

it('a model that is no mapping is told that it must be one', () => {
  expect(problemsOf(`${PROVIDERS}models:\n  m: 5\n`)).toEqual(['8 models.m: must be a mapping']);
});
