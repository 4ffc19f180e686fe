// The model that a request names, or the strategy that it brings, as settings for an inference. Pure.

import type { Catalog, WayIn } from '../domain/catalog.ts';
import { defaultsFor, findModel, findTarget } from '../domain/catalog.ts';
import { parseDuration } from '../domain/duration.ts';
import type { InferenceInput } from '../domain/inference.ts';
import type { Target } from '../domain/target.ts';
import { ApiError } from './errors.ts';
import { given } from './given.ts';
import type { StrategyBody } from './inference-schema.ts';
import { paramsOf } from './prompt.ts';

export type Resolved = Pick<InferenceInput, 'settings' | 'deadlineMs' | 'onExhausted'>;

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
  };
}

function strategyEntry(catalog: Catalog, strategy: StrategyBody): Partial<Resolved> & Pick<Resolved, 'settings'> {
  const settings = given({
    attemptTimeoutMs: durationOf(strategy.attempt_timeout),
    firstTokenTimeoutMs: durationOf(strategy.first_token_timeout),
    stallTimeoutMs: durationOf(strategy.stall_timeout),
    maxAttemptsPerTarget: strategy.max_attempts_per_target,
    onRefusal: strategy.on_refusal,
    // The default is left out of the inference's input, as it is with a configured model.
    order: strategy.order === 'listed' ? null : strategy.order,
    minimumSuccess: strategy.minimum_success,
    minimumQuality: strategy.minimum_quality,
  });
  return given({
    settings: {
      ...catalog.defaults,
      ...settings,
      strategy: strategy.type,
      targets: strategy.targets.map((target, index) => targetOf(catalog, target, index)),
    },
    deadlineMs: durationOf(strategy.deadline),
    onExhausted: strategy.on_exhausted,
  });
}

function targetOf(catalog: Catalog, body: StrategyBody['targets'][number], index: number): Target {
  const wanted = typeof body === 'string' ? { target: body } : body;
  const target = findTarget(catalog, wanted.target);
  if (!target) {
    throw new ApiError({
      code: 'model_not_found',
      message: `The provider of target ${JSON.stringify(wanted.target)} is not configured.`,
      param: `strategy.targets[${index}]`,
    });
  }
  return { ...target, ...given({ system: wanted.system, params: wanted.params && paramsOf(wanted.params) }) };
}

function durationOf(text: string | undefined): number | null {
  return text === undefined ? null : parseDuration(text);
}
