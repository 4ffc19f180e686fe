// Whether the service takes one more inference.

import { describe, expect, test } from 'vitest';
import { createAdmit } from '../../src/domain/admission.ts';
import type { ModelSettings } from '../../src/domain/model-settings.ts';
import { consensusSettings, hedgeSettings } from '../../src/domain/strategies.ts';

const chain: ModelSettings = {
  strategy: 'failover',
  targets: [
    { provider: 'a', model: '1' },
    { provider: 'b', model: 'x/y' },
  ],
  attemptTimeoutMs: 60_000,
  firstTokenTimeoutMs: 20_000,
  stallTimeoutMs: 20_000,
  maxAttemptsPerTarget: 3,
  onRefusal: 'return',
};
/** For an inference with a minute: it waits for at most half of it. */
const admit = (more: {
  running?: number;
  waits?: Readonly<Record<string, number>>;
  targets?: ModelSettings['targets'];
}) => {
  const { running = 0, waits = {}, targets = chain.targets } = more;
  const mayStart = createAdmit({ maxInFlight: 100, running: () => running, waitMs: (target) => waits[target] ?? 0 });
  return mayStart({ settings: { ...chain, targets }, deadlineMs: 60_000 });
};

describe('an inference is refused', () => {
  test.each([100, 101])('when %d of 100 run', (running) => {
    expect(admit({ running })).toEqual({ reason: 'in-flight', retryAfterMs: 2_000 });
  });

  test('when no target has room in half of its time, until the first has', () => {
    expect(admit({ waits: { 'a/1': 90_000, 'b/x/y': 30_001 } })).toEqual({ reason: 'budgets', retryAfterMs: 30_001 });
  });

  test('for want of places first, whatever the budgets', () => {
    expect(admit({ running: 100, waits: { 'a/1': 90_000, 'b/x/y': 90_000 } })?.reason).toBe('in-flight');
  });
});

describe('an inference is taken', () => {
  test('when one place is left', () => {
    expect(admit({ running: 99 })).toBeNull();
  });

  test('when one of its targets has room in half of its time', () => {
    expect(admit({ waits: { 'a/1': 90_000, 'b/x/y': 30_000 } })).toBeNull();
  });
});

describe('a vote of three, of which two must agree,', () => {
  const { strategy: _, targets: __, ...common } = chain;
  const legs = [
    { targets: [{ provider: 'a', model: '1' }] },
    {
      targets: [
        { provider: 'b', model: '1' },
        { provider: 'c', model: '1' },
      ],
    },
    { targets: [{ provider: 'd', model: '1' }] },
  ];
  const voting = (waits: Readonly<Record<string, number>>, quorum = 2) => {
    const mayStart = createAdmit({ maxInFlight: 1, running: () => 0, waitMs: (target) => waits[target] ?? 0 });
    const settings = consensusSettings(common, { legs, quorum, compare: { type: 'exact' } });
    return mayStart({ settings, deadlineMs: 60_000 });
  };

  test('is taken when two legs have room in half of its time', () => {
    expect(voting({ 'a/1': 90_000 })).toBeNull();
    expect(voting({ 'a/1': 90_000, 'b/1': 30_000, 'c/1': 90_000, 'd/1': 30_000 })).toBeNull();
  });

  test('is taken when another target of a leg has room', () => {
    expect(voting({ 'a/1': 90_000, 'b/1': 90_000 })).toBeNull();
  });

  test('is refused when one leg alone has room, until a second one has', () => {
    expect(voting({ 'a/1': 90_000, 'b/1': 50_000, 'c/1': 40_000 })).toEqual({
      reason: 'budgets',
      retryAfterMs: 40_000,
    });
    expect(voting({ 'a/1': 70_000, 'd/1': 80_000 })).toEqual({ reason: 'budgets', retryAfterMs: 70_000 });
  });

  test('needs as many as its quorum', () => {
    expect(voting({ 'd/1': 31_000 }, 3)).toEqual({ reason: 'budgets', retryAfterMs: 31_000 });
  });
});

test('a race is taken when one of its targets has room', () => {
  const { strategy: _, targets, ...common } = chain;
  const settings = hedgeSettings(common, { targets });
  const taken = (waits: Readonly<Record<string, number>>) =>
    createAdmit({ maxInFlight: 1, running: () => 0, waitMs: (target) => waits[target] ?? 0 })({
      settings,
      deadlineMs: 60_000,
    });
  expect(taken({ 'a/1': 90_000 })).toBeNull();
  expect(taken({ 'a/1': 90_000, 'b/x/y': 80_000 })).toEqual({ reason: 'budgets', retryAfterMs: 80_000 });
});
