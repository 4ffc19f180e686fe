// `/v1/targets`: what is known of each target now, and an operator's hand on its circuit.

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { allTargets, findTarget } from '../../domain/catalog.ts';
import { targetName } from '../../domain/target.ts';
import { errorSchema } from '../error-schema.ts';
import { ApiError } from '../errors.ts';
import { given } from '../given.ts';
import type { App, HttpContext } from '../http-context.ts';
import { targetObject, targetSchema } from '../target-object.ts';

const tags = ['Targets'];
const params = z.object({ provider: z.string(), model: z.string().meta({ description: 'Percent-encoded.' }) });
const body = z
  .strictObject({
    reason: z.string().max(1_000).nullish().meta({ description: 'Kept with the change, for the record.' }),
  })
  .nullish();
const response = { 200: targetSchema, default: errorSchema };

export function registerTargets(app: App, { catalog, targets }: HttpContext): void {
  const list = z.object({ object: z.literal('list'), data: z.array(targetSchema) });
  app.get(
    '/targets',
    {
      schema: {
        summary: 'List the configured targets and their health',
        tags,
        response: { 200: list, default: errorSchema },
      },
    },
    () => ({
      object: 'list' as const,
      data: allTargets(catalog).map((target) => targetObject(catalog, target, targets.view(targetName(target)))),
    }),
  );

  const steer = async (
    change: 'isolate' | 'restore',
    request: FastifyRequest & { params: z.output<typeof params>; body: z.output<typeof body> },
  ) => {
    const { caller } = request;
    if (!caller.isOperator) {
      throw new ApiError({ code: 'operator_required', message: `To ${change} a target needs an operator's API key.` });
    }
    const name = targetName(request.params);
    const target = findTarget(catalog, name);
    if (!target) {
      throw new ApiError({
        code: 'model_not_found',
        message: `The provider of target ${JSON.stringify(name)} is not configured.`,
      });
    }
    const outcome = await targets.steer(change, {
      target: name,
      ...given({ reason: request.body?.reason, by: caller.name }),
    });
    if (outcome.type === 'unavailable') {
      throw new ApiError({
        code: 'temporal_unavailable',
        message: `Nobody has taken it in time: Temporal or all workers are away. It may yet come to pass; GET /v1/targets tells.`,
        // Twice is as good as once.
        shouldRetry: true,
        retryAfterSeconds: 1,
      });
    }
    return targetObject(catalog, target, targets.view(name));
  };

  app.post(
    '/targets/:provider/:model/isolate',
    {
      schema: {
        summary: 'Hold the circuit of a target open',
        description: 'No call goes to it until it is restored, also when no other target is left. For operators.',
        tags,
        params,
        body,
        response,
      },
    },
    (request) => steer('isolate', request),
  );

  app.post(
    '/targets/:provider/:model/restore',
    {
      schema: {
        summary: 'Close the circuit of a target',
        description: 'Ends its isolation, and any other break of it or of its account. For operators.',
        tags,
        params,
        body,
        response,
      },
    },
    (request) => steer('restore', request),
  );
}
