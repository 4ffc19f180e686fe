// The rate limits in a provider's response headers, in the forms that are about.

import { describe, expect, test } from 'vitest';
import { readRateHeaders } from '../../activities/providers/rate-headers.ts';

const nowMs = Date.parse('2026-12-01T10:00:00Z');
const read = (headers: Record<string, string>) => readRateHeaders(headers, nowMs);

test('an answer that says nothing of limits teaches nothing', () => {
  expect(read({})).toBeNull();
  expect(
    read({ 'content-type': 'text/event-stream', 'retry-after': '3', date: 'Tue, 01 Dec 2026 10:00:00 GMT' }),
  ).toBeNull();
});

describe('nonsense is nothing said', () => {
  test.each(['', 'many', '-1', '1.5', '5, 5', '1e3', '99999999999999999999'])('as a count: %j', (value) => {
    expect(read({ 'x-ratelimit-remaining-requests': value })).toBeNull();
  });

  test.each(['', 'soon', '-3s', '6m 0s', '1767225600', '2026-13-45T99:99:99Z', 'NaN'])('as a reset: %j', (value) => {
    expect(read({ 'x-ratelimit-reset-requests': value })).toBeNull();
  });

  test('as a reset: longer than any number', () => {
    expect(read({ 'x-ratelimit-reset-requests': `${'9'.repeat(400)}h` })).toBeNull();
  });

  test('and what stands beside it is still read', () => {
    expect(read({ 'x-ratelimit-remaining-requests': '?', 'x-ratelimit-remaining-tokens': '7' })).toMatchObject({
      remainingRequests: null,
      remainingTokens: 7,
    });
  });

  test('as is a name that only looks alike', () => {
    expect(read({ 'x-ratelimit-remaining-tokens_usage_based': '0' })).toBeNull();
    expect(read({ 'x-ratelimit-remaining-req-month': '0' })).toBeNull();
    expect(read({ 'x-ratelimit-remaining': '0' })).toBeNull();
  });
});

describe('the field before what it counts', () => {
  test('with durations', () => {
    const headers = {
      'x-ratelimit-limit-requests': '5000',
      'x-ratelimit-limit-tokens': '160000',
      'x-ratelimit-remaining-requests': '4999',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-requests': '12ms',
      'x-ratelimit-reset-tokens': '6m0.5s',
    };
    expect(read(headers)).toEqual({
      limitRequests: 5_000,
      remainingRequests: 4_999,
      resetRequestsMs: 12,
      limitTokens: 160_000,
      remainingTokens: 0,
      resetTokensMs: 360_500,
    });
  });

  test('with seconds', () => {
    expect(read({ 'x-ratelimit-reset-requests': '2.5' })).toMatchObject({ resetRequestsMs: 2_500 });
  });

  test('with a minute in the name and no reset', () => {
    const headers = { 'x-ratelimit-remaining-req-minute': '717', 'x-ratelimit-limit-tokens-minute': '5000000' };
    expect(read(headers)).toEqual({
      limitRequests: null,
      remainingRequests: 717,
      resetRequestsMs: null,
      limitTokens: 5_000_000,
      remainingTokens: null,
      resetTokensMs: null,
    });
  });
});

describe('the field behind what it counts', () => {
  const split = {
    'anthropic-ratelimit-requests-limit': '50',
    'anthropic-ratelimit-requests-remaining': '0',
    'anthropic-ratelimit-requests-reset': '2026-12-01T10:00:30Z',
    'anthropic-ratelimit-input-tokens-limit': '30000',
    'anthropic-ratelimit-input-tokens-remaining': '29000',
    'anthropic-ratelimit-input-tokens-reset': '2026-12-01T10:00:02Z',
    'anthropic-ratelimit-output-tokens-limit': '8000',
    'anthropic-ratelimit-output-tokens-remaining': '7000',
    'anthropic-ratelimit-output-tokens-reset': '2026-12-01T10:00:05Z',
  };

  test('with times, where input counts apart', () => {
    expect(read(split)).toEqual({
      limitRequests: 50,
      remainingRequests: 0,
      resetRequestsMs: 30_000,
      limitTokens: 30_000,
      remainingTokens: 29_000,
      resetTokensMs: 2_000,
    });
  });

  test('the count of all tokens goes before that of the input, and is never mixed with it', () => {
    expect(read({ ...split, 'anthropic-ratelimit-tokens-remaining': '1000' })).toMatchObject({
      limitTokens: null,
      remainingTokens: 1_000,
      resetTokensMs: null,
    });
  });

  test('a time that has passed is now', () => {
    expect(read({ 'anthropic-ratelimit-requests-reset': '2026-12-01T09:59:00Z' })).toMatchObject({
      resetRequestsMs: 0,
    });
  });
});
