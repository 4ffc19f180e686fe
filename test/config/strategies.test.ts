// Hedge and consensus in the configuration file: what becomes of them.

import { describe, expect, it } from 'vitest';
import { allTargets } from '../../src/domain/catalog.ts';
import { targetName } from '../../src/domain/target.ts';
import { load, problemsOf } from './config-file.ts';
import { EXACT, HEDGE, indented, problems, PROVIDERS, settingsOf, VOTE } from './model-lines.ts';

const limits = {
  attemptTimeoutMs: 60_000,
  firstTokenTimeoutMs: 30_000,
  stallTimeoutMs: 15_000,
  maxAttemptsPerTarget: 2,
  onRefusal: 'return',
} as const;

/** By the provider's list, whose numbers are not ours. */
const LISTED = expect.anything();

describe('the models of the issue', () => {
  const models = () =>
    load(`${PROVIDERS}targets:
  openai/gpt-4o: { price: { input: 2.5, output: 10 }, contextWindow: 128000 }
models:
  trade-check:
    strategy: consensus
    targets: [ { chain: [openai/gpt-4o, openai-eu/gpt-4o], weight: 1 }, claude/claude-sonnet-4-5, gemini/gemini-2.5-pro ]
    quorum: 2
    compare: { type: json, relativeTolerance: 0, fields: { amount: { relativeTolerance: 0.001, weight: 2 }, note: { free: true } } }
    graceAfterQuorum: 30s
    earlyExit: false
    onSplit: hold
    approvals: 1
    holdTimeout: 24h
  quick:
    strategy: hedge
    targets: [gemini/gemini-2.5-flash, openai/gpt-4o-mini]
    hedgeDelay: p95
    hedgeBudget: { requests: 0.05, spend: 0.05 }
`).catalog.models;

  it('become a vote of three legs that is held when it is split', () => {
    expect(models()['trade-check']).toEqual({
      settings: {
        strategy: 'consensus',
        targets: [
          {
            provider: 'openai',
            model: 'gpt-4o',
            price: { input: 2.5, output: 10, batch: 0.5 },
            contextWindow: 128_000,
          },
          { provider: 'openai-eu', model: 'gpt-4o', price: LISTED },
          { provider: 'claude', model: 'claude-sonnet-4-5', price: LISTED },
          { provider: 'gemini', model: 'gemini-2.5-pro', price: LISTED },
        ],
        ...limits,
        legs: [
          { targets: [0, 1], weight: 1 },
          { targets: [2], weight: 1 },
          { targets: [3], weight: 1 },
        ],
        quorum: 2,
        compare: {
          type: 'json',
          ignoreWhitespace: true,
          ignoreCase: false,
          ignorePunctuation: false,
          similarity: 1,
          relativeTolerance: 0,
          threshold: 1,
          fields: { amount: { relativeTolerance: 0.001, weight: 2 }, note: { free: true } },
        },
        graceAfterQuorumMs: 30_000,
        earlyExit: false,
        onSplit: { type: 'hold', approvals: 1, submitterMayResolve: true, holdTimeoutMs: 86_400_000 },
      },
    });
  });

  it('and a race of two with a budget', () => {
    expect(models()['quick']).toEqual({
      settings: {
        strategy: 'hedge',
        targets: [
          { provider: 'gemini', model: 'gemini-2.5-flash', price: LISTED },
          { provider: 'openai', model: 'gpt-4o-mini', price: LISTED },
        ],
        ...limits,
        hedgeDelay: 'p95',
        hedgeBudget: { requests: 0.05, spend: 0.05 },
      },
    });
  });
});

describe('a model that races', () => {
  it('takes the limits, the ranking and the overrides that a chain takes', () => {
    const fields = ['order: latency', 'minimumSuccess: 0.5', 'minimumQuality: 0.4', 'hedgeDelay: 250ms'];
    const targets = 'targets: [local/a, { target: local/b, system: Be brief., params: { seed: 1 } }]';
    expect(settingsOf('strategy: hedge', targets, 'attemptTimeout: 5s', ...fields)).toMatchObject({
      targets: [
        { provider: 'local', model: 'a' },
        { provider: 'local', model: 'b', system: 'Be brief.', params: { seed: 1 } },
      ],
      attemptTimeoutMs: 5_000,
      stallTimeoutMs: 5_000,
      order: 'latency',
      minimumSuccess: 0.5,
      minimumQuality: 0.4,
      hedgeDelay: 250,
      hedgeBudget: { requests: 0.1, spend: 0.1 },
    });
  });

  it('may start all at once', () => {
    expect(settingsOf(...HEDGE, 'hedgeDelay: 0ms')).toMatchObject({ hedgeDelay: 0 });
  });

  it('needs a price to go by cost, as a chain does', () => {
    expect(problems(...HEDGE, 'order: cost')).toEqual([
      '11 models.m.order: is cost, but none of the targets has a price',
    ]);
    const priced = 'targets: { local/b: { price: { input: 1, output: 1 } } }\n';
    expect(problemsOf(`${PROVIDERS}${priced}models:\n  m:\n${indented([...HEDGE, 'order: cost'])}`)).toEqual([]);
  });
});

describe('a model that votes', () => {
  it('has legs that are a target, one with overrides and a weight, or a chain of such', () => {
    const third = '{ chain: [local/c, { target: local/d, params: { temperature: 0 } }], weight: 0.5 }';
    const targets = `targets: [local/a, { target: local/b, system: Be brief., weight: 2 }, ${third}]`;
    expect(settingsOf('strategy: consensus', targets, 'compare: { type: exact }')).toMatchObject({
      targets: [
        { provider: 'local', model: 'a' },
        { provider: 'local', model: 'b', system: 'Be brief.' },
        { provider: 'local', model: 'c' },
        { provider: 'local', model: 'd', params: { temperature: 0 } },
      ],
      legs: [
        { targets: [0], weight: 1 },
        { targets: [1], weight: 2 },
        { targets: [2, 3], weight: 0.5 },
      ],
    });
  });

  it('keeps the weight of a leg out of its target', () => {
    const settings = settingsOf(
      'strategy: consensus',
      'targets: [local/a, { target: local/b, weight: 2 }, local/c]',
      'compare: { type: exact }',
    );
    expect(settings?.targets).toEqual(['a', 'b', 'c'].map((model) => ({ provider: 'local', model })));
  });

  it.each([
    ['{ type: exact }', { type: 'exact' }],
    ['{ type: text, ignorePunctuation: true, similarity: 0.9 }', { ignorePunctuation: true, similarity: 0.9 }],
    ['{ type: number, relativeTolerance: 0.01 }', { type: 'number', relativeTolerance: 0.01 }],
    ['{ type: json, fields: { "items[].at": { as: date } } }', { fields: { 'items[].at': { as: 'date' } } }],
    ['{ type: judge, target: local/j }', { type: 'judge', target: { provider: 'local', model: 'j' } }],
  ])('compares by %s', (compare, expected) => {
    expect(settingsOf(...VOTE, `compare: ${compare}`)).toMatchObject({ compare: expected });
  });

  it.each([
    ['local/d', [{ provider: 'local', model: 'd' }]],
    ['{ target: local/d, system: Decide. }', [{ provider: 'local', model: 'd', system: 'Decide.' }]],
    ['[local/d, local/e]', ['d', 'e'].map((model) => ({ provider: 'local', model }))],
  ])('escalates to %s', (escalateTo, targets) => {
    expect(settingsOf(...EXACT, 'onSplit: escalate', `escalateTo: ${escalateTo}`)).toMatchObject({
      onSplit: { type: 'escalate', targets },
    });
  });

  it('may have one model that judges and decides, and legs that fall back to the same', () => {
    const legs = 'targets: [{ chain: [local/a, local/s] }, { chain: [local/b, local/s] }, local/c]';
    const judged = ['compare: { type: judge, target: local/j }', 'onSplit: escalate', 'escalateTo: local/j'];
    expect(problems('strategy: consensus', legs, ...judged)).toEqual([]);
  });

  it('has its judge and those to whom it escalates among the targets whose health is known', () => {
    const { catalog } = load(
      `${PROVIDERS}models:\n  m:\n${indented([
        ...VOTE,
        'compare: { type: judge, target: gemini/j }',
        'onSplit: escalate',
        'escalateTo: [claude/d, local/a2]',
      ])}`,
    );
    expect(allTargets(catalog).map(targetName)).toEqual([
      'local/a',
      'local/b',
      'local/c',
      'gemini/j',
      'claude/d',
      'local/a2',
    ]);
  });

  it('gives a judge and those to whom it escalates what is known of their targets', () => {
    const price = { input: 1, output: 2 };
    const { catalog } = load(
      `${PROVIDERS}targets: { local/j: { price: { input: 1, output: 2 } } }\nmodels:\n  m:\n${indented([
        ...VOTE,
        'compare: { type: judge, target: local/j }',
        'onSplit: escalate',
        'escalateTo: local/j',
      ])}`,
    );
    expect(catalog.models['m']?.settings).toMatchObject({
      compare: { target: { price } },
      onSplit: { targets: [{ price }] },
    });
  });
});
