// Models that hold a vote for people, and the API keys of those people.

import { expect, test } from 'vitest';
import { approvalProblems } from '../../src/config.ts';
import type { ModelEntry } from '../../src/domain/catalog.ts';
import { consensusSettings } from '../../src/domain/strategies.ts';

const common = {
  attemptTimeoutMs: 1,
  firstTokenTimeoutMs: 1,
  stallTimeoutMs: 1,
  maxAttemptsPerTarget: 1,
  onRefusal: 'return' as const,
};
const model = (hold: { approvals?: number; submitterMayResolve?: boolean }): ModelEntry => ({
  settings: consensusSettings(common, {
    legs: ['a', 'b', 'c'].map((name) => ({ targets: [{ provider: name, model: name }] })),
    compare: { type: 'exact' },
    onSplit: 'hold',
    ...hold,
  }),
});
const keys = (operators: number, others = 0) => [
  ...Array.from({ length: operators }, () => ({ operator: true })),
  ...Array.from({ length: others }, () => ({ operator: false })),
];

test.each([
  ['anybody, without keys', {}, keys(0), 0],
  ['an operator', {}, keys(1, 1), 0],
  ['an operator, and only others have keys', {}, keys(0, 2), 1],
  ['two operators', { approvals: 2 }, keys(2), 0],
  ['two operators, and there is one', { approvals: 2 }, keys(1, 3), 1],
  ['two operators, without keys', { approvals: 2 }, keys(0), 1],
  ['somebody else, without keys', { submitterMayResolve: false }, keys(0), 1],
  ['somebody else, with a key', { submitterMayResolve: false }, keys(1), 0],
])('a model that is resolved by %s', (_, hold, apiKeys, problems) => {
  const found = approvalProblems({ models: { check: model(hold) } }, apiKeys);
  expect(found).toHaveLength(problems);
  for (const { path, message } of found) {
    expect(path).toBe('HOLDFAST_API_KEYS');
    expect(message).toContain('check');
  }
});
