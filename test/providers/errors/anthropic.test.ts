// Anthropic's error types, of which one stands for everything that is wrong with a request.

import { describe, expect, it } from 'vitest';
import { classify, expectedOf, type Row, titled } from './classify.ts';

const error = (type: string, message = 'No.', error_code?: string) => ({
  type: 'error',
  error: { type, message, ...(error_code !== undefined && { details: { error_code } }) },
});
const invalid = (message: string, error_code?: string) => error('invalid_request_error', message, error_code);

const rows: readonly Row[] = [
  [429, error('rate_limit_error'), { kind: 'rate-limited', retryAfterMs: 12_000 }, { 'retry-after': '12' }],
  [429, error('rate_limit_error'), 'rate-limited'],
  [429, error('rate_limit_error', 'No.', 'enforced_spend_limit_reached'), 'quota-exhausted'],
  [429, error('rate_limit_error', 'No.', 'contract_spend_limit_reached'), 'quota-exhausted'],
  [429, error('rate_limit_error', 'No.', 'ramp_limit_exceeded'), 'rate-limited'],
  [529, error('overloaded_error'), { kind: 'overloaded', status: 529 }],
  [503, error('unheard_of'), 'overloaded'],
  [500, error('api_error'), 'server-error'],
  [504, error('timeout_error'), 'timeout'],
  [413, error('request_too_large'), 'context-too-long'],
  [400, invalid('prompt is too long: 204308 tokens > 200000 maximum'), 'context-too-long'],
  [400, invalid('input length and `max_tokens` exceed context limit: 199000 + 8000 > 200000'), 'context-too-long'],
  [400, invalid('You have reached your specified workspace spend limit.'), 'quota-exhausted'],
  [400, invalid('Your credit balance is too low to access the API.'), 'quota-exhausted'],
  [400, invalid('No.', 'organization_on_hold'), 'auth'],
  [400, invalid('Output blocked by content filtering policy'), 'content-filtered'],
  [
    400,
    invalid('messages.1.content.0.text: Field required'),
    { kind: 'invalid-request', param: 'messages.1.content.0.text' },
  ],
  [400, invalid('adaptive thinking is not supported on this model'), 'unsupported'],
  [401, error('authentication_error'), 'auth'],
  [402, error('billing_error'), 'quota-exhausted'],
  [403, error('permission_error'), 'auth'],
  [404, error('not_found_error'), 'model-not-found'],
  [null, error('overloaded_error', 'Overloaded'), { kind: 'overloaded', providerMessage: 'Overloaded' }],
  [null, error('rate_limit_error'), 'rate-limited'],
  [null, error('api_error'), 'server-error'],
];

describe('an error of Anthropic', () => {
  it.each(titled(rows))('$title', async ({ row }) => {
    expect(await classify('anthropic', row)).toMatchObject(expectedOf(row));
  });
});
