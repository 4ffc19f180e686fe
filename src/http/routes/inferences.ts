// `/v1/inferences`: submit, read, wait, list, cancel and replay. A disconnect here never cancels.

import { z } from 'zod';
import { errorSchema } from '../error-schema.ts';
import { ApiError, inferenceNotFound, temporalUnavailable } from '../errors.ts';
import type { App, HttpContext } from '../http-context.ts';
import { inferenceObject, inferenceSchema } from '../inference-object.ts';
import { given } from '../given.ts';
import { inferenceBodySchema, resolutionBodySchema } from '../inference-schema.ts';
import { expectFound, readOwn, stateAfterWaiting } from '../own-inference.ts';
import { promptOf } from '../prompt.ts';
import { preferredWaitMs, submitHeadersSchema } from '../request-headers.ts';
import { refuseDuringShutdown, startInference } from '../start-inference.ts';
import { waitQuerySchema, waitMs } from '../wait-query.ts';

const tags = ['Inferences'];
const params = z.object({ id: z.string() });
const response = { 200: inferenceSchema, default: errorSchema };
const accepted = { 202: inferenceSchema, ...response };

export function registerInferences(app: App, context: HttpContext): void {
  const { inferences, uiUrlOf, waiting } = context;

  app.post(
    '/inferences',
    {
      schema: {
        summary: 'Submit an inference',
        description:
          "A chat completion's body plus how it is served. `202` at once; with `Prefer: wait` `200` if it ends in time.",
        tags,
        headers: submitHeadersSchema,
        body: inferenceBodySchema,
        response: accepted,
      },
    },
    async (request, reply) => {
      const { body, headers } = request;
      const { inference } = await startInference(context, request, {
        wayIn: 'inferences',
        body,
        prompt: promptOf(body),
        strategy: body.strategy,
        webhookUrl: body.webhook_url,
        deadline: body.deadline,
        priority: body.priority,
        idempotencyKey: headers['idempotency-key'],
      });
      const timeoutMs = preferredWaitMs(headers.prefer);
      if (timeoutMs !== null) reply.header('preference-applied', `wait=${timeoutMs / 1000}`);
      // It has been accepted: not being able to look at it again does not change that.
      const current = (await stateAfterWaiting(context, { inference, timeoutMs: timeoutMs ?? 0, reply })) ?? inference;
      reply.headers({ location: `/v1/inferences/${inference.id}`, 'x-holdfast-inference-id': inference.id });
      return reply.code(current.endedAt ? 200 : 202).send(inferenceObject(current, uiUrlOf));
    },
  );

  app.get(
    '/inferences/:id',
    {
      schema: {
        summary: 'Read an inference, or wait for its end',
        tags,
        params,
        querystring: waitQuerySchema,
        response,
      },
    },
    async (request, reply) => {
      const inference = await readOwn(context, request.params.id, request.caller);
      const timeoutMs = waitMs(request.query);
      const current = await stateAfterWaiting(context, { inference, timeoutMs, reply });
      if (!current) throw temporalUnavailable({ shouldRetry: true });
      return inferenceObject(current, uiUrlOf);
    },
  );

  app.post(
    '/inferences/:id/cancel',
    {
      schema: {
        summary: 'Cancel an inference',
        description: 'A running one ends as soon as its call has been told; a finished one stays as it is.',
        tags,
        params,
        response,
      },
    },
    async (request) => {
      const { id } = await readOwn(context, request.params.id, request.caller, { withCalls: false });
      const asked = expectFound(id, await inferences.cancel(id));
      return inferenceObject(asked.endedAt ? asked : expectFound(id, await inferences.get(id)), uiUrlOf);
    },
  );

  app.post(
    '/inferences/:id/replay',
    {
      schema: {
        summary: 'Replay a failed or cancelled inference',
        description: 'Runs the failed step again with a fresh deadline and keeps what succeeded.',
        tags,
        params,
        response: { 202: inferenceSchema, default: errorSchema },
      },
    },
    async (request, reply) => {
      const { id } = await readOwn(context, request.params.id, request.caller, { withCalls: false });
      refuseDuringShutdown(waiting);
      const outcome = await inferences.replay(id);
      if (outcome.type === 'not-replayable') {
        throw new ApiError({
          code: 'not_replayable',
          message: `Inference ${id} is ${outcome.status}: only a failed or cancelled one can be replayed.`,
          inferenceId: id,
        });
      }
      // Nothing is lost by sending it again: of a running one it is a 409.
      if (outcome.type === 'unavailable') throw temporalUnavailable({ shouldRetry: true });
      if (outcome.type === 'not-found') throw inferenceNotFound(id);
      const replayed = await inferences.get(id);
      if (replayed.type !== 'found') throw temporalUnavailable({ inferenceId: id, shouldRetry: false });
      reply.code(202).header('location', `/v1/inferences/${id}`);
      return inferenceObject(replayed.inference, uiUrlOf);
    },
  );

  app.post(
    '/inferences/:id/resolve',
    {
      schema: {
        summary: 'Resolve a vote that is held',
        description:
          'Chooses one of the votes, or gives another answer. `202` when more keys have to decide alike. For operators.',
        tags,
        params,
        body: resolutionBodySchema,
        response: accepted,
      },
    },
    async (request, reply) => {
      const { caller, body } = request;
      const { id } = await readOwn(context, request.params.id, caller, { withCalls: false });
      if (!caller.isOperator) {
        throw new ApiError({ code: 'operator_required', message: "To resolve a vote needs an operator's API key." });
      }
      const outcome = await inferences.resolve(id, { ...given(body), reason: body.reason }, caller.name);
      if (outcome.type === 'refused') {
        throw new ApiError({ code: outcome.code, message: outcome.message, inferenceId: id });
      }
      if (outcome.type === 'unavailable') {
        throw new ApiError({
          code: 'temporal_unavailable',
          message: `Nobody has taken it in time: Temporal or all workers are away. It may yet come to pass; GET /v1/inferences/${id} tells.`,
          inferenceId: id,
        });
      }
      if (outcome.type === 'not-found') throw inferenceNotFound(id);
      const inference = expectFound(id, await inferences.get(id));
      const timeoutMs = outcome.isDecided ? RESOLVED_WITHIN_MS : 0;
      const current = (await stateAfterWaiting(context, { inference, timeoutMs, reply })) ?? inference;
      return reply.code(current.endedAt ? 200 : 202).send(inferenceObject(current, uiUrlOf));
    },
  );
}

/** What has been decided ends the inference, and that takes a moment. */
const RESOLVED_WITHIN_MS = 5_000;
