// From the fields of a model, as the configuration or a request gives them, to its settings: defaults, and what does not
// fit together. Pure; shared by both, so that they take and refuse the same.

import { modelIdentity } from './model-identity.ts';
import type {
  CommonSettings,
  Compare,
  ConsensusSettings,
  FieldRules,
  HedgeBudget,
  HedgeSettings,
  HoldSettings,
  OnSplit,
  TextRules,
} from './model-settings.ts';
import type { Target } from './target.ts';
import { targetName } from './target.ts';

/** What does not fit: the field's path, and a remark that follows its name. */
export interface StrategyFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export interface HedgeFields {
  readonly targets: readonly Target[];
  /** Milliseconds. @default p95 */
  readonly hedgeDelay?: number | 'p95';
  /** @default { requests: 0.1, spend: 0.1 } */
  readonly hedgeBudget?: Partial<HedgeBudget>;
}

export function hedgeSettings(common: Omit<CommonSettings, 'targets'>, fields: HedgeFields): HedgeSettings {
  const { targets, hedgeDelay = 'p95', hedgeBudget } = fields;
  return {
    strategy: 'hedge',
    targets,
    ...common,
    hedgeDelay,
    hedgeBudget: { requests: DEFAULT_SHARE, spend: DEFAULT_SHARE, ...hedgeBudget },
  };
}

/** A tenth: twice what hedging at the 95th percentile comes to. */
const DEFAULT_SHARE = 0.1;

export function hedgeFaults({ targets, hedgeDelay, hedgeBudget }: HedgeFields): readonly StrategyFault[] {
  return [
    ...(targets.length < 2 ? [{ path: ['targets'], message: 'needs two or more to hedge between' }] : []),
    ...(hedgeDelay === 0 && hedgeBudget
      ? [{ path: ['hedgeBudget'], message: 'has no effect with a hedgeDelay of 0: both start at once' }]
      : []),
  ];
}

export interface ConsensusFields {
  readonly legs: readonly { readonly targets: readonly Target[]; readonly weight?: number }[];
  /** @default more than half of the legs */
  readonly quorum?: number;
  readonly compare: CompareFields;
  /** Milliseconds. @default 30 s */
  readonly graceAfterQuorum?: number;
  /** @default false */
  readonly earlyExit?: boolean;
  /** @default fail */
  readonly onSplit?: OnSplit['type'];
  /** With `escalate`: who decides. */
  readonly escalateTo?: readonly Target[];
  /** With `hold`. @default 1 */
  readonly approvals?: number;
  /** With `hold`. @default true */
  readonly submitterMayResolve?: boolean;
  /** With `hold`; milliseconds. @default 24 h */
  readonly holdTimeout?: number;
}

type CompareFields =
  | { readonly type: 'exact' }
  | ({ readonly type: 'text' } & Partial<TextRules>)
  | { readonly type: 'number'; readonly relativeTolerance?: number }
  | ({
      readonly type: 'json';
      readonly relativeTolerance?: number;
      readonly threshold?: number;
      readonly fields?: Readonly<Record<string, FieldRules>>;
    } & Partial<TextRules>)
  | { readonly type: 'judge'; readonly target: Target };

export function consensusSettings(
  common: Omit<CommonSettings, 'targets' | 'order' | 'minimumSuccess' | 'minimumQuality'>,
  fields: ConsensusFields,
): ConsensusSettings {
  const { legs, compare, graceAfterQuorum = 30_000, earlyExit = false } = fields;
  let place = 0;
  return {
    strategy: 'consensus',
    targets: legs.flatMap(({ targets }) => targets),
    ...common,
    legs: legs.map(({ targets, weight = 1 }) => ({ targets: targets.map(() => place++), weight })),
    quorum: fields.quorum ?? Math.floor(legs.length / 2) + 1,
    compare: compareOf(compare),
    graceAfterQuorumMs: graceAfterQuorum,
    earlyExit,
    onSplit: onSplitOf(fields),
  };
}

function compareOf(fields: CompareFields): Compare {
  switch (fields.type) {
    case 'exact':
    case 'judge':
      return fields;
    case 'text':
      return { ...LENIENT, ...fields };
    case 'number':
      return { relativeTolerance: 0, ...fields };
    case 'json':
      return { ...STRICT, relativeTolerance: 0, threshold: 1, fields: {}, ...fields };
  }
}

/** Prose: nobody cares for a capital letter. */
const LENIENT: TextRules = { ignoreWhitespace: true, ignoreCase: true, ignorePunctuation: false, similarity: 1 };
/** Fields hold names and codes. */
const STRICT: TextRules = { ...LENIENT, ignoreCase: false };

function onSplitOf({ onSplit = 'fail', escalateTo = [], ...hold }: ConsensusFields): OnSplit {
  if (onSplit === 'escalate') return { type: 'escalate', targets: escalateTo };
  if (onSplit !== 'hold') return { type: onSplit };
  const { approvals = 1, submitterMayResolve = true, holdTimeout = 24 * 60 * 60_000 } = hold;
  return { type: 'hold', approvals, submitterMayResolve, holdTimeoutMs: holdTimeout } satisfies OnSplit & HoldSettings;
}

export function consensusFaults(fields: ConsensusFields): readonly StrategyFault[] {
  const { legs, quorum, compare, onSplit, escalateTo } = fields;
  const voters = legs.flatMap(({ targets }) => targets);
  const voter = (target: Target) => voters.find(({ model }) => isSameModel(model, target.model));
  const faults: StrategyFault[] = [];
  const fault = (path: StrategyFault['path'], message: string) => faults.push({ path, message });
  if (legs.length < 3) fault(['targets'], 'needs three or more to vote');
  if (quorum !== undefined && quorum < 2) fault(['quorum'], 'must be at least 2: one vote agrees with nobody');
  if (quorum !== undefined && quorum > legs.length) fault(['quorum'], `is more than there are votes (${legs.length})`);
  faults.push(...sameModelFaults(legs));
  if (compare.type === 'judge') {
    const same = voter(compare.target);
    if (same) fault(['compare', 'target'], `is a voter (${targetName(same)}): nobody judges their own vote`);
  }
  if (onSplit === 'majority-field' && compare.type !== 'json') fault(['onSplit'], 'needs compare: { type: json }');
  if (onSplit === 'escalate' && !escalateTo?.length) fault(['escalateTo'], 'is missing: it names who decides');
  for (const target of escalateTo ?? []) {
    const same = voter(target);
    if (same) fault(['escalateTo'], `has voted already (${targetName(same)}): it takes a further model to decide`);
  }
  return [...faults, ...idleFaults(fields)];
}

/** Two legs that begin with one model, by another region or name, are one opinion. */
function sameModelFaults(legs: ConsensusFields['legs']): readonly StrategyFault[] {
  return legs.flatMap(({ targets: [own] }, index) => {
    const same = legs
      .slice(0, index)
      .find(({ targets: [other] }) => own && other && isSameModel(own.model, other.model));
    const other = same?.targets[0];
    if (!own || !other) return [];
    return [
      { path: ['targets', index], message: `is the same model as ${targetName(other)}: that is one vote, not two` },
    ];
  });
}

function isSameModel(a: string, b: string): boolean {
  return modelIdentity(a) === modelIdentity(b);
}

/** Fields that would do nothing. */
function idleFaults(fields: ConsensusFields): readonly StrategyFault[] {
  const { onSplit = 'fail' } = fields;
  const needs = {
    escalateTo: 'escalate',
    approvals: 'hold',
    submitterMayResolve: 'hold',
    holdTimeout: 'hold',
  } as const;
  return Object.entries(needs).flatMap(([name, wanted]) => {
    const isGiven = fields[name as keyof typeof needs] !== undefined;
    return isGiven && onSplit !== wanted ? [{ path: [name], message: `has no effect without onSplit: ${wanted}` }] : [];
  });
}
