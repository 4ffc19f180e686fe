// The one place that answers errors: ours, Fastify's and bugs, all in the same shape. Shows nothing of the inside and
// logs nothing of a request's content.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from './errors.ts';

export async function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const known = error instanceof ApiError ? error : frameworkError(error as FastifyError, request);
  if (known?.fields.code === 'body_too_large') {
    await takeTheRest(request.raw);
    reply.removeHeader('connection');
  }
  if (known) return sendError(known, request, reply);
  const { id, inferenceId } = request;
  reply.log.error({ err: error, requestId: id, ...(inferenceId && { inferenceId }) }, 'A request failed by a bug.');
  return sendError(bugError(request), request, reply);
}

export function handleUnknownRoute(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { method } = request;
  const path = request.url.split('?', 1)[0]?.slice(0, 200);
  const message = `There is no ${method} ${path}. GET /openapi.json lists what there is.`;
  return sendError(new ApiError({ code: 'route_not_found', message }), request, reply);
}

/** What Node cannot parse as HTTP never becomes a request: the answer is written to the socket by hand. */
export function handleClientError(
  this: { readonly log: FastifyBaseLogger },
  cause: NodeJS.ErrnoException,
  socket: Socket,
): void {
  if (cause.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  this.log.debug({ code: cause.code }, 'A connection sent something that is not HTTP, or too slowly.');
  const error = clientError(cause);
  const body = JSON.stringify(error.body);
  const lines = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
    `x-request-id: ${randomUUID()}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    ...Object.entries(error.headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

function sendError(error: ApiError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // Also where no hook ran, as for an address that cannot be decoded.
  reply.header('x-request-id', request.id);
  return reply
    .code(error.status)
    .headers(error.headers)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(error.body));
}

const MAX_DRAIN_MS = 10_000;

/**
 * Many clients read no answer before they have sent everything, and see only a broken connection when it is closed on
 * them: the rest of a body that is too large is taken, for a while, and thrown away.
 */
function takeTheRest(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, MAX_DRAIN_MS);
    const settle = () => {
      clearTimeout(timer);
      resolve();
    };
    request.once('end', settle).once('close', settle).resume();
    if (request.complete || request.destroyed) settle();
  });
}

export function bugError(request: FastifyRequest): ApiError {
  const { id, inferenceId } = request;
  return new ApiError({
    code: 'internal_error',
    message: `Holdfast itself failed. Its log has the details under request ${id}.`,
    ...(inferenceId ? { inferenceId } : {}),
  });
}

/** Fastify's own refusals of a request, by their code. */
function frameworkError(error: FastifyError, request: FastifyRequest): ApiError | null {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE': {
      const limit = request.routeOptions.bodyLimit;
      return new ApiError({ code: 'body_too_large', message: `The body is larger than the limit of ${limit} bytes.` });
    }
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new ApiError({ code: 'invalid_json', message: 'The body is not valid JSON.' });
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new ApiError({ code: 'bad_http', message: 'The body does not have the length that its header says.' });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ApiError({
        code: 'unsupported_media_type',
        message: 'The body must be JSON: send the header "Content-Type: application/json".',
        param: 'content-type',
      });
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new ApiError({ code: 'bad_http', message: 'The address cannot be decoded.' });
    default:
      // The body's stream broke off: the client is gone, and nobody reads the answer.
      return error.statusCode === 400 ? new ApiError({ code: 'bad_http', message: 'The request broke off.' }) : null;
  }
}

function clientError({ code }: NodeJS.ErrnoException): ApiError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new ApiError({ code: 'headers_too_large', message: 'The headers are larger than 16 KiB.' });
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new ApiError({ code: 'request_timeout', message: 'The request did not arrive in time.' });
  }
  return new ApiError({ code: 'bad_http', message: 'This is not valid HTTP.' });
}
