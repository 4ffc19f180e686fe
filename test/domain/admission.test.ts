// Whether the service takes one more inference.

import { describe, expect, test } from 'vitest';
import { createAdmit } from '../../src/domain/admission.ts';
import type { ModelSettings } from '../../src/domain/model-settings.ts';

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
