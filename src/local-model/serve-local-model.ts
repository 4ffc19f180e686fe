// The local model as an HTTP server that speaks OpenAI's chat completions, so that it is a target like any other.
// Must not know how the model computes.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerChat } from './answer-chat.ts';
import type { ApiError } from './api-error.ts';
import { sendError } from './api-error.ts';
import { loadLocalModel } from './local-model.ts';

export const LOCAL_MODEL = 'smollm2-135m-instruct';

export interface ServedLocalModel {
  /** Ends in `/v1`. */
  readonly baseUrl: string;
  /** Breaks off the answers that are being given. */
  close(): Promise<void>;
}

export async function startLocalModel(input: {
  readonly modelPath: string;
  readonly modulePath: string;
  /** @default any free port */
  readonly port?: number;
}): Promise<ServedLocalModel> {
  const model = await loadLocalModel(input);
  const server = createServer((request, response) => {
    answerRequest(request, response).catch((error: unknown) => {
      const reason = error instanceof Error ? error : new Error(String(error));
      if (response.headersSent) response.destroy(reason);
      else sendError(response, { ...FAILED, message: `The model failed: ${reason.message}` });
    });
  });

  async function answerRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = `${request.method} ${request.url}`;
    if (route === 'GET /v1/models') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(MODEL_LIST);
    } else if (route === 'POST /v1/chat/completions') {
      const body = await readBody(request);
      if (body === null) sendError(response, TOO_LARGE);
      else await answerChat({ model, modelName: LOCAL_MODEL, body, response });
    } else {
      sendError(response, { ...NOT_FOUND, message: `There is no ${route} here.` });
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(input.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await model.dispose();
    },
  };
}

const MODEL_LIST = JSON.stringify({
  object: 'list',
  data: [{ id: LOCAL_MODEL, object: 'model', created: 0, owned_by: 'local' }],
});

/** Many times what fits into the context. */
const BODY_LIMIT_BYTES = 1_000_000;

const INVALID = { type: 'invalid_request_error', param: null } as const;
const NOT_FOUND = { ...INVALID, status: 404, code: 'not_found' } as const;
const FAILED = { status: 500, type: 'server_error', param: null, code: 'server_error' } as const;
const TOO_LARGE: ApiError = {
  ...INVALID,
  status: 413,
  code: 'request_too_large',
  message: `The body is larger than ${BODY_LIMIT_BYTES} bytes.`,
};

/** Null when it is too large; the rest of it is read all the same, so that the client gets to read the answer. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_LIMIT_BYTES) chunks.push(chunk);
  }
  return bytes <= BODY_LIMIT_BYTES ? Buffer.concat(chunks).toString('utf8') : null;
}
