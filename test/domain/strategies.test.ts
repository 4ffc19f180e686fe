// The fields of hedge and consensus: their defaults, and what does not fit together.

import { describe, expect, test } from 'vitest';
import { everyTarget } from '../../src/domain/model-settings.ts';
import type { ConsensusFields, HedgeFields } from '../../src/domain/strategies.ts';
import { consensusFaults, consensusSettings, hedgeFaults, hedgeSettings } from '../../src/domain/strategies.ts';
import type { Target } from '../../src/domain/target.ts';
import { parseTargetName } from '../../src/domain/target.ts';

const common = {
  attemptTimeoutMs: 60_000,
  firstTokenTimeoutMs: 30_000,
  stallTimeoutMs: 15_000,
  maxAttemptsPerTarget: 2,
  onRefusal: 'return',
} as const;

function target(name: string): Target {
  const parsed = parseTargetName(name);
  if (!parsed) throw new Error(`${name} is no target.`);
  return parsed;
}
const targets = (...names: readonly string[]) => names.map(target);
/** A text with spaces is a chain. */
const legs = (...chains: readonly string[]) => chains.map((chain) => ({ targets: targets(...chain.split(' ')) }));
const THREE = legs('a/alpha', 'b/beta', 'c/gamma');

describe('a hedge', () => {
  const two = targets('a/alpha', 'b/beta');
  const settings = (fields: Partial<HedgeFields>) => hedgeSettings(common, { targets: two, ...fields });

  test('waits for the p95 of its target, with a tenth of requests and spend, unless it is told otherwise', () => {
    expect(settings({})).toEqual({
      strategy: 'hedge',
      targets: two,
      ...common,
      hedgeDelay: 'p95',
      hedgeBudget: { requests: 0.1, spend: 0.1 },
    });
  });

  test('takes what it is told: each share by itself, and a delay of nothing', () => {
    expect(settings({ hedgeDelay: 0 }).hedgeDelay).toBe(0);
    expect(settings({ hedgeBudget: { spend: 0.5 } }).hedgeBudget).toEqual({ requests: 0.1, spend: 0.5 });
    expect(settings({ hedgeBudget: { requests: 0 } }).hedgeBudget).toEqual({ requests: 0, spend: 0.1 });
  });

  test.each<[string, HedgeFields, readonly string[]]>([
    ['of two is right', { targets: two }, []],
    ['of two with one model is right: it is the provider that is slow', { targets: targets('a/x', 'b/x') }, []],
    ['with a delay and a budget is right', { targets: two, hedgeDelay: 1, hedgeBudget: { requests: 0 } }, []],
    ['with a delay of 0 and no budget is right', { targets: two, hedgeDelay: 0 }, []],
    ['of one has nothing to hedge with', { targets: targets('a/x') }, ['targets needs two or more to hedge between']],
    [
      'with a budget that a delay of 0 switches off is told so',
      { targets: two, hedgeDelay: 0, hedgeBudget: {} },
      ['hedgeBudget has no effect with a hedgeDelay of 0: both start at once'],
    ],
  ])('%s', (_, fields, faults) => {
    expect(said(hedgeFaults(fields))).toEqual(faults);
  });
});

describe('a consensus', () => {
  const settings = (fields: Partial<ConsensusFields>) =>
    consensusSettings(common, { legs: THREE, compare: { type: 'exact' }, ...fields });

  test('hears every vote, gives the late 30 s, and fails when it is split, unless it is told otherwise', () => {
    expect(settings({})).toEqual({
      strategy: 'consensus',
      targets: targets('a/alpha', 'b/beta', 'c/gamma'),
      ...common,
      legs: [0, 1, 2].map((index) => ({ targets: [index], weight: 1 })),
      quorum: 2,
      compare: { type: 'exact' },
      graceAfterQuorumMs: 30_000,
      earlyExit: false,
      onSplit: { type: 'fail' },
    });
  });

  test('takes what it is told', () => {
    expect(settings({ quorum: 3, graceAfterQuorum: 0, earlyExit: true, onSplit: 'majority-field' })).toMatchObject({
      quorum: 3,
      graceAfterQuorumMs: 0,
      earlyExit: true,
      onSplit: { type: 'majority-field' },
    });
  });

  test.each([
    [3, 2],
    [4, 3],
    [5, 3],
    [6, 4],
  ])('of %d legs needs %d votes: more than half', (count, quorum) => {
    expect(settings({ legs: Array.from({ length: count }, () => THREE[0] ?? { targets: [] }) }).quorum).toBe(quorum);
  });

  test('lists the targets of all legs, and each leg its own by their place there', () => {
    const chains = legs('a/alpha b/alpha', 'c/beta', 'd/gamma a/gamma e/delta');
    const { targets: all, legs: found } = settings({
      legs: chains.map((leg, index) => (index === 1 ? leg : { ...leg, weight: index + 0.5 })),
    });
    expect(all).toEqual(targets('a/alpha', 'b/alpha', 'c/beta', 'd/gamma', 'a/gamma', 'e/delta'));
    expect(found).toEqual([
      { targets: [0, 1], weight: 0.5 },
      { targets: [2], weight: 1 },
      { targets: [3, 4, 5], weight: 2.5 },
    ]);
  });

  const rules = { ignoreWhitespace: true, ignoreCase: true, ignorePunctuation: false, similarity: 1 };

  test.each<[ConsensusFields['compare'], object]>([
    [{ type: 'exact' }, {}],
    [{ type: 'text' }, rules],
    [
      { type: 'text', ignoreCase: false, similarity: 0.9 },
      { ...rules, ignoreCase: false, similarity: 0.9 },
    ],
    [{ type: 'number' }, { relativeTolerance: 0 }],
    [{ type: 'number', relativeTolerance: 0.01 }, { relativeTolerance: 0.01 }],
    [{ type: 'json' }, { ...rules, ignoreCase: false, relativeTolerance: 0, threshold: 1, fields: {} }],
    [
      { type: 'json', ignoreCase: true, relativeTolerance: 0.1, threshold: 0.5, fields: { note: { free: true } } },
      { ...rules, relativeTolerance: 0.1, threshold: 0.5, fields: { note: { free: true } } },
    ],
    [{ type: 'judge', target: target('j/judge') }, { target: target('j/judge') }],
  ])('by %j compares with the defaults of that type', (compare, filled) => {
    expect(settings({ compare }).compare).toEqual({ type: compare.type, ...filled });
  });

  test('that is held waits a day for one person, who may be the submitter, unless it is told otherwise', () => {
    expect(settings({ onSplit: 'hold' }).onSplit).toEqual({
      type: 'hold',
      approvals: 1,
      submitterMayResolve: true,
      holdTimeoutMs: 24 * 3_600_000,
    });
    const told = { approvals: 2, submitterMayResolve: false, holdTimeout: 1_000 };
    expect(settings({ onSplit: 'hold', ...told }).onSplit).toEqual({
      type: 'hold',
      approvals: 2,
      submitterMayResolve: false,
      holdTimeoutMs: 1_000,
    });
  });

  test('that escalates names who decides', () => {
    const escalateTo = targets('d/delta', 'e/epsilon');
    expect(settings({ onSplit: 'escalate', escalateTo }).onSplit).toEqual({ type: 'escalate', targets: escalateTo });
  });

  test('may call its voters, its judge and those to whom it escalates', () => {
    const all = settings({
      compare: { type: 'judge', target: target('j/judge') },
      onSplit: 'escalate',
      escalateTo: targets('d/delta'),
    });
    expect(everyTarget(all)).toEqual(targets('a/alpha', 'b/beta', 'c/gamma', 'j/judge', 'd/delta'));
    expect(everyTarget(settings({}))).toEqual(targets('a/alpha', 'b/beta', 'c/gamma'));
    expect(everyTarget(hedgeSettings(common, { targets: targets('a/x', 'b/x') }))).toEqual(targets('a/x', 'b/x'));
  });
});

describe('a consensus that does not fit together', () => {
  const faults = (fields: Partial<ConsensusFields>) =>
    said(consensusFaults({ legs: THREE, compare: { type: 'exact' }, ...fields }));
  const json = { compare: { type: 'json' } } as const;

  test.each<[string, Partial<ConsensusFields>]>([
    ['three legs of different models', {}],
    ['legs that share a model behind the first: it votes for one of them only', { legs: sharedBackup() }],
    ['a leg whose chain has its one model at two providers', { legs: legs('a/alpha b/alpha', 'b/beta', 'c/gamma') }],
    ['all votes as the quorum', { quorum: 3 }],
    ['majority-field of JSON', { ...json, onSplit: 'majority-field' }],
    ['a judge that is no voter', { compare: { type: 'judge', target: target('a/judge') } }],
    ['an escalation to a further model', { onSplit: 'escalate', escalateTo: targets('d/delta') }],
    ['a hold with all its fields', { onSplit: 'hold', approvals: 2, submitterMayResolve: false, holdTimeout: 1 }],
  ])('is not one with %s', (_, fields) => {
    expect(faults(fields)).toEqual([]);
  });

  test.each<[string, Partial<ConsensusFields>, readonly string[]]>([
    ['two legs', { legs: legs('a/alpha', 'b/beta') }, ['targets needs three or more to vote']],
    ['a quorum of 1', { quorum: 1 }, ['quorum must be at least 2: one vote agrees with nobody']],
    ['a quorum of more than there are', { quorum: 4 }, ['quorum is more than there are votes (3)']],
    ['majority-field of texts', { onSplit: 'majority-field' }, ['onSplit needs compare: { type: json }']],
    ['nobody to escalate to', { onSplit: 'escalate' }, ['escalateTo is missing: it names who decides']],
    ['an empty escalation', { onSplit: 'escalate', escalateTo: [] }, ['escalateTo is missing: it names who decides']],
  ])('is one with %s', (_, fields, expected) => {
    expect(faults(fields)).toEqual(expected);
  });

  test.each([
    ['of another provider', 'a/alpha', 'b/alpha'],
    ['of another region', 'aws/eu.anthropic.claude-sonnet-4-5', 'aws/us.anthropic.claude-sonnet-4-5'],
    ['by its dated name', 'a/gpt-4o', 'a/gpt-4o-2024-08-06'],
    ['by its latest name', 'a/mistral-large-latest', 'b/mistral-large-2411'],
    ['through a router', 'a/gpt-4o', 'router/openai/gpt-4o'],
    ['at the head of a chain', 'a/alpha', 'b/alpha x/other'],
  ])('is one with two legs of one model, the second %s', (_, first, second) => {
    expect(faults({ legs: legs('z/zeta', first, 'y/ypsilon', second) })).toEqual([
      `targets.3 is the same model as ${first}: that is one vote, not two`,
    ]);
  });

  test('says so of each leg that is a second one', () => {
    expect(faults({ legs: legs('a/x', 'b/x', 'c/x') })).toEqual([
      'targets.1 is the same model as a/x: that is one vote, not two',
      'targets.2 is the same model as a/x: that is one vote, not two',
    ]);
  });

  test.each([
    ['itself', 'b/beta', 'b/beta'],
    ['by another provider', 'j/beta', 'b/beta'],
    ['as what a leg falls back to', 'j/spare-2024-01-01', 's/spare'],
  ])('is one with a judge that is a voter, %s', (_, judge, voter) => {
    const chained = legs('a/alpha s/spare', 'b/beta', 'c/gamma');
    expect(faults({ legs: chained, compare: { type: 'judge', target: target(judge) } })).toEqual([
      `compare.target is a voter (${voter}): nobody judges their own vote`,
    ]);
  });

  test('is one with an escalation to a model that has voted, also as what a leg falls back to', () => {
    const chained = legs('a/alpha s/spare', 'b/beta', 'c/gamma');
    const escalateTo = targets('d/delta', 'x/beta', 'y/spare');
    expect(faults({ legs: chained, onSplit: 'escalate', escalateTo })).toEqual([
      'escalateTo has voted already (b/beta): it takes a further model to decide',
      'escalateTo has voted already (s/spare): it takes a further model to decide',
    ]);
  });

  test.each<[string, Partial<ConsensusFields>, string]>([
    ['escalateTo', { escalateTo: targets('d/delta') }, 'escalate'],
    ['approvals', { approvals: 1 }, 'hold'],
    ['submitterMayResolve', { submitterMayResolve: true }, 'hold'],
    ['holdTimeout', { holdTimeout: 1_000 }, 'hold'],
  ])('is one with %s and no onSplit for which it means something', (name, fields, wanted) => {
    const fault = [`${name} has no effect without onSplit: ${wanted}`];
    expect(faults(fields)).toEqual(fault);
    expect(faults({ ...fields, ...json, onSplit: 'majority-field' })).toEqual(fault);
  });

  test('is told everything at once', () => {
    expect(faults({ legs: legs('a/x', 'b/x'), quorum: 3, onSplit: 'majority-field', approvals: 2 })).toHaveLength(5);
  });
});

function sharedBackup() {
  return legs('a/alpha s/spare', 'b/beta s/spare', 'c/gamma t/spare');
}

function said(faults: ReturnType<typeof consensusFaults>): readonly string[] {
  return faults.map(({ path, message }) => `${path.join('.')} ${message}`);
}
