// `POST /v1/embeddings`, OpenAI's: the client stays on the line until all its texts are vectors.

import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { EmbeddingsResult } from '../../domain/inference.ts';
import { embeddingAnswerSchema, embeddingListJson } from '../embedding-list.ts';
import { embeddingsBodySchema, textsOf } from '../embeddings-schema.ts';
import { errorSchema } from '../error-schema.ts';
import { ApiError } from '../errors.ts';
import { failureError } from '../failure-error.ts';
import { given } from '../given.ts';
import type { App, HttpContext } from '../http-context.ts';
import { chatHeadersSchema } from '../request-headers.ts';
import { servedHeaders, serveWaitingClient } from '../waiting-client.ts';

export function registerEmbeddings(app: App, context: HttpContext): void {
  const schema = {
    summary: 'Create embeddings',
    description:
      "OpenAI's embeddings. Fails over between targets of the same model only: vectors of different models never mix. " +
      'Headers of request and answer are those of chat completions.',
    tags: ['Inferences'],
    headers: chatHeadersSchema,
    body: embeddingsBodySchema,
    response: { 200: embeddingAnswerSchema, default: errorSchema },
  };
  app.post('/embeddings', { schema }, async (request, reply) => {
    const { body, headers } = request;
    const { dimensions, user, encoding_format: encoding } = body;
    const texts = textsOf(body);
    if (!texts) {
      throw new ApiError({
        code: 'unsupported_parameter',
        message: 'input must be text: token numbers are of one model maker alone, and no other provider takes them.',
        param: 'input',
      });
    }
    const wanted = { wayIn: 'embeddings', body, embedding: { texts, ...given({ dimensions, user }) } } as const;
    const inference = await serveWaitingClient(context, { request, reply, headers }, wanted);
    if (!inference) return reply;
    const { embeddings } = inference;
    if (!embeddings) throw failureError(inference);
    reply.headers(servedHeaders(inference));
    return sendList(reply, embeddings, encoding ?? 'float');
  });
}

function sendList(reply: FastifyReply, result: EmbeddingsResult, encoding: 'float' | 'base64'): FastifyReply {
  const pieces = Readable.from(embeddingListJson(result, encoding), { objectMode: false });
  return reply.type('application/json; charset=utf-8').send(pieces);
}
