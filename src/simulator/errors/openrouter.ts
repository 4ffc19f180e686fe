// OpenRouter's errors: `{error: {code, message, metadata}}` with the status for a code.

import type { ErrorReply, ErrorTable } from '../error-body.ts';
import { gatewayPage, retryAfter } from './gateway.ts';

export const openrouterErrors: ErrorTable = {
  'rate-limit': ({ retryAfterMs }) => error(429, 'Rate limit exceeded', {}, retryAfter(retryAfterMs)),
  'ramp-limit': () => error(429, 'Provider returned error', { provider_name: 'Simulated', raw: 'slow down' }),
  'request-over-limit': () => error(429, 'Provider returned error', { provider_name: 'Simulated' }),
  quota: () => error(402, 'Insufficient credits. Add more to continue.'),
  billing: () => error(402, 'This request requires more credits, or fewer max_tokens.'),
  overloaded: () => error(503, 'There is no available model provider that meets your routing requirements'),
  'server-error': () => error(500, 'Internal Server Error'),
  'bad-gateway': () => error(502, 'Provider returned error', { provider_name: 'Simulated' }),
  timeout: () => error(408, 'The request timed out'),
  auth: () => error(401, 'No auth credentials found'),
  permission: () => error(403, 'This key may not use this model'),
  'model-not-found': ({ model }) => error(400, `${model} is not a valid model ID`),
  'context-too-long': () =>
    error(400, "This endpoint's maximum context length is 131072 tokens. However, you requested about 204308 tokens."),
  'body-too-large': () => gatewayPage(413, 'Payload Too Large'),
  'invalid-request': () => error(400, 'Input must have at least 1 token.'),
  'unsupported-parameter': () =>
    error(404, 'No endpoints found that support tool use. To learn more about provider routing, visit the docs.'),
  'content-policy': () =>
    error(403, 'Input was flagged', { reasons: ['violence'], flagged_input: '…', provider_name: 'Simulated' }),
};

function error(
  code: number,
  message: string,
  metadata?: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): ErrorReply {
  return { status: code, headers, body: { error: { message, code, ...(metadata && { metadata }) } } };
}
