// Together AI's errors: OpenAI's shape, with types of its own.

import type { ErrorReply, ErrorTable } from '../error-body.ts';
import { gatewayPage, retryAfter } from './gateway.ts';
import { openaiErrors } from './openai.ts';

export const togetherErrors: ErrorTable = {
  ...openaiErrors,
  'rate-limit': ({ retryAfterMs }) =>
    error(429, 'model_rate_limit', 'You have reached the rate limit specific to this model.', retryAfter(retryAfterMs)),
  'ramp-limit': () => error(429, 'dynamic_request_limited', 'Request rate increased too quickly.'),
  'request-over-limit': () => error(429, 'dynamic_token_limited', 'Too many tokens.'),
  quota: () => error(402, 'credit_limit', 'Credit limit exceeded, please navigate to the billing page.'),
  billing: () => error(402, 'payment_required', 'The account has reached its monthly maximum.'),
  overloaded: () => error(503, 'service_unavailable', 'The engine is currently overloaded, please try again later.'),
  auth: () => error(401, 'invalid_request_error', 'Invalid API key provided.'),
  permission: () => error(401, 'authentication_error', 'Missing permission.'),
  'context-too-long': () =>
    error(
      422,
      'invalid_request_error',
      'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens and 512 `max_new_tokens`',
    ),
  'body-too-large': () => gatewayPage(413, 'Request Entity Too Large'),
};

function error(
  status: number,
  type: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ErrorReply {
  return { status, headers, body: { id: 'simulated', error: { message, type, param: null, code: null } } };
}
