// Anthropic's errors: `{type: "error", error: {type, message, details?}, request_id}`.

import type { ErrorDetails, ErrorReply, ErrorTable } from '../error-body.ts';
import { gatewayPage, retryAfter } from './gateway.ts';

export const anthropicErrors: ErrorTable = {
  'rate-limit': (details) =>
    error(429, details, {
      type: 'rate_limit_error',
      message: "This request would exceed your account's rate limit of 50 requests per minute. Please try again later.",
      headers: retryAfter(details.retryAfterMs),
    }),
  'ramp-limit': (details) =>
    error(429, details, {
      type: 'rate_limit_error',
      message: 'Your traffic has grown faster than this account may grow. Increase it gradually.',
      errorCode: 'ramp_limit_exceeded',
      headers: retryAfter(details.retryAfterMs),
    }),
  'request-over-limit': (details) =>
    error(429, details, {
      type: 'rate_limit_error',
      message: "This request would exceed your account's rate limit of 30,000 input tokens per minute.",
      headers: retryAfter(details.retryAfterMs),
    }),
  // Without a hint: it lasts until the first of the next month, UTC.
  quota: (details) =>
    error(429, details, {
      type: 'rate_limit_error',
      message: "This request would exceed your account's monthly spend limit.",
      errorCode: 'enforced_spend_limit_reached',
    }),
  billing: (details) =>
    error(402, details, { type: 'billing_error', message: 'There is a problem with the billing of your account.' }),
  overloaded: (details) =>
    error(529, details, { type: 'overloaded_error', message: 'Overloaded', headers: { 'x-should-retry': 'true' } }),
  'server-error': (details) => error(500, details, { type: 'api_error', message: 'Internal server error' }),
  'bad-gateway': () => gatewayPage(502, 'Bad Gateway'),
  timeout: (details) => error(504, details, { type: 'timeout_error', message: 'Request timed out' }),
  auth: (details) => error(401, details, { type: 'authentication_error', message: 'invalid x-api-key' }),
  permission: (details) =>
    error(403, details, {
      type: 'permission_error',
      message: 'Your API key does not have permission to use the specified resource.',
    }),
  'model-not-found': (details) => error(404, details, { type: 'not_found_error', message: `model: ${details.model}` }),
  'context-too-long': (details) =>
    error(400, details, {
      type: 'invalid_request_error',
      message: 'prompt is too long: 204308 tokens > 200000 maximum',
    }),
  'body-too-large': (details) =>
    error(413, details, { type: 'request_too_large', message: 'Request exceeds the maximum size' }),
  'invalid-request': (details) =>
    error(400, details, {
      type: 'invalid_request_error',
      message: 'messages.0.role: Input should be one of the allowed roles',
    }),
  'unsupported-parameter': (details) =>
    error(400, details, {
      type: 'invalid_request_error',
      message: '`temperature` and `top_p` cannot both be specified for this model.',
    }),
  'content-policy': (details) =>
    error(400, details, { type: 'invalid_request_error', message: 'Output blocked by content filtering policy' }),
};

function error(
  status: number,
  { requestId }: ErrorDetails,
  fault: { type: string; message: string; errorCode?: string; headers?: Readonly<Record<string, string>> },
): ErrorReply {
  const { type, message, errorCode, headers = {} } = fault;
  const details = errorCode === undefined ? {} : { details: { error_code: errorCode } };
  return { status, headers, body: { type: 'error', error: { type, message, ...details }, request_id: requestId } };
}
