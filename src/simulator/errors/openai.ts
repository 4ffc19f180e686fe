// OpenAI's errors: `{error: {message, type, param, code}}`, of which `code` is the telling field.

import type { ErrorDetails, ErrorReply, ErrorTable } from '../error-body.ts';
import { gatewayPage, retryAfter } from './gateway.ts';

export const openaiErrors: ErrorTable = {
  'rate-limit': (details) =>
    error(429, {
      message: `Rate limit reached for ${details.model} in organization org-simulated on requests per min (RPM): Limit 500, Used 500, Requested 1.`,
      type: 'requests',
      code: 'rate_limit_exceeded',
      headers: hints(details),
    }),
  'ramp-limit': (details) =>
    error(429, {
      message: 'Your traffic is growing too quickly. Slow down and increase it gradually.',
      type: 'rate_limit_error',
      code: 'slow_down',
      headers: hints(details),
    }),
  'request-over-limit': ({ model }) =>
    error(429, {
      message: `Request too large for ${model} in organization org-simulated on tokens per min (TPM): Limit 30000, Requested 64000. The input or output tokens must be reduced in order to run successfully.`,
      type: 'tokens',
      code: 'rate_limit_exceeded',
    }),
  quota: () =>
    error(429, {
      message: 'You exceeded your current quota, please check your plan and billing details.',
      type: 'insufficient_quota',
      code: 'insufficient_quota',
    }),
  billing: () =>
    error(429, {
      message: 'The credit balance of this organization is used up.',
      type: 'insufficient_quota',
      code: 'credit_balance_exhausted',
    }),
  overloaded: () =>
    error(503, {
      message: 'The server is currently overloaded with other requests. Please try again later.',
      type: 'service_unavailable_error',
      code: 'server_is_overloaded',
    }),
  'server-error': () =>
    error(500, { message: 'The server had an error while processing your request.', type: 'server_error' }),
  'bad-gateway': () => gatewayPage(502, 'Bad Gateway'),
  timeout: () => gatewayPage(504, 'Gateway Time-out'),
  auth: () =>
    error(401, {
      message: 'Incorrect API key provided: sk-****.',
      type: 'invalid_request_error',
      code: 'invalid_api_key',
    }),
  permission: () =>
    error(403, {
      message: 'Country, region, or territory not supported',
      type: 'request_forbidden',
      code: 'unsupported_country_region_territory',
    }),
  'model-not-found': ({ model }) =>
    error(404, {
      message: `The model \`${model}\` does not exist or you do not have access to it.`,
      type: 'invalid_request_error',
      code: 'model_not_found',
    }),
  'context-too-long': () =>
    error(400, {
      message:
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 204308 tokens.",
      type: 'invalid_request_error',
      param: 'messages',
      code: 'context_length_exceeded',
    }),
  'body-too-large': () => gatewayPage(413, 'Payload Too Large'),
  'invalid-request': () =>
    error(400, {
      message: "Invalid value: 'robot'. Supported values are: 'system', 'assistant', 'user', 'tool', and 'developer'.",
      type: 'invalid_request_error',
      param: 'messages[0].role',
      code: 'invalid_value',
    }),
  'unsupported-parameter': () =>
    error(400, {
      message: "Unsupported parameter: 'temperature' is not supported with this model.",
      type: 'invalid_request_error',
      param: 'temperature',
      code: 'unsupported_parameter',
    }),
  'content-policy': () =>
    error(400, {
      message: 'Your request was rejected as a result of our safety system.',
      type: 'invalid_request_error',
      code: 'content_policy_violation',
    }),
};

function error(
  status: number,
  fault: { message: string; type: string; param?: string; code?: string; headers?: Readonly<Record<string, string>> },
): ErrorReply {
  const { message, type, param = null, code = null, headers = {} } = fault;
  return { status, headers, body: { error: { message, type, param, code } } };
}

function hints({ retryAfterMs }: ErrorDetails): Readonly<Record<string, string>> {
  return retryAfterMs === null
    ? {}
    : { ...retryAfter(retryAfterMs), 'retry-after-ms': String(Math.ceil(retryAfterMs)) };
}
