// Amazon Bedrock's errors: the exception's name in a header, a sentence in the body. In a stream the name comes along.

import type { ErrorReply, ErrorTable } from '../error-body.ts';
import { gatewayPage } from './gateway.ts';

export const bedrockErrors: ErrorTable = {
  'rate-limit': () => error(429, 'ThrottlingException', 'Too many requests, please wait before trying again.'),
  'ramp-limit': () =>
    error(429, 'ThrottlingException', 'Your request rate is too high. Reduce the frequency of requests.'),
  'request-over-limit': () => error(429, 'ThrottlingException', 'Too many tokens, please wait before trying again.'),
  quota: () => error(429, 'ThrottlingException', 'Too many tokens per day, please wait before trying again.'),
  billing: () =>
    error(400, 'ServiceQuotaExceededException', 'Your request exceeds the service quota for your account.'),
  overloaded: () => error(503, 'ServiceUnavailableException', 'Bedrock is unable to process your request.'),
  'server-error': () => error(500, 'InternalServerException', 'The system encountered an unexpected error.'),
  'bad-gateway': () => gatewayPage(502, 'Bad Gateway'),
  timeout: () => error(408, 'ModelTimeoutException', 'Model has timed out in processing the request.'),
  auth: () => error(403, 'UnrecognizedClientException', 'The security token included in the request is invalid.'),
  permission: () =>
    error(403, 'AccessDeniedException', "You don't have access to the model with the specified model ID."),
  'model-not-found': () =>
    error(404, 'ResourceNotFoundException', 'This model version has reached the end of its life.'),
  'context-too-long': () => error(400, 'ValidationException', 'Input is too long for requested model.'),
  'body-too-large': () => gatewayPage(413, 'Request Entity Too Large'),
  'invalid-request': () => error(400, 'ValidationException', 'A conversation must start with a user message.'),
  'unsupported-parameter': () =>
    error(400, 'ValidationException', "This model doesn't support tool use in streaming mode."),
  'content-policy': () => error(400, 'ValidationException', 'The prompt was blocked by the content filter.'),
};

function error(status: number, name: string, message: string): ErrorReply {
  return {
    status,
    headers: { 'x-amzn-errortype': `${name}:http://internal.amazon.com/coral/com.amazon.bedrock/` },
    body: { message, __type: name },
  };
}
