// OpenAI's error codes, and those of servers that speak its wire.

import { describe, expect, it } from 'vitest';
import { classify, expectedOf, openaiError, type Row, titled } from './classify.ts';

const INVALID = 'invalid_request_error';
const TOO_LARGE = 'Request too large for gpt-x on tokens per min (TPM): Limit 30000, Requested 64000.';
const IN_WORDS = 'Rate limit reached: Limit 30,000, Used 29,000, Requested 2,000. Please try again in 6.5s.';

const openai: readonly Row[] = [
  [429, openaiError('rate_limit_exceeded', 'requests'), 'rate-limited'],
  [429, openaiError('rate_limit_exceeded', 'tokens'), 'rate-limited'],
  [429, openaiError(null, 'rate_limit_error'), 'rate-limited'],
  [429, openaiError('rate_limit_exceeded', 'tokens', IN_WORDS), { kind: 'rate-limited', retryAfterMs: 6_500 }],
  [429, openaiError('rate_limit_exceeded', 'tokens', TOO_LARGE), { kind: 'rate-limited', isRetryable: false }],
  [429, openaiError('slow_down', 'rate_limit_error'), { kind: 'rate-limited', retryAfterMs: 15_000 }],
  [
    429,
    openaiError('slow_down', 'rate_limit_error'),
    { kind: 'rate-limited', retryAfterMs: 40_000 },
    { 'retry-after': '40' },
  ],
  [429, openaiError('credit_balance_exhausted', 'insufficient_quota'), 'quota-exhausted'],
  [429, openaiError('organization_spend_limit_exceeded', 'requests'), 'quota-exhausted'],
  [429, openaiError('project_spend_limit_exceeded', 'requests'), 'quota-exhausted'],
  [429, openaiError('organization_usage_limit_exceeded', 'requests'), 'quota-exhausted'],
  [429, openaiError('insufficient_quota', 'requests'), 'quota-exhausted'],
  [429, openaiError(null, 'insufficient_quota'), 'quota-exhausted'],
  [400, openaiError('billing_hard_limit_reached', INVALID), 'quota-exhausted'],
  [429, openaiError('resource_unavailable', 'resource_unavailable'), 'overloaded'],
  [503, openaiError('server_is_overloaded', 'server_error'), 'overloaded'],
  [503, openaiError(null, 'service_unavailable_error'), 'overloaded'],
  [500, openaiError(null, 'server_error'), 'server-error'],
  [400, openaiError('context_length_exceeded', INVALID), 'context-too-long'],
  [400, openaiError(null, INVALID, "This model's maximum context length is 8192 tokens."), 'context-too-long'],
  [
    400,
    openaiError('invalid_value', INVALID, 'No.', 'messages[0].role'),
    { kind: 'invalid-request', param: 'messages[0].role' },
  ],
  [422, openaiError(null, INVALID), 'invalid-request'],
  [400, openaiError('unsupported_parameter', INVALID, 'No.', 'seed'), { kind: 'unsupported', param: 'seed' }],
  [400, openaiError('unsupported_value', INVALID, 'No.', 'temperature'), { kind: 'unsupported', param: 'temperature' }],
  [400, openaiError('invalid_json_schema', INVALID, 'No.', 'response_format'), 'unsupported'],
  [400, openaiError('content_policy_violation', INVALID), 'content-filtered'],
  [400, openaiError('invalid_prompt', INVALID), 'content-filtered'],
  [400, openaiError('content_filter', INVALID), 'content-filtered'],
  [401, openaiError('invalid_api_key', INVALID), 'auth'],
  [403, openaiError('unsupported_country_region_territory', 'request_forbidden'), 'auth'],
  [404, openaiError('model_not_found', INVALID), 'model-not-found'],
  [409, openaiError(null, 'conflict'), 'server-error'],
  [null, openaiError(null, 'server_error'), 'server-error'],
  [null, openaiError('rate_limit_exceeded', 'tokens'), 'rate-limited'],
  [null, openaiError('insufficient_quota', 'insufficient_quota'), 'quota-exhausted'],
];

const LOADING = { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } };
const TOO_LONG = { error: { code: 400, message: 'too long', type: 'exceed_context_size_error', n_ctx: 4_096 } };
const PULL = 'model "llama" not found, try pulling it first';
const FLAGGED = { error: { code: 403, message: 'Flagged', metadata: { reasons: ['violence'], flagged_input: '…' } } };

const compatible: readonly Row[] = [
  [503, LOADING, { kind: 'overloaded', retryAfterMs: 2_000 }],
  [400, TOO_LONG, 'context-too-long'],
  [200, TOO_LONG, 'context-too-long'],
  [400, { object: 'error', message: 'The maximum context length is 4096 tokens.', code: 400 }, 'context-too-long'],
  [404, { object: 'error', message: 'The model does not exist.', type: 'NotFoundError', code: 404 }, 'model-not-found'],
  [404, { error: PULL }, { kind: 'model-not-found', providerMessage: PULL }],
  [500, { error: 'llama runner process has terminated' }, 'server-error'],
  [400, { error: '"llama" does not support tools' }, 'unsupported'],
  [402, { error: { code: 402, message: 'Insufficient credits' } }, 'quota-exhausted'],
  [402, { error: { code: 402 } }, { kind: 'rate-limited', retryAfterMs: 3_000 }, { 'retry-after': '3' }],
  [403, FLAGGED, 'content-filtered'],
  [403, { error: { code: 403, message: 'No.' } }, 'auth'],
  [413, openaiError('rate_limit_exceeded', 'tokens', TOO_LARGE), { kind: 'rate-limited', isRetryable: false }],
  [503, { error: { code: 503, message: 'No provider meets the routing requirements' } }, 'overloaded'],
  [200, { error: { code: 502, message: 'The model is down' } }, 'server-error'],
  [429, openaiError('insufficient_quota', 'insufficient_quota'), 'quota-exhausted'],
];

describe('an error of OpenAI', () => {
  it.each(titled(openai))('$title', async ({ row }) => {
    expect(await classify('openai', row)).toMatchObject(expectedOf(row));
  });
});

describe("an error of a server that speaks OpenAI's wire", () => {
  it.each(titled(compatible))('$title', async ({ row }) => {
    expect(await classify('openai-compatible', row)).toMatchObject(expectedOf(row));
  });
});
