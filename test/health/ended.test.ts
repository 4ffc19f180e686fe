// Kind by kind: what the end of a call, a ping or a request that never went out tells the breaker and the score.

import { describe, expect, test } from 'vitest';
import type { FailureKind } from '../../src/domain/failure.ts';
import { sampleOf, tellsOf } from '../../src/health/ended.ts';
import { kinds } from './health-setup.ts';

/** Written down a second time on purpose: a change of the table has to be meant. */
const expected: Readonly<Record<FailureKind, { call: string; ping: string; unsent: string; unsentPing: string }>> = {
  'rate-limited': { call: 'crowded', ping: 'crowded', unsent: 'crowded', unsentPing: 'crowded' },
  'quota-exhausted': { call: 'account', ping: 'account', unsent: 'account', unsentPing: 'account' },
  overloaded: { call: 'fault', ping: 'fault', unsent: 'fault', unsentPing: 'fault' },
  'server-error': { call: 'fault', ping: 'fault', unsent: 'fault', unsentPing: 'fault' },
  timeout: { call: 'fault', ping: 'fault', unsent: 'fault', unsentPing: 'fault' },
  'first-token-timeout': { call: 'fault', ping: 'fault', unsent: 'fault', unsentPing: 'fault' },
  stalled: { call: 'fault', ping: 'fault', unsent: 'fault', unsentPing: 'fault' },
  // Of a provider that cannot be reached nothing ever goes out.
  connection: { call: 'fault', ping: 'fault', unsent: 'fault', unsentPing: 'fault' },
  auth: { call: 'account', ping: 'account', unsent: 'account', unsentPing: 'account' },
  'model-not-found': { call: 'alive', ping: 'well', unsent: 'nothing', unsentPing: 'nothing' },
  'invalid-request': { call: 'alive', ping: 'well', unsent: 'nothing', unsentPing: 'nothing' },
  unsupported: { call: 'alive', ping: 'well', unsent: 'nothing', unsentPing: 'nothing' },
  'context-too-long': { call: 'alive', ping: 'well', unsent: 'nothing', unsentPing: 'nothing' },
  'content-filtered': { call: 'alive', ping: 'well', unsent: 'nothing', unsentPing: 'nothing' },
  refused: { call: 'alive', ping: 'well', unsent: 'nothing', unsentPing: 'nothing' },
  truncated: { call: 'alive', ping: 'well', unsent: 'nothing', unsentPing: 'nothing' },
  empty: { call: 'fault', ping: 'well', unsent: 'fault', unsentPing: 'well' },
  malformed: { call: 'fault', ping: 'well', unsent: 'fault', unsentPing: 'well' },
  'schema-invalid': { call: 'alive', ping: 'well', unsent: 'nothing', unsentPing: 'nothing' },
  'expectation-failed': { call: 'alive', ping: 'well', unsent: 'nothing', unsentPing: 'nothing' },
  'breaker-open': { call: 'nothing', ping: 'nothing', unsent: 'nothing', unsentPing: 'nothing' },
  'not-configured': { call: 'nothing', ping: 'nothing', unsent: 'nothing', unsentPing: 'nothing' },
  cancelled: { call: 'nothing', ping: 'nothing', unsent: 'nothing', unsentPing: 'nothing' },
  'worker-lost': { call: 'nothing', ping: 'nothing', unsent: 'nothing', unsentPing: 'nothing' },
  unknown: { call: 'fault', ping: 'fault', unsent: 'fault', unsentPing: 'fault' },
};

describe('the breaker is told', () => {
  test.each(kinds)('by %s what the table says', (kind) => {
    expect({
      call: tellsOf({ kind, isPing: false, isSent: true }),
      ping: tellsOf({ kind, isPing: true, isSent: true }),
      unsent: tellsOf({ kind, isPing: false, isSent: false }),
      unsentPing: tellsOf({ kind, isPing: true, isSent: false }),
    }).toEqual(expected[kind]);
  });

  test('by success that all is well', () => {
    expect(tellsOf({ kind: null, isPing: false, isSent: true })).toBe('well');
    expect(tellsOf({ kind: null, isPing: true, isSent: true })).toBe('well');
  });
});

describe('the score', () => {
  const end = (kind: FailureKind | null, isPing = false) =>
    sampleOf({ target: 'a/1', kind, isPing, isProbe: false, isSent: true, durationMs: 900, firstTokenMs: 80 }, 7);

  /** `poor`: an answer that was no good, of a target that served. */
  const counted: Readonly<Record<FailureKind, 'failure' | 'poor' | 'poor failure' | 'not'>> = {
    'rate-limited': 'failure',
    'quota-exhausted': 'failure',
    overloaded: 'failure',
    'server-error': 'failure',
    timeout: 'failure',
    'first-token-timeout': 'failure',
    stalled: 'failure',
    connection: 'failure',
    auth: 'failure',
    'model-not-found': 'not',
    'invalid-request': 'not',
    unsupported: 'not',
    'context-too-long': 'not',
    'content-filtered': 'not',
    refused: 'not',
    truncated: 'poor',
    empty: 'poor failure',
    malformed: 'poor failure',
    'schema-invalid': 'poor',
    'expectation-failed': 'poor',
    'breaker-open': 'not',
    'not-configured': 'not',
    cancelled: 'not',
    'worker-lost': 'not',
    unknown: 'failure',
  };
  const samples = {
    failure: { atMs: 7, hasSucceeded: false, isGood: null, firstTokenMs: 80, totalMs: null },
    poor: { atMs: 7, hasSucceeded: true, isGood: false, firstTokenMs: 80, totalMs: null },
    'poor failure': { atMs: 7, hasSucceeded: false, isGood: false, firstTokenMs: 80, totalMs: null },
    not: null,
  };

  test.each(kinds)('counts a call that ended as %s as it should', (kind) => {
    expect(end(kind)).toEqual(samples[counted[kind]]);
  });

  test('counts a success with all that is known of it', () => {
    expect(end(null)).toEqual({ atMs: 7, hasSucceeded: true, isGood: true, firstTokenMs: 80, totalMs: 900 });
  });

  test.each(kinds)('judges no ping by its content, and counts its success and first token: %s', (kind) => {
    const tells = tellsOf({ kind, isPing: true, isSent: true });
    const sample = { atMs: 7, hasSucceeded: tells === 'well', isGood: null, firstTokenMs: 80, totalMs: null };
    expect(end(kind, true)).toEqual(tells === 'nothing' ? null : sample);
  });

  test('counts no length of a ping: its answers are shorter than others', () => {
    expect(end(null, true)).toMatchObject({ hasSucceeded: true, isGood: null, totalMs: null });
  });
});
