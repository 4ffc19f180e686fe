// Errors that mean the same whoever sends them, the hints when to come back, and the provider's words.

import { describe, expect, it } from 'vitest';
import type { ProviderType } from '../../../activities/providers/registry.ts';
import { classify, expectedOf, openaiError, type Row, titled } from './classify.ts';

const rows: readonly Row[] = [
  ...[408, 409, 500, 502, 504, 520, 521, 522, 523, 524].map((status): Row => [status, {}, 'server-error']),
  [503, '<html>', 'server-error'],
  [503, {}, 'overloaded'],
  [529, '<html>', 'overloaded'],
  [200, '<html>', { kind: 'server-error', status: 200 }],
  [200, { error: { message: 'No.', code: 502 } }, 'server-error'],
  [200, { error: { message: 'No.', code: 429 } }, 'rate-limited'],
  [200, { error: { message: 'No.', code: '401' } }, 'auth'],
  [400, {}, 'invalid-request'],
  [422, {}, 'invalid-request'],
  [401, '', 'auth'],
  [403, '', 'auth'],
  [402, '', 'quota-exhausted'],
  [404, '<html>', 'model-not-found'],
  [413, '<html>', 'context-too-long'],
  [429, '', 'rate-limited'],
  [302, '', 'unknown'],
  [418, {}, 'unknown'],
  [null, { error: { message: 'Something went wrong.' } }, 'server-error'],
];

describe('an error of any provider', () => {
  it.each(titled(rows))('$title', async ({ row }) => {
    expect(await classify('openai-compatible', row)).toMatchObject(expectedOf(row));
  });
});

describe('a hint', () => {
  const hintOf = async (type: ProviderType, headers: Record<string, string>) =>
    (await classify(type, [429, openaiError('rate_limit_exceeded', 'requests'), 'rate-limited', headers])).retryAfterMs;

  it('in milliseconds goes before one in seconds', async () => {
    expect(await hintOf('openai', { 'retry-after-ms': '1234', 'retry-after': '9' })).toBe(1_234);
  });

  it('may be a date', async () => {
    expect(await hintOf('openai', { 'retry-after': 'Mon, 23 Nov 2026 12:00:30 GMT' })).toBe(30_000);
    expect(await hintOf('openai', { 'retry-after': 'Mon, 23 Nov 2026 11:00:00 GMT' })).toBe(0);
  });

  it('may be the reset of the limit that is used up, in the form of Go', async () => {
    const requests = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m6.5s' };
    const tokens = { 'x-ratelimit-remaining-tokens': '90', 'x-ratelimit-reset-tokens': '9h' };
    expect(await hintOf('mistral', { ...requests, ...tokens })).toBe(66_500);
  });

  it('may be the reset of the limit that the error names', async () => {
    const requests = { 'x-ratelimit-remaining-requests': '3', 'x-ratelimit-reset-requests': '120ms' };
    expect(await hintOf('openai', { ...requests, 'x-ratelimit-reset-tokens': '6m0s' })).toBe(120);
  });

  it('may be the reset of Anthropic, a date', async () => {
    const headers = {
      'anthropic-ratelimit-input-tokens-remaining': '0',
      'anthropic-ratelimit-input-tokens-reset': '2026-11-23T12:00:07Z',
    };
    expect(await hintOf('anthropic', headers)).toBe(7_000);
  });

  it('is none when it is nonsense', async () => {
    expect(await hintOf('openai-compatible', { 'retry-after': 'soon' })).toBeUndefined();
    expect(await hintOf('openai-compatible', { 'retry-after': '-5' })).toBeUndefined();
    expect(await hintOf('openai-compatible', { 'x-ratelimit-reset-requests': 'later' })).toBeUndefined();
  });

  it('is none when no limit is used up', async () => {
    const headers = { 'x-ratelimit-remaining-requests': '10', 'x-ratelimit-reset-requests': '6ms' };
    expect(await hintOf('openai-compatible', headers)).toBeUndefined();
  });

  it('is left out where nothing is retried', async () => {
    const failure = await classify('openai', [401, {}, 'auth', { 'retry-after': '5' }]);
    expect(failure).not.toHaveProperty('retryAfterMs');
  });
});

describe("the provider's words", () => {
  it('are kept apart from our sentence, and cut to 2 KB of whole characters', async () => {
    const body = openaiError('invalid_value', 'invalid_request_error', `secret ${'€'.repeat(2_000)}`);
    const failure = await classify('openai', [400, body, 'invalid-request']);
    expect(failure.message).not.toContain('secret');
    expect(failure.providerMessage).toMatch(/^secret €+…$/);
    expect(Buffer.byteLength(failure.providerMessage ?? '')).toBeLessThanOrEqual(2_048);
  });
});
