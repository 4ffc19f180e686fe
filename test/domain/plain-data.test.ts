// The small pure functions over ids, targets, records and the catalog.

import { describe, expect, test } from 'vitest';
import type { CallRecord } from '../../src/domain/call.ts';
import { costOf, withLostAttempts } from '../../src/domain/call.ts';
import type { Catalog } from '../../src/domain/catalog.ts';
import { allTargets, findModel, findTarget } from '../../src/domain/catalog.ts';
import { isInferenceId, newInferenceId } from '../../src/domain/ids.ts';
import { parseTargetName, targetName } from '../../src/domain/target.ts';

describe('inference ids', () => {
  const id = (nowMs: number, byte: number) => newInferenceId({ nowMs, random: new Uint8Array(10).fill(byte) });

  test('have 26 digits, sort by time, and differ by their random part', () => {
    expect(id(1_700_000_000_000, 0)).toMatch(/^inf-[0-9a-z]{26}$/);
    expect(id(1_700_000_000_000, 255) < id(1_700_000_000_001, 0)).toBe(true);
    expect(id(1, 1)).not.toBe(id(1, 2));
    expect(isInferenceId(id(1, 1))).toBe(true);
  });

  test('are nothing else: other workflows of the namespace are out of reach', () => {
    for (const text of [
      '',
      'inf-',
      'target-health',
      'inf-UPPERCASE000000000000000000',
      `inf-${'a'.repeat(65)}`,
      'inf-../x',
    ]) {
      expect(isInferenceId(text)).toBe(false);
    }
  });

  test('need all their random bytes', () => {
    expect(() => newInferenceId({ nowMs: 1, random: new Uint8Array(9) })).toThrow(RangeError);
  });
});

test('a target is split at its first slash: models may have slashes of their own', () => {
  expect(parseTargetName('router/meta/llama')).toEqual({ provider: 'router', model: 'meta/llama' });
  expect(targetName({ provider: 'router', model: 'meta/llama' })).toBe('router/meta/llama');
  for (const text of ['', 'gpt', '/gpt', 'openai/']) expect(parseTargetName(text)).toBeNull();
});

describe('costs', () => {
  const usage = { inputTokens: 1_000, cachedInputTokens: null, outputTokens: 500, reasoningTokens: null };

  test('are USD per million tokens', () => {
    expect(costOf(usage, { input: 2, output: 8 })).toBeCloseTo(0.006);
  });

  test('are unknown, not 0, without a price or a count', () => {
    expect(costOf(usage, undefined)).toBeNull();
    expect(costOf(null, { input: 2, output: 8 })).toBeNull();
    expect(costOf({ ...usage, outputTokens: null }, { input: 2, output: 8 })).toBeNull();
  });
});

describe('lost attempts', () => {
  const lost = { target: 'a/1', model: '1', attempts: 3, startedAt: '2026-01-01T00:00:00.000Z' };
  const record: CallRecord = {
    target: 'a/1',
    model: '1',
    attempt: 2,
    outcome: 'failed',
    kind: 'timeout',
    startedAt: '',
    durationMs: 1,
    firstTokenMs: null,
    usage: null,
    costUsd: null,
    providerRequestId: null,
    possiblyBilled: true,
    message: '',
  };

  test('get a record each, possibly billed, between those that left one', () => {
    const records = withLostAttempts([record], lost);
    expect(records.map(({ attempt, kind }) => [attempt, kind])).toEqual([
      [1, 'worker-lost'],
      [2, 'timeout'],
      [3, 'worker-lost'],
    ]);
    expect(records.every(({ possiblyBilled }) => possiblyBilled)).toBe(true);
  });
});

describe('the catalog', () => {
  const defaults: Catalog['defaults'] = {
    strategy: 'failover',
    attemptTimeoutMs: 1,
    firstTokenTimeoutMs: 1,
    stallTimeoutMs: 1,
    maxAttemptsPerTarget: 2,
    onRefusal: 'return',
  };
  const catalog: Catalog = {
    models: { fast: { settings: { ...defaults, targets: [{ provider: 'a', model: 'x', system: 'Be brief.' }] } } },
    facts: { 'a/y': { contextWindow: 10 } },
    providers: { a: { region: null } },
    defaults,
    batchRules: { pollIntervalMs: 1, stuckAfterMs: 2, rescueConcurrency: 3 },
    configHash: 'hash',
  };

  test('knows model names, and targets named directly as a chain of one with what is known of them', () => {
    expect(findModel(catalog, 'fast')?.settings.targets).toHaveLength(1);
    expect(findModel(catalog, 'a/y')?.settings.targets).toEqual([{ provider: 'a', model: 'y', contextWindow: 10 }]);
    expect(findModel(catalog, 'b/y')).toBeNull();
    expect(findModel(catalog, 'toString')).toBeNull();
    expect(findTarget(catalog, 'fast')).toBeNull();
  });

  test('lists every target once, without what one chain adds to it', () => {
    expect(allTargets(catalog)).toEqual([
      { provider: 'a', model: 'x' },
      { provider: 'a', model: 'y', contextWindow: 10 },
    ]);
  });
});
