// xAI's errors: sentences for a code and for an error.

import type { ErrorReply, ErrorTable } from '../error-body.ts';
import { gatewayPage, retryAfter } from './gateway.ts';

const INVALID = 'Client specified an invalid argument';
const FORBIDDEN = 'The caller does not have permission to execute the specified operation';
const EXHAUSTED = 'Some resource has been exhausted';

export const xaiErrors: ErrorTable = {
  'rate-limit': ({ retryAfterMs }) =>
    error(429, EXHAUSTED, 'Too many requests for team simulated and model x.', retryAfter(retryAfterMs)),
  'ramp-limit': () => error(429, EXHAUSTED, 'Too many requests.'),
  'request-over-limit': () => error(429, EXHAUSTED, 'Too many tokens a minute.'),
  quota: () => error(429, EXHAUSTED, 'Your team has used all available credits or reached its monthly spending limit.'),
  billing: () => error(403, FORBIDDEN, 'Your team has no credits yet. You can purchase more credits in the console.'),
  overloaded: () => error(503, 'The service is currently unavailable', 'The model is at capacity.'),
  'server-error': () => error(500, 'Internal error', 'Something went wrong.'),
  'bad-gateway': () => gatewayPage(502, 'Bad Gateway'),
  timeout: () => error(504, 'Deadline expired before operation could complete', 'Timed out.'),
  auth: () => error(400, INVALID, 'Incorrect API key provided: xa***. You can obtain an API key from the console.'),
  permission: () => error(403, FORBIDDEN, 'The API key is blocked.'),
  'model-not-found': ({ model }) =>
    error(404, 'Some requested entity was not found', `The model ${model} does not exist.`),
  'context-too-long': () =>
    error(400, INVALID, "This model's maximum prompt length is 131072 but the request contains 204308 tokens."),
  'body-too-large': () => gatewayPage(413, 'Payload Too Large'),
  'invalid-request': () => error(400, INVALID, 'Each message must have at least one content element.'),
  'unsupported-parameter': () => error(400, INVALID, 'Argument not supported on this model: stop'),
  'content-policy': () => error(403, FORBIDDEN, 'Content violates usage guidelines.'),
};

function error(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ErrorReply {
  return { status, headers, body: { code, error: message } };
}
