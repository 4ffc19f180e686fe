// An error in the shape of OpenAI's API.

import type { ServerResponse } from 'node:http';

export interface ApiError {
  readonly status: number;
  readonly type: 'invalid_request_error' | 'server_error';
  readonly code: string;
  readonly param: string | null;
  readonly message: string;
}

export function sendError(response: ServerResponse, error: ApiError): void {
  const { status, type, code, param, message } = error;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { message, type, param, code } }));
}
