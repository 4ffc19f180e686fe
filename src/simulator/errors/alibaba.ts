// DashScope's errors in OpenAI's shape, with codes of its own. Here `insufficient_quota` is tokens a minute.

import type { ErrorReply, ErrorTable } from '../error-body.ts';
import { gatewayPage } from './gateway.ts';
import { openaiErrors } from './openai.ts';

export const alibabaErrors: ErrorTable = {
  ...openaiErrors,
  'rate-limit': () => error(429, 'limit_requests', 'You exceeded your current requests list.'),
  'ramp-limit': () => error(429, 'limit_burst_rate', 'Request rate increased too quickly.'),
  'request-over-limit': () =>
    error(429, 'insufficient_quota', 'You exceeded your current quota, please check your plan and billing details.'),
  quota: () => error(403, 'AllocationQuota.FreeTierOnly', 'The free tier of the model has been exhausted.'),
  billing: () => error(400, 'Arrearage', 'Access denied, please make sure your account is in good standing.'),
  overloaded: () => error(503, 'ModelServingError', 'Too many requests. Your requests are being throttled.'),
  'server-error': () => error(500, 'InternalError', 'An internal error has occurred, please try again later.'),
  auth: () => error(401, 'invalid_api_key', 'Incorrect API key provided.'),
  permission: () => error(403, 'AccessDenied.Unpurchased', 'Access to model denied.'),
  'model-not-found': () =>
    error(404, 'model_not_found', 'The model `x` does not exist or you do not have access to it.'),
  'context-too-long': () => error(400, 'invalid_parameter_error', 'Range of input length should be [1, 129024]'),
  'body-too-large': () => gatewayPage(413, 'Request Entity Too Large'),
  'invalid-request': () => error(400, 'invalid_parameter_error', "'robot' is not one of ['system', 'user']"),
  'unsupported-parameter': () =>
    error(400, 'invalid_parameter_error', 'This model only support stream mode, please enable the stream parameter.'),
  'content-policy': () => error(400, 'data_inspection_failed', 'Input data may contain inappropriate content.'),
};

function error(status: number, code: string, message: string): ErrorReply {
  return { status, headers: {}, body: { error: { message, type: code, param: null, code }, request_id: 'simulated' } };
}
