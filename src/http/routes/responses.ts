// OpenAI's responses: `POST /v1/responses`, on the line or in the background, read and cancel. What works below is an
// inference like any other.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Inference, ResponseMemo } from '../../domain/inference.ts';
import { errorSchema } from '../error-schema.ts';
import { responseNotFound } from '../errors.ts';
import { failureError } from '../failure-error.ts';
import type { App, HttpContext } from '../http-context.ts';
import { expectFound, readOwn, stateAfterWaiting } from '../own-inference.ts';
import { chatHeadersSchema } from '../request-headers.ts';
import { previousMessages, promptOfInference } from '../responses/previous-response.ts';
import { ResponseEvents } from '../responses/response-events.ts';
import { inferenceIdOf } from '../responses/response-id.ts';
import type { ResponseObject } from '../responses/response-object-schema.ts';
import { responseSchema } from '../responses/response-object-schema.ts';
import type { ShownRequest } from '../responses/response-object.ts';
import { responseObject, shownRequest } from '../responses/response-object.ts';
import { responsePromptOf } from '../responses/response-prompt.ts';
import type { ResponseFields } from '../responses/response-schema.ts';
import { responseBodySchema, responseQuerySchema } from '../responses/response-schema.ts';
import { ShownRequests } from '../responses/shown-requests.ts';
import { startInference } from '../start-inference.ts';
import { rejoinStream, serveStreamingClient } from '../streaming-client.ts';
import { howServed, servedHeaders, serveWaitingClient } from '../waiting-client.ts';

const tags = ['Responses'];
const params = z.object({ id: z.string() });
const response = { 200: responseSchema, default: errorSchema };

export function registerResponses(app: App, context: HttpContext): void {
  const shown = new ShownRequests();
  app.post(
    '/responses',
    {
      schema: {
        summary: 'Create a response',
        description:
          "OpenAI's responses. Answers when the inference ends or its deadline passes, and at once with `background`. " +
          'The headers tell how it was served, as of a chat completion; `/v1/inferences/{id}` shows the same work.',
        tags,
        headers: chatHeadersSchema,
        body: responseBodySchema,
        response,
      },
    },
    async (request, reply) => {
      const { body, headers } = request;
      const prompt = responsePromptOf(body, await previousMessages(context, body.previous_response_id, request.caller));
      const memo = memoOf(body);
      const wanted = {
        wayIn: memo.background ? 'background-responses' : 'responses',
        body,
        prompt,
        response: memo,
      } as const;
      const shownNow = shownRequest(prompt, memo);
      if (body.stream) {
        // Nobody's leaving ends what runs in the background.
        const line = memo.background ? { ...headers, 'x-holdfast-detach': 'true' as const } : headers;
        return serveStreamingClient(context, { request, reply, headers: line }, wanted, ({ inference }) => {
          return new ResponseEvents({ inference, request: shownNow, memo });
        });
      }
      const inference = memo.background
        ? (await startInference(context, request, { ...wanted, ...howServed(headers) })).inference
        : await serveWaitingClient(context, { request, reply, headers }, wanted);
      if (!inference) return reply;
      if (!memo.background && !inference.result) throw failureError(inference);
      shown.keep(inference.id, shownNow);
      reply.headers(servedHeaders(inference));
      return responseObject({ inference, request: shownNow, memo });
    },
  );

  app.get(
    '/responses/:id',
    {
      schema: {
        summary: 'Read a response, or join its stream',
        tags,
        params,
        querystring: responseQuerySchema,
        response,
      },
    },
    async (request, reply) => {
      const { inference, memo } = await readOwnResponse(context, request);
      const { stream, starting_after: after } = request.query;
      if (stream === 'true') {
        const asked = await requestOf(context, { inference, memo, shown });
        const events = new ResponseEvents(
          { inference, request: asked, memo },
          after === undefined ? -1 : Number(after),
        );
        return rejoinStream(context, { reply, inference }, events);
      }
      return show(context, { inference, memo, shown, reply });
    },
  );

  app.post(
    '/responses/:id/cancel',
    {
      schema: {
        summary: 'Cancel a response',
        description: 'A finished one stays as it is.',
        tags,
        params,
        response,
      },
    },
    async (request, reply) => {
      const { inference: found, memo } = await readOwnResponse(context, request);
      const { id } = found;
      const asked = expectFound(id, await context.inferences.cancel(id));
      const ended = await stateAfterWaiting(context, { inference: asked, timeoutMs: CANCELLED_WITHIN_MS, reply });
      return show(context, { inference: ended ?? asked, memo, shown, reply });
    },
  );
}

/** A cancelled one ends as soon as its call has been told, and OpenAI's clients look only once. */
const CANCELLED_WITHIN_MS = 5_000;

/** What a later look at the response has to know of its request. */
function memoOf(body: ResponseFields): ResponseMemo {
  const previousResponseId = body.previous_response_id;
  return {
    background: body.background ?? false,
    store: body.store ?? true,
    hasInstructions: body.instructions != null,
    ...(previousResponseId != null && { previousResponseId }),
  };
}

/** One that came in by another way, or was not to be stored, is no response. */
async function readOwnResponse(
  context: HttpContext,
  { params: { id }, caller }: FastifyRequest<{ Params: { id: string } }>,
): Promise<{ readonly inference: Inference; readonly memo: ResponseMemo }> {
  const inferenceId = inferenceIdOf(id);
  if (inferenceId === null) throw responseNotFound(id);
  // A response shows no calls.
  const notFound = () => responseNotFound(id);
  const inference = await readOwn(context, inferenceId, caller, { notFound, withCalls: false });
  const memo = inference.memo.response;
  if (!memo?.store) throw responseNotFound(id);
  return { inference, memo };
}

async function show(
  context: HttpContext,
  found: {
    readonly inference: Inference;
    readonly memo: ResponseMemo;
    readonly shown: ShownRequests;
    readonly reply: FastifyReply;
  },
): Promise<ResponseObject> {
  const { inference, memo, shown, reply } = found;
  const request = await requestOf(context, { inference, memo, shown });
  reply.headers(servedHeaders(inference));
  return responseObject({ inference, request, memo });
}

/** What the response shows of its request. */
async function requestOf(
  context: HttpContext,
  {
    inference,
    memo,
    shown,
  }: { readonly inference: Inference; readonly memo: ResponseMemo; readonly shown: ShownRequests },
): Promise<ShownRequest> {
  const request = shown.get(inference.id) ?? shownRequest(await promptOfInference(context, inference), memo);
  shown.keep(inference.id, request);
  return request;
}
