// How a model name of the configuration is served: strategy, targets, limits. Resolved; travels with the inference, without
// secrets. Recorded in histories: fields may be added, never renamed or given another meaning.

import type { Order } from './ranking.ts';
import type { Target } from './target.ts';

export type ModelSettings = FailoverSettings | HedgeSettings | ConsensusSettings;

/** What every strategy goes by. */
export interface CommonSettings {
  readonly targets: readonly Target[];
  /** One attempt at one target. */
  readonly attemptTimeoutMs: number;
  /** From the start of an attempt to its first token; reasoning tokens count. */
  readonly firstTokenTimeoutMs: number;
  /** Between two tokens. */
  readonly stallTimeoutMs: number;
  readonly maxAttemptsPerTarget: number;
  readonly onRefusal: 'return' | 'failover';
  /** In which order the targets are tried. @default listed */
  readonly order?: Order;
  /** Of a target's calls; one below it is ranked behind the others. @default the service's */
  readonly minimumSuccess?: number;
  /** The same of its answers. @default the service's */
  readonly minimumQuality?: number;
}

/** One target after the other. */
export interface FailoverSettings extends CommonSettings {
  readonly strategy: 'failover';
}

/** The next target starts before the one before it has failed; the first accepted answer wins. */
export interface HedgeSettings extends CommonSettings {
  readonly strategy: 'hedge';
  /** How long nobody has answered before the next target starts: milliseconds, or each target's own recent p95. */
  readonly hedgeDelay: number | 'p95';
  readonly hedgeBudget: HedgeBudget;
}

/** Of all that a model's inferences take, the shares that hedges may have: 0 to 1. Off when `hedgeDelay` is 0. */
export interface HedgeBudget {
  /** Of the calls that open a race. */
  readonly requests: number;
  /** Of the money, as far as prices are known. */
  readonly spend: number;
}

/** Several models answer, and their agreement decides. */
export interface ConsensusSettings extends CommonSettings {
  readonly strategy: 'consensus';
  readonly legs: readonly Leg[];
  /** Votes that must agree. */
  readonly quorum: number;
  readonly compare: Compare;
  /** How long the late are waited for once the quorum is reached. */
  readonly graceAfterQuorumMs: number;
  /** Stop as soon as the outcome can't change. */
  readonly earlyExit: boolean;
  readonly onSplit: OnSplit;
}

/** One voter: a target, or a chain of them of which one votes. */
interface Leg {
  /** Indices into `targets`, in the order to try them. */
  readonly targets: readonly number[];
  /** Of its vote; only the proportion to the others' matters. */
  readonly weight: number;
}

export type OnSplit =
  | { readonly type: 'fail' }
  /** JSON only: each field by majority; a field without one is null. */
  | { readonly type: 'majority-field' }
  /** A further chain decides, and sees the votes. */
  | { readonly type: 'escalate'; readonly targets: readonly Target[] }
  /** A person decides. */
  | ({ readonly type: 'hold' } & HoldSettings);

export interface HoldSettings {
  /** Then the inference fails as split. */
  readonly holdTimeoutMs: number;
  /** Different API keys that have to decide alike. */
  readonly approvals: number;
  /** Whether the key that submitted the inference may be one of them. */
  readonly submitterMayResolve: boolean;
}

/** When two votes agree. */
export type Compare =
  /** The same text, to the character. */
  | { readonly type: 'exact' }
  | ({ readonly type: 'text' } & TextRules)
  | { readonly type: 'number'; readonly relativeTolerance: number }
  | JsonCompare
  /** A further model says which answers agree. */
  | { readonly type: 'judge'; readonly target: Target };

/** Texts are compared in Unicode's normal form NFKC. */
export interface TextRules {
  /** Runs of white space count as one space, and at the ends as nothing. */
  readonly ignoreWhitespace: boolean;
  readonly ignoreCase: boolean;
  /** Other than that which belongs to a number. */
  readonly ignorePunctuation: boolean;
  /** From 0 to 1, how alike two texts must be; 1: the same. */
  readonly similarity: number;
}

export interface JsonCompare extends TextRules {
  readonly type: 'json';
  readonly relativeTolerance: number;
  /** Two votes agree when the weighted share of fields that agree is at least so much. */
  readonly threshold: number;
  /** By path: `amount`, `buyer.name`, `items[].price`. */
  readonly fields: Readonly<Record<string, FieldRules>>;
}

/** Of a field and of all below it; what is left out is as for the whole. */
export interface FieldRules extends Partial<TextRules> {
  readonly relativeTolerance?: number;
  /** What the field counts for. @default 1 */
  readonly weight?: number;
  /** Need not agree. @default false */
  readonly free?: boolean;
  /** Compared as this, whatever the schema says. */
  readonly as?: 'date' | 'set';
}

/** Every target that an inference with these settings may call. */
export function everyTarget(settings: ModelSettings): readonly Target[] {
  if (settings.strategy !== 'consensus') return settings.targets;
  const { targets, compare, onSplit } = settings;
  return [
    ...targets,
    ...(compare.type === 'judge' ? [compare.target] : []),
    ...(onSplit.type === 'escalate' ? onSplit.targets : []),
  ];
}
