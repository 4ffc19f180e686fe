// `/v1/batches`, OpenAI's: create, read, list and cancel, over every configured provider.

import { z } from 'zod';
import type { BatchView, GetBatchOutcome } from '../../domain/batches.ts';
import { isBatchId } from '../../domain/ids.ts';
import type { Caller } from '../auth.ts';
import { maySee } from '../auth.ts';
import { batchListSchema, batchObject, batchSchema } from '../batch-object.ts';
import { batchBodySchema } from '../batch-schema.ts';
import { errorSchema } from '../error-schema.ts';
import { ApiError, batchNotFound, temporalUnavailable } from '../errors.ts';
import { given } from '../given.ts';
import type { App, HttpContext } from '../http-context.ts';
import { idempotencyKeySchema } from '../idempotency.ts';
import { startBatch } from '../start-batch.ts';

const DEFAULT_LIMIT = 20;

const tags = ['Batches'];
const params = z.object({ id: z.string() });
const response = { 200: batchSchema, default: errorSchema };

const headersSchema = z.object({
  'idempotency-key': idempotencyKeySchema.optional().meta({
    description: 'The same key and body join the batch, running or ended; the same key with another body is 409.',
  }),
});

const querySchema = z.strictObject({
  limit: z
    .string()
    .regex(/^([1-9]\d?|100)$/, { error: 'must be 1 to 100' })
    .optional()
    .meta({ description: '1 to 100. Default 20.' }),
  after: z.string().min(1).max(100).optional().meta({ description: '`last_id` of the page before.' }),
});

export function registerBatches(app: App, context: HttpContext): void {
  const { batches, uiUrlOf } = context;

  app.post(
    '/batches',
    {
      schema: {
        summary: 'Create a batch',
        description:
          "OpenAI's. Lines go to the batch APIs of the lanes' providers, in order; what no lane has answered is rescued.",
        tags,
        headers: headersSchema,
        body: batchBodySchema,
        response,
      },
    },
    async (request) => {
      const { body, headers } = request;
      const batch = await startBatch(context, request, { body, idempotencyKey: headers['idempotency-key'] });
      return batchObject(batch, uiUrlOf);
    },
  );

  app.get('/batches/:id', { schema: { summary: 'Read a batch', tags, params, response } }, async (request) => {
    const { params: asked, caller } = request;
    return batchObject(await readOwnBatch(context, asked.id, caller), uiUrlOf);
  });

  app.get(
    '/batches',
    {
      schema: {
        summary: 'List batches, newest first',
        description:
          'Also those that Temporal has forgotten. Lanes that are waited for are shown by a single one only.',
        tags,
        querystring: querySchema,
        response: { 200: batchListSchema, default: errorSchema },
      },
    },
    async ({ query, caller }) => {
      const { limit, after } = query;
      const owner = caller.isOperator ? null : caller.name;
      const outcome = await batches.list({
        owner,
        limit: limit === undefined ? DEFAULT_LIMIT : Number(limit),
        ...given({ after }),
      });
      if (outcome.type === 'unavailable') throw temporalUnavailable({ shouldRetry: true });
      if (outcome.type === 'not-found') {
        throw new ApiError({ code: 'invalid_value', message: 'after is not the id of a batch.', param: 'after' });
      }
      const data = outcome.batches.map((batch) => batchObject(batch, uiUrlOf));
      return {
        object: 'list' as const,
        data,
        first_id: data[0]?.id ?? null,
        last_id: data.at(-1)?.id ?? null,
        has_more: outcome.hasMore,
      };
    },
  );

  app.post(
    '/batches/:id/cancel',
    {
      schema: {
        summary: 'Cancel a batch',
        description: 'What is answered already is kept, and put together. One that has ended stays as it is.',
        tags,
        params,
        response,
      },
    },
    async ({ params: asked, caller }) => {
      const { start } = await readOwnBatch(context, asked.id, caller);
      return batchObject(expectFound(asked.id, await batches.cancel(start.input.id)), uiUrlOf);
    },
  );
}

/** A batch that the caller may see; one of somebody else's is not there. */
async function readOwnBatch({ batches }: HttpContext, id: string, caller: Caller): Promise<BatchView> {
  if (!isBatchId(id)) throw batchNotFound(id);
  const batch = expectFound(id, await batches.get(id));
  if (!maySee(caller, batch.start.input.owner)) throw batchNotFound(id);
  return batch;
}

function expectFound(id: string, outcome: GetBatchOutcome): BatchView {
  if (outcome.type === 'not-found') throw batchNotFound(id);
  if (outcome.type === 'unavailable') throw temporalUnavailable({ shouldRetry: true });
  return outcome.batch;
}
