// Votes without an answer, to the client that waits for one.

import { describe, expect, test } from 'vitest';
import type { CallRecord } from '../../src/domain/call.ts';
import type { InferenceFailure } from '../../src/domain/inference.ts';
import { failureError } from '../../src/http/failure-error.ts';
import { verdictObject } from '../../src/http/verdict-object.ts';
import { call, failed, id, inconclusive, split } from './votes.ts';

describe('a vote that fails', () => {
  const errorOf = (fields: Partial<InferenceFailure>) => {
    const failure = failed(fields);
    return failureError({ id, failure, calls: failure.calls });
  };
  const short = (calls: readonly CallRecord[], more: Partial<InferenceFailure> = {}) =>
    errorOf({ code: 'consensus_inconclusive', verdict: inconclusive, calls, ...more });

  test('by a split is a 422 with every vote and every call, and is not to be retried', () => {
    const error = errorOf({});
    expect(error.status).toBe(422);
    expect(error.headers).toEqual({
      'x-should-retry': 'false',
      'x-holdfast-inference-id': id,
      'x-holdfast-verdict': 'split',
    });
    expect(error.body.error).toMatchObject({
      code: 'consensus_split',
      type: 'inference_error',
      message: 'The votes are split.',
      inference_id: id,
      verdict: verdictObject(split),
    });
    expect(error.body.error.calls).toHaveLength(3);
  });

  test('for want of votes is a 502, whose verdict says so', () => {
    const error = short([call('one/gpt-4o', null), call('two/beta', 'timeout'), call('three/gamma', 'overloaded')]);
    expect(error.status).toBe(502);
    expect(error.headers).toEqual({
      'x-should-retry': 'false',
      'x-holdfast-inference-id': id,
      'x-holdfast-verdict': 'inconclusive',
    });
    expect(error.body.error).toMatchObject({
      code: 'consensus_inconclusive',
      type: 'inference_error',
      verdict: { outcome: 'inconclusive' },
    });
  });

  test.each([
    ['all calls', [call('one/x', 'rate-limited'), call('two/y', 'overloaded'), call('three/z', 'breaker-open')]],
    ['the calls beside one that succeeded', [call('one/x', null), call('two/y', 'overloaded')]],
    ['the calls beside one that was cancelled', [call('one/x', 'cancelled'), call('two/y', 'overloaded')]],
    ['the last attempts', [call('one/x', null), call('two/y', 'timeout'), call('two/y', 'overloaded')]],
  ])('for want of capacity of %s is a 503 with Retry-After', (_, calls) => {
    const error = short(calls);
    expect(error.status).toBe(503);
    expect(error.body.error.code).toBe('consensus_inconclusive');
    expect(error.headers).toMatchObject({
      'retry-after': '10',
      'x-should-retry': 'false',
      'x-holdfast-verdict': 'inconclusive',
    });
    const cause = { kind: 'overloaded', message: 'x', retryAfterMs: 3_100 } as const;
    expect(short(calls, { cause }).headers).toMatchObject({ 'retry-after': '4' });
  });

  test.each([
    ['nothing failed: no vote was readable', [call('one/x', null), call('two/y', null)]],
    ['all that failed was cancelled', [call('one/x', null), call('two/y', 'cancelled')]],
  ])('is no 503 when %s', (_, calls) => {
    expect(short(calls).status).toBe(502);
  });

  test.each(['consensus_inconclusive', 'all_targets_failed'] as const)('as %s at its deadline is a 504', (code) => {
    const error = short([call('one/x', 'overloaded')], { code, isLate: true });
    expect(error.status).toBe(504);
    expect(error.body.error.code).toBe(code);
    expect(error.headers).not.toHaveProperty('retry-after');
  });
});
