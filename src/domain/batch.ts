// The batch: what its workflow is given, what its steps record, and what the API shows of it. Lines themselves never go
// through a history: they lie in the blob store, and are meant by their numbers.
// These shapes are recorded in histories: fields may be added, never renamed or given another meaning.

import type { Usage } from './answer.ts';
import type { Expect } from './expectation.ts';
import type { CallFailure, FailureKind } from './failure.ts';
import type { LineSet } from './line-set.ts';
import type { ModelSettings } from './model-settings.ts';
import type { Target } from './target.ts';

export type BatchEndpoint = '/v1/chat/completions' | '/v1/responses';

/** What all lines of a batch have in common. */
export interface LineRules {
  readonly endpoint: BatchEndpoint;
  /** The name that every line asks for. */
  readonly model: string;
  /** What the model's answers must be like, whatever a line expects. */
  readonly expect?: Expect;
}

export function lineRules({ endpoint, model, expect }: LineRules): LineRules {
  return { endpoint, model, ...(expect && { expect }) };
}

/** The argument of the workflow `batch`. Nothing secret, no address and no time of day in it. */
export interface BatchInput extends LineRules {
  /** Also the workflow's. */
  readonly id: string;
  readonly inputFileId: string;
  /** How the model answers in the ordinary way: what `rescue: sync` uses. */
  readonly settings: ModelSettings;
  /** In the order in which they are tried; none: everything is rescued. */
  readonly lanes: readonly Target[];
  readonly deadlineMs: number;
  /** What becomes of lines that no lane has answered: asked in the ordinary way, or failed. */
  readonly rescue: 'sync' | 'none';
  /** USD; null: no cap. */
  readonly maxCostUsd: number | null;
  /** Who is told of the end; left out: nobody. */
  readonly webhookUrl?: string;
  readonly rules: BatchRules;
  /** Name of the API key; null when there is no authentication. */
  readonly owner: string | null;
  readonly configHash: string;
  /** What an earlier run hands on when it continues as new. */
  readonly carried?: BatchCarried;
}

/** From the configuration. */
export interface BatchRules {
  /** Between two looks at a provider's batch; grows to ten times as much. */
  readonly pollIntervalMs: number;
  /** A provider's batch that has made no progress for so long is left, and a provider that has had no room. */
  readonly stuckAfterMs: number;
  /** Inferences of one rescue that run at once. */
  readonly rescueConcurrency: number;
}

interface BatchCarried {
  readonly spentMs: number;
  readonly plan: BatchPlan;
  /** The portions before it have ended. */
  readonly nextPortion: number;
  readonly steps: readonly StepRecord[];
  readonly reachedAt?: ReachedAt;
}

/** What reading the input file once has told. */
export interface BatchPlan {
  readonly total: number;
  /** Not empty: the file is not valid, and nothing is sent. The first of them only. */
  readonly faults: readonly LineFault[];
  /** What is sent together: each fits every lane's limits. */
  readonly portions: readonly Portion[];
}

export interface Portion {
  readonly lines: LineSet;
  /** By index of the lane: what it would cost there, in USD; null: unknown. */
  readonly laneUsd: readonly (number | null)[];
  /** The same in the ordinary way, at the first target. */
  readonly syncUsd: number | null;
}

/** As OpenAI lists them in `errors.data`. */
export interface LineFault {
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
  /** From 1; null: the file as a whole. */
  readonly line: number | null;
}

/** What one step (a lane's batch, or the rescue) has made of a portion's lines. */
export interface StepRecord {
  readonly portion: number;
  /** Index of the lane; null: the rescue. */
  readonly lane: number | null;
  /** `provider/model` of the lane; null: the rescue. */
  readonly target: string | null;
  /** The provider's name for its batch; null: there was none. */
  readonly providerBatchId: string | null;
  readonly end: StepEnd;
  /** Lines that were given to the step. */
  readonly lines: number;
  readonly answered: number;
  /** Lines without an answer, which go on to the next step. */
  readonly rest: LineSet;
  /** How many of the rest, by why. */
  readonly failures: Readonly<Partial<Record<FailureKind, number>>>;
  /** Of what the provider has reported; null: something of it is unknown. */
  readonly costUsd: number | null;
  readonly usage: Usage;
  /** Why the whole of it came to nothing, where something did. */
  readonly failure?: StepFailure;
  /** Blobs in which the outcomes of its lines lie, a row each, mostly in the order of the lines. */
  readonly outcomes: readonly string[];
}

/** Of a provider's batch as a whole. */
export type StepFailure = Pick<CallFailure, 'kind' | 'message' | 'providerMessage'>;

/**
 * How a step came to its end: the provider's own word (`failed`: the batch as a whole was rejected), or what made us end
 * it. `unsupported`: the lane has no batches. `held`: nobody can know whether it was created.
 */
export type StepEnd =
  | 'completed'
  | 'failed'
  | 'expired'
  | 'cancelled'
  | 'stuck'
  | 'deadline'
  | 'cost'
  | 'unsupported'
  | 'held'
  | 'error';

/** A line of a step's outcomes, in the blob store. */
export type LineOutcome =
  | {
      readonly line: number;
      readonly customId: string;
      readonly target: string;
      readonly costUsd: number | null;
      /** The body of the answer, in OpenAI's shape. */
      readonly body: unknown;
    }
  | {
      readonly line: number;
      readonly customId: string;
      readonly target: string;
      readonly costUsd: number | null;
      readonly kind: FailureKind;
      /** Our own sentence. */
      readonly message: string;
      /** What the provider said. */
      readonly providerMessage?: string;
    };

/** Why a batch ended before all of its lines had been through all steps. */
export type BatchStop = 'cancelled' | 'deadline' | 'cost';

export type BatchStatus =
  | 'validating'
  | 'failed'
  | 'in_progress'
  | 'finalizing'
  | 'completed'
  | 'expired'
  | 'cancelling'
  | 'cancelled';

/** A batch that has ended, as it lies in the blob store; `output` and `error` files are null when they would be empty. */
export interface BatchManifest {
  readonly id: string;
  readonly status: 'failed' | 'completed' | 'expired' | 'cancelled';
  readonly stop: BatchStop | null;
  readonly faults: readonly LineFault[];
  readonly total: number;
  readonly answered: number;
  readonly failed: number;
  readonly outputFileId: string | null;
  readonly errorFileId: string | null;
  readonly steps: readonly StepSummary[];
  readonly usage: Usage;
  readonly costUsd: number | null;
  /** What the same answers would have cost one by one, at the first lane's ordinary price. */
  readonly syncUsd: number | null;
  /** What it was estimated to cost at its first lane, before anything was sent. */
  readonly estimateUsd?: number | null;
  readonly reachedAt?: ReachedAt;
  /** ISO 8601. */
  readonly endedAt: string;
}

export type StepSummary = Omit<StepRecord, 'rest' | 'outcomes'>;

/** What is known of a batch from its start, as it lies in the blob store. */
export interface BatchStart {
  readonly input: BatchInput;
  readonly createdAt: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly completionWindow: string;
  /** Hash of the request, under an Idempotency-Key. */
  readonly fingerprint: string;
}

/** Written beside the running workflow (Temporal's memo): readable without a worker. */
export interface BatchProgress {
  readonly status: BatchStatus;
  readonly total: number;
  readonly answered: number;
  readonly steps: readonly StepSummary[];
  readonly costUsd: number | null;
  readonly estimateUsd?: number | null;
  readonly reachedAt?: ReachedAt;
}

/** ISO 8601: when it came to each status, as far as that is known. */
export type ReachedAt = Readonly<Partial<Record<BatchStatus, string>>>;
