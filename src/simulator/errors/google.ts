// Gemini's errors: google.rpc.Status as JSON, with typed details. Hints are in the body, never in headers.

import type { ErrorReply, ErrorTable } from '../error-body.ts';
import { gatewayPage } from './gateway.ts';

export const googleErrors: ErrorTable = {
  'rate-limit': ({ model, retryAfterMs }) =>
    error(429, {
      status: 'RESOURCE_EXHAUSTED',
      message: EXCEEDED,
      details: [
        quotaFailure({ model, metric: 'requests', quotaId: 'GenerateRequestsPerMinutePerProjectPerModel' }),
        ...retryInfo(retryAfterMs),
      ],
    }),
  // No details at all is how shared capacity (Vertex) says it.
  'ramp-limit': () =>
    error(429, { status: 'RESOURCE_EXHAUSTED', message: 'Resource exhausted. Please try again later.' }),
  'request-over-limit': ({ model, retryAfterMs }) =>
    error(429, {
      status: 'RESOURCE_EXHAUSTED',
      message: EXCEEDED,
      details: [
        quotaFailure({ model, metric: 'input_token_count', quotaId: 'GenerateContentInputTokensPerModelPerMinute' }),
        ...retryInfo(retryAfterMs),
      ],
    }),
  quota: ({ model, retryAfterMs }) =>
    error(429, {
      status: 'RESOURCE_EXHAUSTED',
      message: EXCEEDED,
      details: [
        quotaFailure({ model, metric: 'requests', quotaId: 'GenerateRequestsPerDayPerProjectPerModel' }),
        ...retryInfo(retryAfterMs),
      ],
    }),
  billing: () => error(402, { status: 'FAILED_PRECONDITION', message: 'Billing is not active for this project.' }),
  overloaded: () => error(503, { status: 'UNAVAILABLE', message: 'The model is overloaded. Please try again later.' }),
  'server-error': () => error(500, { status: 'INTERNAL', message: 'An internal error has occurred.' }),
  'bad-gateway': () => gatewayPage(502, 'Server Error'),
  timeout: () =>
    error(504, { status: 'DEADLINE_EXCEEDED', message: 'Deadline expired before operation could complete.' }),
  auth: () =>
    error(400, {
      status: 'INVALID_ARGUMENT',
      message: 'API key not valid. Please pass a valid API key.',
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'API_KEY_INVALID',
          domain: 'googleapis.com',
          metadata: { service: 'generativelanguage.googleapis.com' },
        },
      ],
    }),
  permission: () => error(403, { status: 'PERMISSION_DENIED', message: 'The caller does not have permission.' }),
  'model-not-found': ({ model }) =>
    error(404, {
      status: 'NOT_FOUND',
      message: `models/${model} is not found for API version v1beta, or is not supported for generateContent.`,
    }),
  'context-too-long': () =>
    error(400, {
      status: 'INVALID_ARGUMENT',
      message: 'The input token count (1204308) exceeds the maximum number of tokens allowed (1048576).',
    }),
  'body-too-large': () => gatewayPage(413, 'Request Entity Too Large'),
  'invalid-request': () =>
    error(400, {
      status: 'INVALID_ARGUMENT',
      message: 'Invalid value at contents[0].role',
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.BadRequest',
          fieldViolations: [{ field: 'contents[0].role', description: 'Invalid value at contents[0].role' }],
        },
      ],
    }),
  'unsupported-parameter': () =>
    error(400, { status: 'INVALID_ARGUMENT', message: 'Presence penalty is not enabled for this model' }),
  'content-policy': () =>
    error(400, {
      status: 'INVALID_ARGUMENT',
      message: 'The prompt was blocked by the content policy (PROHIBITED_CONTENT).',
    }),
};

const EXCEEDED = 'You exceeded your current quota, please check your plan and billing details.';

function error(code: number, fault: { status: string; message: string; details?: readonly unknown[] }): ErrorReply {
  return { status: code, headers: {}, body: { error: { code, ...fault } } };
}

function quotaFailure({ model, metric, quotaId }: { model: string; metric: string; quotaId: string }) {
  return {
    '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
    violations: [
      {
        quotaMetric: `generativelanguage.googleapis.com/generate_content_paid_tier_${metric}`,
        quotaId,
        quotaDimensions: { location: 'global', model },
        quotaValue: '1000',
      },
    ],
  };
}

function retryInfo(retryAfterMs: number | null) {
  if (retryAfterMs === null) return [];
  return [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryAfterMs / 1_000}s` }];
}
