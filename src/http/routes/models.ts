// `/v1/models`: the names that clients may send. Configuration only, no state.

import { z } from 'zod';
import type { Catalog } from '../../domain/catalog.ts';
import { allTargets, findModel } from '../../domain/catalog.ts';
import { targetName } from '../../domain/target.ts';
import { errorSchema } from '../error-schema.ts';
import { ApiError } from '../errors.ts';
import type { App, HttpContext } from '../http-context.ts';

const modelSchema = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: z.int().meta({ description: 'Always 0: a configured name has no date.' }),
    owned_by: z.string().meta({ description: '`holdfast` for a configured name, else the provider.' }),
    targets: z.array(z.string()),
  })
  .meta({ id: 'Model' });

const tags = ['Models'];

export function registerModels(app: App, { catalog }: HttpContext): void {
  app.get(
    '/models',
    {
      schema: {
        summary: 'List model names and targets',
        tags,
        response: { 200: z.object({ object: z.literal('list'), data: z.array(modelSchema) }), default: errorSchema },
      },
    },
    () => {
      const names = Object.keys(catalog.models);
      const targets = allTargets(catalog).map(targetName);
      const ids = new Set([...names, ...targets]);
      return { object: 'list' as const, data: [...ids].flatMap((id) => modelObject(catalog, id) ?? []) };
    },
  );

  app.get(
    // The id of a target has a slash in it, percent-encoded or not.
    '/models/*',
    {
      schema: {
        summary: 'Read a model name or a target',
        tags,
        response: { 200: modelSchema, default: errorSchema },
      },
    },
    (request) => {
      const { '*': id } = request.params as { '*': string };
      const model = modelObject(catalog, id);
      if (model) return model;
      throw new ApiError({
        code: 'model_not_found',
        message: `There is no model ${JSON.stringify(id.slice(0, 200))}.`,
        param: 'model',
      });
    },
  );
}

function modelObject(catalog: Catalog, id: string): z.output<typeof modelSchema> | null {
  const entry = findModel(catalog, id);
  if (!entry) return null;
  const { targets } = entry.settings;
  const isName = Object.hasOwn(catalog.models, id);
  return {
    id,
    object: 'model',
    created: 0,
    owned_by: isName ? 'holdfast' : (targets[0]?.provider ?? 'holdfast'),
    targets: targets.map(targetName),
  };
}
