// Azure OpenAI's errors: OpenAI's, the gateway's codes, and the content filter's form.

import type { ErrorReply, ErrorTable } from '../error-body.ts';
import { retryAfter } from './gateway.ts';
import { openaiErrors } from './openai.ts';

export const azureErrors: ErrorTable = {
  ...openaiErrors,
  'rate-limit': ({ retryAfterMs }) =>
    error(
      429,
      '429',
      'Requests have exceeded the call rate limit of your current pricing tier.',
      retryAfter(retryAfterMs),
    ),
  'ramp-limit': () =>
    error(429, '429', 'The system is currently experiencing high demand and cannot process your request.'),
  'request-over-limit': () => error(429, '429', 'Request too large for this deployment.'),
  timeout: () => error(408, 'Timeout', 'The operation was timeout.'),
  auth: () => error(401, '401', 'Access denied due to invalid subscription key or wrong API endpoint.'),
  permission: () => error(403, 'AuthenticationTypeDisabled', 'Key based authentication is disabled for this resource.'),
  'model-not-found': () => error(404, 'DeploymentNotFound', 'The API deployment for this resource does not exist.'),
  'content-policy': () => ({
    status: 400,
    headers: {},
    body: {
      error: {
        message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        type: null,
        param: 'prompt',
        code: 'content_filter',
        status: 400,
        innererror: {
          code: 'ResponsibleAIPolicyViolation',
          content_filter_result: { hate: { filtered: true, severity: 'high' } },
        },
      },
    },
  }),
};

function error(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ErrorReply {
  return { status, headers, body: { error: { code, message } } };
}
