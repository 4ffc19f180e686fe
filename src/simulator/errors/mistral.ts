// Mistral's errors: `{object: "error", message, type, param, code, raw_status_code}`, but for validation and keys.

import type { ErrorReply, ErrorTable } from '../error-body.ts';
import { gatewayPage, retryAfter } from './gateway.ts';

export const mistralErrors: ErrorTable = {
  'rate-limit': ({ retryAfterMs }) =>
    error(429, {
      type: 'rate_limited',
      message: 'Rate limit exceeded',
      code: '1300',
      headers: retryAfter(retryAfterMs),
    }),
  'ramp-limit': () =>
    error(429, {
      type: 'service_tier_capacity_exceeded',
      message: 'Service tier capacity exceeded for this model.',
      code: '3505',
    }),
  'request-over-limit': ({ retryAfterMs }) =>
    error(429, {
      type: 'rate_limited',
      message: 'Tokens rate limit exceeded',
      code: '1300',
      headers: retryAfter(retryAfterMs),
    }),
  quota: () =>
    error(402, {
      type: 'payment_required',
      message: 'The monthly usage limit of this workspace is reached.',
      code: null,
    }),
  billing: () => error(402, { type: 'payment_required', message: 'Payment is required to go on.', code: null }),
  overloaded: () => error(503, { type: 'internal_server_error', message: 'Service unavailable.', code: '1000' }),
  'server-error': () => error(500, { type: 'internal_server_error', message: 'Internal server error', code: '1000' }),
  'bad-gateway': () => gatewayPage(502, 'Bad Gateway'),
  timeout: () => gatewayPage(504, 'Gateway Time-out'),
  auth: () => ({ status: 401, headers: {}, body: { detail: 'Unauthorized' } }),
  permission: () => ({ status: 403, headers: {}, body: { detail: 'Forbidden' } }),
  // A 400, not a 404: the type is what tells. https://github.com/mistralai/mistral-vibe/issues/617
  'model-not-found': ({ model }) =>
    error(400, { type: 'invalid_model', message: `Invalid model: ${model}`, code: '1500' }),
  'context-too-long': ({ model }) =>
    error(400, {
      type: 'invalid_request_error',
      message: `Prompt contains 204308 tokens, too large for model ${model} with 131072 maximum context length`,
      code: '3051',
    }),
  'body-too-large': () => gatewayPage(413, 'Request Entity Too Large'),
  'invalid-request': () =>
    validation({ type: 'literal_error', loc: ['body', 'messages', 0, 'role'], msg: "Input should be 'user'" }),
  'unsupported-parameter': () =>
    validation({ type: 'extra_forbidden', loc: ['body', 'seed'], msg: 'Extra inputs are not permitted' }),
  'content-policy': () =>
    error(403, { type: 'content_moderation', message: 'The request was blocked by the content filter.', code: null }),
};

function error(
  status: number,
  fault: { type: string; message: string; code: string | null; headers?: Readonly<Record<string, string>> },
): ErrorReply {
  const { type, message, code, headers = {} } = fault;
  return { status, headers, body: { object: 'error', message, type, param: null, code, raw_status_code: status } };
}

function validation(detail: { type: string; loc: readonly (string | number)[]; msg: string }): ErrorReply {
  return { status: 422, headers: {}, body: { detail: [detail] } };
}
