// Cohere's errors: a status and a sentence.

import type { ErrorReply, ErrorTable } from '../error-body.ts';
import { gatewayPage, retryAfter } from './gateway.ts';

export const cohereErrors: ErrorTable = {
  'rate-limit': ({ retryAfterMs }) =>
    error(429, 'You are past the per minute request limit, please wait and try again later.', retryAfter(retryAfterMs)),
  'ramp-limit': () => error(429, 'You are using a Trial key, which is limited to 20 API calls / minute.'),
  'request-over-limit': () => error(429, 'trial token rate limit exceeded, limit is 100000 tokens per minute'),
  quota: () => error(429, 'You are using a Trial key, which is limited to 1000 API calls / month.'),
  billing: () => error(402, 'Please add or update your payment method at the dashboard to continue.'),
  overloaded: () => error(503, 'The service is currently overloaded.'),
  'server-error': () => error(500, 'internal server error, this has been reported to our developers.'),
  'bad-gateway': () => gatewayPage(502, 'Bad Gateway'),
  timeout: () => gatewayPage(504, 'Gateway Time-out'),
  auth: () => error(401, 'invalid api token'),
  permission: () => error(403, 'this key may not be used with this endpoint'),
  'model-not-found': ({ model }) => error(404, `model '${model}' not found, make sure the correct model ID was used`),
  'context-too-long': () =>
    error(400, 'too many tokens: total number of tokens in the prompt cannot exceed 128000 - received 204308.'),
  'body-too-large': () => gatewayPage(413, 'Payload Too Large'),
  'invalid-request': () =>
    error(400, 'invalid request: message must be at least 1 token long or tool results must be specified.'),
  'unsupported-parameter': () => error(400, 'invalid request: tools are not supported by this model'),
  'content-policy': () => error(498, 'The request was blocked.'),
};

function error(status: number, message: string, headers: Readonly<Record<string, string>> = {}): ErrorReply {
  return { status, headers, body: { message } };
}
