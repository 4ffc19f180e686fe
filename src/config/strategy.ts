// The targets of a model, wherever its strategy has them, and its fields as `src/domain/strategies.ts` takes them. Pure.

import type { TargetFacts } from '../domain/catalog.ts';
import type { ConsensusFields, HedgeFields, StrategyFault } from '../domain/strategies.ts';
import { consensusFaults, hedgeFaults } from '../domain/strategies.ts';
import type { Target } from '../domain/target.ts';
import { parseTargetName } from '../domain/target.ts';
import type { ModelFields } from './schema.ts';
import type { TargetEntry } from './strategy-schema.ts';

/** What is known of a target. */
export type Known = (target: Pick<Target, 'provider' | 'model'>) => TargetFacts;
type Fields<Strategy extends ModelFields['strategy']> = Extract<ModelFields, { strategy: Strategy }>;
type Leg = Fields<'consensus'>['targets'][number];

/** Every target that a model names, each with its path inside the model. */
export function targetEntries(
  model: ModelFields,
): readonly { readonly entry: TargetEntry; readonly path: readonly (string | number)[] }[] {
  if (model.strategy !== 'consensus') return model.targets.map((entry, index) => ({ entry, path: ['targets', index] }));
  const { compare, escalateTo } = model;
  return [
    ...model.targets.flatMap((leg, index) =>
      isChain(leg)
        ? leg.chain.map((entry, link) => ({ entry, path: ['targets', index, 'chain', link] }))
        : [{ entry: withoutWeight(leg), path: ['targets', index] }],
    ),
    ...(compare.type === 'judge' ? [{ entry: compare.target, path: ['compare', 'target'] }] : []),
    ...(Array.isArray(escalateTo)
      ? escalateTo.map((entry, index) => ({ entry, path: ['escalateTo', index] }))
      : escalateTo
        ? [{ entry: escalateTo, path: ['escalateTo'] }]
        : []),
  ];
}

/** What does not fit together within the strategy; its targets have been found right. */
export function strategyFaults(model: ModelFields): readonly StrategyFault[] {
  if (model.strategy === 'hedge') return hedgeFaults(hedgeFields(model, () => ({})));
  return model.strategy === 'consensus' ? consensusFaults(consensusFields(model, () => ({}))) : [];
}

export function targetOf(entry: TargetEntry, known: Known): Target {
  const { target, ...overrides } = typeof entry === 'string' ? { target: entry } : entry;
  const parsed = parseTargetName(target);
  if (!parsed) throw new Error('A target that is not provider/model has passed the checks of the configuration.');
  return { ...parsed, ...overrides, ...known(parsed) };
}

export function hedgeFields(model: Fields<'hedge'>, known: Known): HedgeFields {
  return { ...model, targets: model.targets.map((entry) => targetOf(entry, known)) };
}

export function consensusFields(model: Fields<'consensus'>, known: Known): ConsensusFields {
  const { targets, compare, escalateTo, ...fields } = model;
  const deciders = escalateTo === undefined ? undefined : [escalateTo].flat();
  return {
    ...fields,
    legs: targets.map((leg) => ({
      targets: (isChain(leg) ? leg.chain : [withoutWeight(leg)]).map((entry) => targetOf(entry, known)),
      ...(typeof leg !== 'string' && leg.weight !== undefined && { weight: leg.weight }),
    })),
    compare: compare.type === 'judge' ? { type: 'judge', target: targetOf(compare.target, known) } : compare,
    ...(deciders && { escalateTo: deciders.map((entry) => targetOf(entry, known)) }),
  };
}

function isChain(leg: Leg): leg is Extract<Leg, { chain: unknown }> {
  return typeof leg !== 'string' && 'chain' in leg;
}

function withoutWeight(leg: Exclude<Leg, { chain: unknown }>): TargetEntry {
  if (typeof leg === 'string') return leg;
  const { weight: _, ...entry } = leg;
  return entry;
}
