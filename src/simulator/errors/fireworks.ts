// Fireworks AI's errors: OpenAI's shape, with codes in capitals.

import type { ErrorReply, ErrorTable } from '../error-body.ts';
import { gatewayPage, retryAfter } from './gateway.ts';
import { openaiErrors } from './openai.ts';

export const fireworksErrors: ErrorTable = {
  ...openaiErrors,
  'rate-limit': ({ retryAfterMs }) => error(429, 'RATE_LIMITED', 'Rate limit exceeded.', retryAfter(retryAfterMs)),
  'ramp-limit': () => error(429, 'RATE_LIMITED', 'Request rate increased too quickly.'),
  'request-over-limit': () => error(429, 'RATE_LIMITED', 'Too many tokens.'),
  quota: () =>
    error(412, 'PRECONDITION_FAILED', 'Account is suspended, possibly due to reaching the monthly spending limit.'),
  billing: () => error(402, 'PAYMENT_REQUIRED', 'The account is not on a paid plan.'),
  overloaded: () => error(503, 'UNAVAILABLE', 'Service overloaded, please try again later.'),
  'server-error': () => error(500, 'INTERNAL', 'Internal server error.'),
  auth: () => error(401, 'UNAUTHORIZED', 'The API key you provided is invalid.'),
  permission: () => error(403, 'FORBIDDEN', 'Forbidden.'),
  'model-not-found': () => error(404, 'NOT_FOUND', 'Model not found, inaccessible, and/or not deployed'),
  'context-too-long': () =>
    error(400, 'invalid_request_error', 'The prompt is too long: 204308, model maximum context length: 131071'),
  'body-too-large': () => gatewayPage(413, 'Payload Too Large'),
};

function error(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ErrorReply {
  return { status, headers, body: { error: { message, type: 'invalid_request_error', code, object: 'error' } } };
}
