// `GET /v1/inferences`: the list, newest first, of what the caller may see.

import { z } from 'zod';
import { parseDuration } from '../../domain/duration.ts';
import type { ListInferences } from '../../domain/inferences.ts';
import type { Caller } from '../auth.ts';
import { maySee } from '../auth.ts';
import { errorSchema } from '../error-schema.ts';
import { ApiError, temporalUnavailable } from '../errors.ts';
import { given } from '../given.ts';
import type { App, HttpContext } from '../http-context.ts';
import { idempotencyKeySchema, idempotentInferenceId } from '../idempotency.ts';
import { inferenceListSchema, statusSchema, summaryObject, waitingForSchema } from '../inference-object.ts';

const METADATA_PREFIX = 'metadata.';
const DEFAULT_LIMIT = 20;

const querySchema = z
  .looseObject({
    status: statusSchema.optional(),
    waiting_for: waitingForSchema
      .optional()
      .meta({ description: '`resolution`: those whose vote is held for a person.' }),
    model: z.string().min(1).max(512).optional(),
    since: z
      .string()
      .refine((text) => sinceMs(text, 0) !== null, { error: 'must be an ISO 8601 time or a duration such as "6h"' })
      .optional()
      .meta({ description: 'Created since then: an ISO 8601 time, or a duration before now.', examples: ['6h'] }),
    limit: z
      .string()
      .regex(/^([1-9]\d?|100)$/, { error: 'must be 1 to 100' })
      .optional()
      .meta({ description: '1 to 100. Default 20.' }),
    after: z.string().min(1).max(4096).optional().meta({ description: '`next` of the page before.' }),
    idempotency_key: idempotencyKeySchema
      .optional()
      .meta({ description: 'Finds the one inference of this key at once, without the delay that lists have.' }),
  })
  .check(({ value, issues }) => {
    for (const [key, wanted] of Object.entries(value)) {
      if (key in querySchema.shape) continue;
      const name = key.startsWith(METADATA_PREFIX) ? key.slice(METADATA_PREFIX.length) : '';
      if (!name) issues.push({ code: 'unrecognized_keys', keys: [key], input: value, path: [] });
      else if (typeof wanted !== 'string') {
        issues.push({ code: 'custom', message: 'must be given once', input: value, path: [key] });
      }
    }
  });

export function registerInferenceList(app: App, context: HttpContext): void {
  const schema = {
    summary: 'List inferences, newest first',
    description: 'Also filters by metadata: `?metadata.<key>=<value>`. A list lags behind by up to a few seconds.',
    tags: ['Inferences'],
    querystring: querySchema,
    response: { 200: inferenceListSchema, default: errorSchema },
  };
  app.get('/inferences', { schema }, async ({ query, caller }) => {
    if (query.idempotency_key !== undefined) return findByIdempotencyKey(context, query.idempotency_key, caller);
    const outcome = await context.inferences.list(listOf(query, caller, context.now()));
    if (outcome.type === 'unavailable') throw temporalUnavailable({ shouldRetry: true });
    if (outcome.type === 'page') return pageOf(context, outcome.inferences, outcome.next);
    throw new ApiError({ code: 'invalid_value', message: 'after is not the `next` of a page.', param: 'after' });
  });
}

async function findByIdempotencyKey(context: HttpContext, key: string, caller: Caller) {
  const outcome = await context.inferences.get(idempotentInferenceId(caller, key));
  if (outcome.type === 'unavailable') throw temporalUnavailable({ shouldRetry: true });
  const isThere = outcome.type === 'found' && maySee(caller, outcome.inference.memo.owner);
  return pageOf(context, isThere ? [outcome.inference] : [], null);
}

function pageOf({ uiUrlOf }: HttpContext, page: readonly Parameters<typeof summaryObject>[0][], next: string | null) {
  return {
    object: 'list' as const,
    data: page.map((inference) => summaryObject(inference, uiUrlOf)),
    has_more: next !== null,
    next,
  };
}

function listOf(query: z.output<typeof querySchema>, caller: Caller, nowMs: number): ListInferences {
  const metadata = Object.entries(query)
    .filter(([key]) => key.startsWith(METADATA_PREFIX))
    .map(([key, value]) => [key.slice(METADATA_PREFIX.length), String(value)]);
  return {
    owner: caller.isOperator ? null : caller.name,
    metadata: Object.fromEntries(metadata),
    limit: query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit),
    ...given({
      status: query.status,
      waitingFor: query.waiting_for,
      model: query.model,
      sinceMs: query.since === undefined ? null : sinceMs(query.since, nowMs),
      after: query.after,
    }),
  };
}

function sinceMs(text: string, nowMs: number): number | null {
  const ago = parseDuration(text);
  if (ago !== null) return nowMs - ago;
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}
