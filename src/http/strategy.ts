// The strategy that a request brings, as settings. Pure: snake_case becomes the fields that src/domain/strategies.ts
// takes, and what does not fit there becomes an error that names the request's field.

import type { Catalog } from '../domain/catalog.ts';
import { findTarget } from '../domain/catalog.ts';
import { parseDuration } from '../domain/duration.ts';
import type { ModelSettings } from '../domain/model-settings.ts';
import type { ConsensusFields, StrategyFault } from '../domain/strategies.ts';
import { consensusFaults, consensusSettings, hedgeFaults, hedgeSettings } from '../domain/strategies.ts';
import type { Target } from '../domain/target.ts';
import { ApiError } from './errors.ts';
import { given } from './given.ts';
import { paramsOf } from './prompt.ts';
import type { StrategyBody, TargetBody } from './strategy-schema.ts';

type Body<Type extends StrategyBody['type']> = Extract<StrategyBody, { type: Type }>;

export function strategySettings(catalog: Catalog, body: StrategyBody): ModelSettings {
  const { strategy: _, ...defaults } = catalog.defaults;
  const common = {
    ...defaults,
    ...given({
      attemptTimeoutMs: durationOf(body.attempt_timeout),
      firstTokenTimeoutMs: durationOf(body.first_token_timeout),
      stallTimeoutMs: durationOf(body.stall_timeout),
      maxAttemptsPerTarget: body.max_attempts_per_target,
      onRefusal: body.on_refusal,
    }),
  };
  if (body.type === 'consensus') {
    const fields = consensusFields(catalog, body);
    refuse(consensusFaults(fields));
    return consensusSettings(common, fields);
  }
  const ranked = {
    ...common,
    ...given({
      // The default is left out of the inference's input, as it is with a configured model.
      order: body.order === 'listed' ? null : body.order,
      minimumSuccess: body.minimum_success,
      minimumQuality: body.minimum_quality,
    }),
  };
  const targets = body.targets.map((target, index) => targetOf(catalog, target, `targets[${index}]`));
  if (body.type === 'failover') return { strategy: 'failover', targets, ...ranked };
  const { hedge_delay: delay, hedge_budget: budget } = body;
  const hedgeDelay = delay === 'p95' ? ('p95' as const) : durationOf(delay);
  const fields = { targets, ...given({ hedgeDelay, hedgeBudget: budget && given(budget) }) };
  refuse(hedgeFaults(fields));
  return hedgeSettings(ranked, fields);
}

function consensusFields(catalog: Catalog, body: Body<'consensus'>): ConsensusFields {
  const { compare, escalate_to: escalateTo } = body;
  const deciders = escalateTo === undefined ? null : [escalateTo].flat();
  return {
    legs: body.targets.map((leg, index) => {
      const field = `targets[${index}]`;
      if (typeof leg === 'string') return { targets: [targetOf(catalog, leg, field)] };
      const { weight, ...voter } = leg;
      const targets =
        'chain' in voter
          ? voter.chain.map((link, place) => targetOf(catalog, link, `${field}.chain[${place}]`))
          : [targetOf(catalog, voter, field)];
      return { targets, ...given({ weight }) };
    }),
    compare: compareOf(catalog, compare),
    ...given({
      quorum: body.quorum,
      graceAfterQuorum: durationOf(body.grace_after_quorum),
      earlyExit: body.early_exit,
      onSplit: body.on_split,
      escalateTo: deciders?.map((target) => targetOf(catalog, target, 'escalate_to')),
      approvals: body.approvals,
      submitterMayResolve: body.submitter_may_resolve,
      holdTimeout: durationOf(body.hold_timeout),
    }),
  };
}

function compareOf(catalog: Catalog, body: Body<'consensus'>['compare']): ConsensusFields['compare'] {
  switch (body.type) {
    case 'exact':
      return body;
    case 'judge':
      return { type: 'judge', target: targetOf(catalog, body.target, 'compare.target') };
    case 'text':
      return { type: 'text', ...textRules(body) };
    case 'number':
      return { type: 'number', ...given({ relativeTolerance: body.relative_tolerance }) };
    case 'json': {
      const { relative_tolerance: relativeTolerance, threshold, fields } = body;
      const rules = fields && Object.entries(fields).map(([path, field]) => [path, fieldRules(field)] as const);
      return {
        type: 'json',
        ...textRules(body),
        ...given({ relativeTolerance, threshold, fields: rules && Object.fromEntries(rules) }),
      };
    }
  }
}

type TextRulesBody = Extract<Body<'consensus'>['compare'], { type: 'text' }>;
type FieldRulesBody = NonNullable<Extract<Body<'consensus'>['compare'], { type: 'json' }>['fields']>[string];

function textRules(body: Omit<TextRulesBody, 'type'>) {
  return given({
    ignoreWhitespace: body.ignore_whitespace,
    ignoreCase: body.ignore_case,
    ignorePunctuation: body.ignore_punctuation,
    similarity: body.similarity,
  });
}

function fieldRules(body: FieldRulesBody) {
  const { relative_tolerance: relativeTolerance, weight, free, as } = body;
  return { ...textRules(body), ...given({ relativeTolerance, weight, free, as }) };
}

function targetOf(catalog: Catalog, body: TargetBody, field: string): Target {
  const wanted = typeof body === 'string' ? { target: body } : body;
  const target = findTarget(catalog, wanted.target);
  if (!target) {
    throw new ApiError({
      code: 'model_not_found',
      message: `The provider of target ${JSON.stringify(wanted.target)} is not configured.`,
      param: `strategy.${field}`,
    });
  }
  return { ...target, ...given({ system: wanted.system, params: wanted.params && paramsOf(wanted.params) }) };
}

function refuse([fault]: readonly StrategyFault[]): void {
  if (!fault) return;
  const path = fault.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${snakeCase(part)}`)).join('');
  const param = `strategy${path}`;
  // Other fields are named in it, too.
  const message = fault.message.replace(/\b(?:hedgeDelay|onSplit)\b/g, snakeCase);
  throw new ApiError({ code: 'invalid_value', message: `${param} ${message}.`, param });
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function durationOf(text: string | undefined): number | null {
  return text === undefined ? null : parseDuration(text);
}
