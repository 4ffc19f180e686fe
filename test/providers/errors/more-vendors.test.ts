// What only one vendor says, or says otherwise than the others with the same words.

import { describe, expect, it } from 'vitest';
import type { ProviderType } from '../../../activities/providers/registry.ts';
import { classify, expectedOf, openaiError, type Row, titled } from './classify.ts';

const INVALID = 'invalid_request_error';
const errorOf = (code: number, message: string, metadata?: object) => ({
  error: { code, message, ...(metadata && { metadata }) },
});

const rows: Readonly<Partial<Record<ProviderType, readonly Row[]>>> = {
  alibaba: [
    // Elsewhere an empty account; here tokens a minute.
    [429, openaiError('insufficient_quota', 'insufficient_quota'), 'rate-limited'],
    [429, { code: 'Throttling.RateQuota', message: 'Requests rate limit exceeded' }, 'rate-limited'],
    [429, { code: 'Throttling.AllocationQuota', message: 'Allocated quota exceeded' }, 'rate-limited'],
    [429, { code: 'Throttling.BurstRate', message: 'Request rate increased too quickly' }, 'rate-limited'],
    [403, { code: 'AllocationQuota.FreeTierOnly', message: 'The free tier is used up.' }, 'quota-exhausted'],
    [400, { code: 'Arrearage', message: 'Access denied.' }, 'quota-exhausted'],
    [
      400,
      { code: 'DataInspectionFailed', message: 'Input data may contain inappropriate content.' },
      'content-filtered',
    ],
    [400, { code: 'InvalidParameter', message: 'Range of input length should be [1, 6000]' }, 'context-too-long'],
    [401, { code: 'InvalidApiKey', message: 'No.' }, 'auth'],
    [404, { code: 'ModelNotFound', message: 'No.' }, 'model-not-found'],
    [500, { code: 'InternalError', message: 'No.' }, 'server-error'],
  ],
  groq: [
    [400, openaiError('json_validate_failed', INVALID), 'malformed'],
    [400, openaiError('tool_use_failed', INVALID), 'malformed'],
    [422, openaiError(null, INVALID), 'malformed'],
    [424, openaiError(null, INVALID), 'malformed'],
    [498, openaiError('capacity_exceeded', INVALID), 'overloaded'],
    [413, openaiError(null, INVALID, 'Request Entity Too Large'), 'context-too-long'],
    [
      429,
      openaiError('rate_limit_exceeded', 'tokens'),
      { kind: 'rate-limited', retryAfterMs: 7_000 },
      { 'retry-after': '7' },
    ],
    [404, openaiError('model_not_found', INVALID), 'model-not-found'],
    [400, openaiError('model_decommissioned', INVALID), 'model-not-found'],
    [502, openaiError(null, 'server_error'), 'server-error'],
  ],
  xai: [
    [429, { code: 'Some resource has been exhausted', error: 'Too many requests' }, 'rate-limited'],
    [
      429,
      { code: 'Some resource has been exhausted', error: 'You have used all available credits.' },
      'quota-exhausted',
    ],
    [429, openaiError('insufficient_quota', 'insufficient_quota'), 'quota-exhausted'],
    [400, openaiError('context_length_exceeded', INVALID), 'context-too-long'],
    [400, { code: 'Client specified an invalid argument', error: 'Incorrect API key provided' }, 'auth'],
    [403, { code: 'Forbidden', error: 'Content violates usage guidelines.' }, 'content-filtered'],
    [403, { code: 'Forbidden', error: 'The API key is blocked.' }, 'auth'],
    [504, { code: 'timeout', error: 'Deadline expired.' }, 'timeout'],
    [null, { code: 'The service is currently unavailable', error: 'The model is at capacity.' }, 'overloaded'],
  ],
  together: [
    [403, openaiError(null, INVALID, 'The input and output tokens must not exceed 4097.'), 'context-too-long'],
    [402, openaiError(null, 'credit_limit'), 'quota-exhausted'],
    [503, openaiError(null, 'service_unavailable'), 'overloaded'],
    [422, openaiError('missing_required_parameter', INVALID), 'invalid-request'],
    [null, openaiError(null, 'dynamic_token_limited'), 'rate-limited'],
  ],
  fireworks: [
    [412, { error: { message: 'Account suspended.', code: 'PRECONDITION_FAILED' } }, 'quota-exhausted'],
    [503, { error: 'overloaded' }, 'overloaded'],
    [422, openaiError(null, INVALID), 'invalid-request'],
  ],
  openrouter: [
    [402, errorOf(402, 'Insufficient credits'), 'quota-exhausted'],
    [402, errorOf(402, 'In flight'), { kind: 'rate-limited', retryAfterMs: 3_000 }, { 'retry-after': '3' }],
    [402, errorOf(402, 'In flight', { limit_source: 'openrouter_in_flight_budget' }), 'rate-limited'],
    [403, errorOf(403, 'Flagged', { reasons: ['violence'], flagged_input: '…' }), 'content-filtered'],
    [403, errorOf(403, 'Blocked by a guardrail'), 'content-filtered'],
    [403, errorOf(403, 'Key limit exceeded'), 'auth'],
    [408, errorOf(408, 'Timed out'), 'server-error'],
    [502, errorOf(502, 'Provider returned error'), 'server-error'],
    [503, errorOf(503, 'No provider meets the routing requirements'), 'overloaded'],
    [404, errorOf(404, 'No endpoints found that support image input'), 'unsupported'],
    [404, errorOf(404, 'No endpoints found for some/model.'), 'model-not-found'],
    [200, errorOf(502, 'Provider disconnected'), 'server-error'],
    [null, errorOf(429, 'Rate limited upstream'), 'rate-limited'],
  ],
  tokenmix: [
    [403, openaiError('insufficient_user_quota', 'tokenmix_error'), 'quota-exhausted'],
    [503, openaiError(null, 'tokenmix_error', 'There is no available channel for the model.'), 'overloaded'],
    [401, openaiError('invalid_api_key', INVALID), 'auth'],
  ],
  cohere: [
    [429, { message: 'You are using a Trial key, which is limited to 1000 API calls / month.' }, 'quota-exhausted'],
    [429, { message: 'You are using a Trial key, which is limited to 20 API calls / minute.' }, 'rate-limited'],
    [402, { message: 'Please add a payment method.' }, 'quota-exhausted'],
    [498, { message: 'Blocked.' }, 'content-filtered'],
    [499, { message: 'Request cancelled.' }, 'server-error'],
    [400, { message: 'too many tokens: size limit exceeded by 11326 tokens.' }, 'context-too-long'],
  ],
  azure: [
    [
      400,
      { error: { code: 'content_filter', message: 'Filtered.', innererror: { code: 'ResponsibleAIPolicyViolation' } } },
      'content-filtered',
    ],
    [404, { error: { code: 'DeploymentNotFound', message: 'No.' } }, 'model-not-found'],
    [
      429,
      { error: { code: '429', message: 'No.' } },
      { kind: 'rate-limited', retryAfterMs: 9_000 },
      { 'retry-after': '9' },
    ],
    [429, { error: { code: '429', message: 'The system is experiencing high demand.' } }, 'overloaded'],
    [408, { error: { code: 'Timeout', message: 'No.' } }, 'timeout'],
    [401, { statusCode: 401, message: 'Access denied due to invalid subscription key.' }, 'auth'],
  ],
  bedrock: [
    [
      429,
      { message: 'Too many tokens per day.' },
      'quota-exhausted',
      { 'x-amzn-errortype': 'ThrottlingException:http://x/' },
    ],
    [429, { message: 'Not ready.' }, 'overloaded', { 'x-amzn-errortype': 'ModelNotReadyException' }],
    [408, { message: 'Late.' }, 'timeout', { 'x-amzn-errortype': 'ModelTimeoutException' }],
    [424, { message: 'Broken.' }, 'server-error', { 'x-amzn-errortype': 'ModelErrorException' }],
    [400, { message: 'Quota.' }, 'quota-exhausted', { 'x-amzn-errortype': 'ServiceQuotaExceededException' }],
    [
      400,
      { message: 'The provided model identifier is invalid.' },
      'model-not-found',
      { 'x-amzn-errortype': 'ValidationException' },
    ],
    [
      400,
      { message: 'Input is too long for requested model.' },
      'context-too-long',
      { 'x-amzn-errortype': 'ValidationException' },
    ],
    [403, { Message: 'Expired.' }, 'auth', { 'x-amzn-errortype': 'ExpiredTokenException' }],
    [529, { message: 'Busy.' }, 'overloaded'],
    [null, { __type: 'throttlingException', message: 'Slow down.' }, 'rate-limited'],
  ],
  vertex: [
    // Shared capacity is used up: no details, and so no daily quota.
    [429, { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Resource exhausted.' } }, 'rate-limited'],
    [403, { error: { code: 403, status: 'PERMISSION_DENIED', message: 'No.' } }, 'auth'],
  ],
};

describe.each(Object.entries(rows) as [ProviderType, readonly Row[]][])('%s', (type, own) => {
  it.each(titled(own))('$title', async ({ row }) => {
    expect(await classify(type, row)).toMatchObject(expectedOf(row));
  });
});
