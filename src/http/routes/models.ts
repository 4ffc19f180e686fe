// `/v1/models` and `/v1/targets`: what the configuration offers. Configuration only, no state.

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

const targetSchema = z
  .object({
    object: z.literal('target'),
    id: z.string().meta({ examples: ['openai/gpt-4o'] }),
    provider: z.string(),
    region: z.string().nullable().meta({ description: "The operator's label of the provider's region." }),
    model: z.string(),
    price: z
      .object({ input: z.number(), output: z.number() })
      .nullable()
      .meta({ description: 'USD per million tokens.' }),
    context_window: z.int().nullable(),
    models: z.array(z.string()).meta({ description: 'The configured models that use it.' }),
  })
  .meta({ id: 'Target' });

const listOf = <T extends z.ZodType>(item: T) => z.object({ object: z.literal('list'), data: z.array(item) });
const tags = ['Models'];

export function registerModels(app: App, { catalog }: HttpContext): void {
  app.get(
    '/models',
    {
      schema: {
        summary: 'List model names and targets',
        tags,
        response: { 200: listOf(modelSchema), default: errorSchema },
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

  app.get(
    '/targets',
    {
      schema: {
        summary: 'List the configured targets',
        tags,
        response: { 200: listOf(targetSchema), default: errorSchema },
      },
    },
    () => ({ object: 'list' as const, data: allTargets(catalog).map((target) => targetObject(catalog, target)) }),
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

function targetObject(catalog: Catalog, target: ReturnType<typeof allTargets>[number]): z.output<typeof targetSchema> {
  const id = targetName(target);
  const users = Object.entries(catalog.models).filter(([, entry]) =>
    entry.settings.targets.some((candidate) => targetName(candidate) === id),
  );
  return {
    object: 'target',
    id,
    provider: target.provider,
    region: catalog.providers[target.provider]?.region ?? null,
    model: target.model,
    price: target.price ? { input: target.price.input, output: target.price.output } : null,
    context_window: target.contextWindow ?? null,
    models: users.map(([name]) => name),
  };
}
