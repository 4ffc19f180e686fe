// The model that a request names, or the strategy that it brings, as settings for an inference. Pure.

import type { Catalog, ModelEntry, WayIn } from '../domain/catalog.ts';
import { defaultsFor, findModel } from '../domain/catalog.ts';
import type { InferenceInput } from '../domain/inference.ts';
import { ApiError } from './errors.ts';
import { given } from './given.ts';
import type { StrategyBody } from './strategy-schema.ts';
import { durationOf, strategySettings } from './strategy.ts';

export type Resolved = Pick<InferenceInput, 'settings' | 'deadlineMs' | 'onExhausted'> & Pick<ModelEntry, 'stream'>;

/** The request's own words count first, then the strategy's or the model's, then those of the way in. */
export function resolveModel(input: {
  readonly catalog: Catalog;
  readonly wayIn: WayIn;
  readonly model: string;
  readonly strategy?: StrategyBody | undefined;
  readonly deadline?: string | undefined;
}): Resolved {
  const { catalog, wayIn, model, strategy, deadline } = input;
  const entry = strategy ? strategyEntry(catalog, strategy) : findModel(catalog, model);
  if (!entry) {
    throw new ApiError({
      code: 'model_not_found',
      message: `There is no model ${JSON.stringify(model)}. GET /v1/models lists those that there are.`,
      param: 'model',
    });
  }
  const defaults = defaultsFor(wayIn);
  return {
    settings: entry.settings,
    deadlineMs: durationOf(deadline) ?? entry.deadlineMs ?? defaults.deadlineMs,
    onExhausted: entry.onExhausted ?? defaults.onExhausted,
    ...('stream' in entry && entry.stream && { stream: entry.stream }),
  };
}

function strategyEntry(catalog: Catalog, strategy: StrategyBody): Partial<Resolved> & Pick<Resolved, 'settings'> {
  return given({
    settings: strategySettings(catalog, strategy),
    deadlineMs: durationOf(strategy.deadline),
    onExhausted: strategy.on_exhausted,
  });
}
