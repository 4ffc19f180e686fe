// DeepSeek's errors: OpenAI's shape, but `code` is nearly always `invalid_request_error`; the status tells.

import type { ErrorReply, ErrorTable } from '../error-body.ts';
import { gatewayPage } from './gateway.ts';

export const deepseekErrors: ErrorTable = {
  'rate-limit': () => error(429, { type: 'rate_limit_reached_error', message: 'Rate limit reached' }),
  'ramp-limit': () =>
    error(429, { type: 'rate_limit_reached_error', message: 'You are sending requests too quickly.' }),
  'request-over-limit': () => error(429, { type: 'rate_limit_reached_error', message: 'Rate limit reached' }),
  quota: () => error(402, { type: 'unknown_error', message: 'Insufficient Balance' }),
  billing: () => error(402, { type: 'unknown_error', message: 'Insufficient Balance' }),
  overloaded: () =>
    error(503, {
      type: 'service_unavailable_error',
      message: 'Service is too busy. You may switch to another provider for now.',
    }),
  'server-error': () => error(500, { type: 'internal_server_error', message: 'Internal server error' }),
  'bad-gateway': () => gatewayPage(502, 'Bad Gateway'),
  timeout: () => gatewayPage(504, 'Gateway Time-out'),
  auth: () => error(401, { type: 'authentication_error', message: 'Authentication Fails, your api key is invalid' }),
  permission: () => error(403, { type: 'permission_error', message: 'You have no permission to use this model.' }),
  'model-not-found': () => error(400, { type: 'invalid_request_error', message: 'Model Not Exist' }),
  'context-too-long': () =>
    error(400, {
      type: 'invalid_request_error',
      message: "This model's maximum context length is 131072 tokens. However, you requested 204308 tokens.",
    }),
  'body-too-large': () => gatewayPage(413, 'Request Entity Too Large'),
  'invalid-request': () => error(400, { type: 'invalid_request_error', message: 'Invalid value for messages[0].role' }),
  'unsupported-parameter': () =>
    error(422, { type: 'invalid_request_error', message: 'This parameter is not supported by the model.' }),
  'content-policy': () => error(400, { type: 'invalid_request_error', message: 'Content Exists Risk' }),
};

function error(status: number, { type, message }: { type: string; message: string }): ErrorReply {
  return { status, headers: {}, body: { error: { message, type, param: null, code: 'invalid_request_error' } } };
}
