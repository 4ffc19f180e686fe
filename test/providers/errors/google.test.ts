// Gemini's errors: the status in words and the typed details decide.

import { describe, expect, it } from 'vitest';
import { classify, expectedOf, type Row, titled } from './classify.ts';

const error = (code: number, status: string, details: readonly unknown[] = [], message = 'No.') => ({
  error: { code, status, message, details },
});
const exhausted = (...details: readonly unknown[]) => error(429, 'RESOURCE_EXHAUSTED', details);
const invalid = (message: string, ...details: readonly unknown[]) => error(400, 'INVALID_ARGUMENT', details, message);
const perMinute = { violations: [{ quotaId: 'GenerateRequestsPerMinutePerProjectPerModel' }] };
const perDay = { violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel' }] };
const badField = { fieldViolations: [{ field: 'contents[0].role' }] };

const rows: readonly Row[] = [
  [429, exhausted({ retryDelay: '37s' }), { kind: 'rate-limited', retryAfterMs: 37_000 }],
  [429, exhausted({ retryDelay: '37.123456s' }), { kind: 'rate-limited', retryAfterMs: 37_124 }],
  [429, exhausted(perMinute, { retryDelay: '5s' }), { kind: 'rate-limited', retryAfterMs: 5_000 }],
  [429, exhausted(perDay, { retryDelay: '5s' }), 'quota-exhausted'],
  [429, exhausted({ reason: 'quota_exceeded' }), 'quota-exhausted'],
  [429, exhausted(), 'rate-limited'],
  [429, [exhausted()], 'rate-limited'],
  [402, error(402, 'FAILED_PRECONDITION'), 'quota-exhausted'],
  [503, error(503, 'UNAVAILABLE'), 'overloaded'],
  [500, error(500, 'INTERNAL'), 'overloaded'],
  [500, error(500, 'UNKNOWN'), 'overloaded'],
  [504, error(504, 'DEADLINE_EXCEEDED'), 'timeout'],
  [400, invalid('Invalid value', badField), { kind: 'invalid-request', param: 'contents[0].role' }],
  [400, invalid('The input token count (9) exceeds the maximum number of tokens allowed (8).'), 'context-too-long'],
  [400, invalid('API key not valid.', { reason: 'API_KEY_INVALID' }), 'auth'],
  [400, invalid('Presence penalty is not enabled for this model'), 'unsupported'],
  [400, error(400, 'FAILED_PRECONDITION', [], 'User location is not supported for the API use.'), 'auth'],
  [401, error(401, 'UNAUTHENTICATED'), 'auth'],
  [403, error(403, 'PERMISSION_DENIED'), 'auth'],
  [404, error(404, 'NOT_FOUND'), 'model-not-found'],
  [null, error(503, 'UNAVAILABLE'), 'overloaded'],
  [null, exhausted({ retryDelay: '2s' }), { kind: 'rate-limited', retryAfterMs: 2_000 }],
];

it('says of a daily quota that it is back at midnight in California', async () => {
  const row: Row = [429, exhausted(perDay), { kind: 'quota-exhausted', retryAfterMs: 20 * 3_600_000 }];
  // It is noon UTC, in November: four in the morning there.
  expect(await classify('google', row)).toMatchObject(expectedOf(row));
});

describe('an error of Gemini', () => {
  it.each(titled(rows))('$title', async ({ row }) => {
    expect(await classify('google', row)).toMatchObject(expectedOf(row));
  });
});
