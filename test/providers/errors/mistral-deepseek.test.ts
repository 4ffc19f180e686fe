// Mistral's and DeepSeek's errors: statuses tell most of it.

import { describe, expect, it } from 'vitest';
import { classify, expectedOf, openaiError, type Row, titled } from './classify.ts';

const mistralError = (type: string, message = 'No.') => ({ object: 'error', type, message, param: null, code: '1000' });
const validation = (type: string, field: string) => ({ detail: [{ type, loc: ['body', field], msg: 'No.' }] });

const mistral: readonly Row[] = [
  [429, mistralError('rate_limited'), 'rate-limited'],
  [429, mistralError('service_tier_capacity_exceeded', 'Service tier capacity exceeded for this model.'), 'overloaded'],
  [422, validation('less_than_equal', 'temperature'), { kind: 'invalid-request', param: 'temperature' }],
  [422, validation('extra_forbidden', 'seed'), { kind: 'unsupported', param: 'seed' }],
  [
    400,
    mistralError('invalid_request_error', 'Prompt contains 9 tokens, too large for model with 8'),
    'context-too-long',
  ],
  [400, mistralError('invalid_request_error'), 'invalid-request'],
  [400, mistralError('invalid_model'), 'model-not-found'],
  [401, { detail: 'Unauthorized' }, { kind: 'auth', providerMessage: 'Unauthorized' }],
  [402, mistralError('payment_required'), 'auth'],
  [403, { detail: 'Forbidden' }, 'auth'],
  [403, mistralError('content_moderation'), 'content-filtered'],
  [404, {}, 'model-not-found'],
  ...[500, 502, 503, 504].map((status): Row => [status, mistralError('internal_server_error'), 'server-error']),
];

const deepseekError = (type: string, message: string) => openaiError('invalid_request_error', type, message);

const deepseek: readonly Row[] = [
  [402, deepseekError('unknown_error', 'Insufficient Balance'), 'quota-exhausted'],
  [429, deepseekError('rate_limit_reached_error', 'Rate limit reached'), 'rate-limited'],
  [500, deepseekError('internal_server_error', 'No.'), 'overloaded'],
  [503, deepseekError('service_unavailable_error', 'No.'), 'overloaded'],
  [400, deepseekError('invalid_request_error', 'Content Exists Risk'), 'content-filtered'],
  [400, deepseekError('invalid_request_error', 'Model Not Exist'), 'model-not-found'],
  [400, deepseekError('invalid_request_error', 'The maximum context length is 8 tokens.'), 'context-too-long'],
  [400, deepseekError('invalid_request_error', 'No.'), 'invalid-request'],
  [422, deepseekError('invalid_request_error', 'No.'), 'invalid-request'],
  [401, deepseekError('authentication_error', 'No.'), 'auth'],
  [null, deepseekError('rate_limit_reached_error', 'Rate limit reached'), 'rate-limited'],
];

describe('an error of Mistral', () => {
  it.each(titled(mistral))('$title', async ({ row }) => {
    expect(await classify('mistral', row)).toMatchObject(expectedOf(row));
  });
});

describe('an error of DeepSeek', () => {
  it.each(titled(deepseek))('$title', async ({ row }) => {
    expect(await classify('deepseek', row)).toMatchObject(expectedOf(row));
  });
});
