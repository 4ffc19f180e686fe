// Groq's errors: OpenAI's shape, statuses of its own for a flex tier without room and for what a model made up.

import type { ErrorReply, ErrorTable } from '../error-body.ts';
import { gatewayPage, retryAfter } from './gateway.ts';
import { openaiErrors } from './openai.ts';

export const groqErrors: ErrorTable = {
  ...openaiErrors,
  'rate-limit': ({ retryAfterMs }) =>
    error(
      429,
      'rate_limit_exceeded',
      'Rate limit reached for model `x` on requests per minute (RPM): Limit 30, Used 30, Requested 1.',
      retryAfter(retryAfterMs),
    ),
  'ramp-limit': ({ retryAfterMs }) =>
    error(429, 'rate_limit_exceeded', 'Rate limit reached.', retryAfter(retryAfterMs)),
  'request-over-limit': () =>
    error(
      413,
      'rate_limit_exceeded',
      'Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9000, please reduce your message size and try again.',
    ),
  quota: () => error(400, 'blocked_api_access', 'Your organization has reached its spend limit.'),
  billing: () => error(400, 'blocked_api_access', 'Your organization has reached its spend limit.'),
  overloaded: () => error(498, 'capacity_exceeded', 'Flex tier capacity exceeded.'),
  'server-error': () => error(503, null, 'Service Unavailable'),
  permission: () => error(403, 'permissions_error', 'Your organization has no access to this model.'),
  'context-too-long': () =>
    error(400, 'context_length_exceeded', 'Please reduce the length of the messages or completion.'),
  'body-too-large': () => gatewayPage(413, 'Request Entity Too Large'),
};

function error(
  status: number,
  code: string | null,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ErrorReply {
  return {
    status,
    headers,
    body: { error: { message, type: 'invalid_request_error', ...(code !== null && { code }) } },
  };
}
