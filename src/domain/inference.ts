// The inference: what its workflow is given, what it returns, how it fails, and what the API shows of it.
// These shapes are recorded in histories: fields may be added, never renamed or given another meaning.

import type { Answer } from './answer.ts';
import type { CallRecord } from './call.ts';
import type { CastVote } from './consensus.ts';
import type { Embedded, EmbeddingRequest } from './embeddings.ts';
import type { CallFailure } from './failure.ts';
import type { LineAddress } from './line.ts';
import type { FailoverSettings, ModelSettings } from './model-settings.ts';
import type { Prompt } from './prompt.ts';
import type { Verdict } from './verdict.ts';

export type OnExhausted = 'fail' | 'wait';

/** The argument of a workflow that answers a prompt. */
export interface InferenceInput<Settings extends ModelSettings = ModelSettings> extends CommonInput<Settings> {
  readonly prompt: Prompt;
}

/** The argument of the workflow `embeddings`. */
export interface EmbeddingsInput extends CommonInput<FailoverSettings> {
  readonly embedding: EmbeddingRequest;
}

/** What every inference's workflow is given. Nothing secret, no address and no time of day in it. */
export interface CommonInput<Settings extends ModelSettings = ModelSettings> {
  /** The name that the client asked for. */
  readonly model: string;
  readonly settings: Settings;
  /** The whole inference, counted from its start; starts again when the workflow is reset. */
  readonly deadlineMs: number;
  readonly onExhausted: OnExhausted;
  /** Hash of the configuration that the settings come from, for the record. */
  readonly configHash: string;
  /** Of the client that waits for it; left out when none does. */
  readonly line?: LineAddress;
  /** In which order to try the targets in the first round, by what was known at the start; left out: as listed. */
  readonly route?: readonly number[];
  /** What an earlier run of the same inference hands on when it continues as new. */
  readonly carried?: {
    readonly calls: readonly CallRecord[];
    readonly spentMs: number;
    readonly round: number;
    readonly votes?: readonly CastVote[];
    /** Of embeddings: what is there already, by number of the call. */
    readonly embedded?: readonly (Embedded | null)[];
  };
  /** By index of the target: how long 95 of a hundred of its answers took of late at most; null: too little is known. */
  readonly recentP95Ms?: readonly (number | null)[];
  /** Where its end is announced; left out: nowhere. */
  readonly webhookUrl?: string;
  /** The trace that its client's request belongs to; providers are sent it on. */
  readonly traceparent?: string;
}

export interface InferenceResult extends CommonResult {
  readonly answer: Answer;
}

export interface EmbeddingsResult extends CommonResult {
  /** One for each call, in the order of the texts. */
  readonly embeddings: readonly Embedded[];
}

/** What every result tells beside what was asked for. */
export interface CommonResult {
  /** The target that served, the last one when several did; null: a person has answered. */
  readonly target: string | null;
  readonly calls: readonly CallRecord[];
  /** Of a consensus. */
  readonly verdict?: Verdict;
}

/** Stable codes of failed inferences, as clients see them in `error.code`. */
export type InferenceFailureCode =
  | 'all_targets_failed'
  | 'consensus_split'
  | 'consensus_inconclusive'
  | 'deadline_exceeded'
  | 'invalid_request'
  | 'content_filter'
  | 'context_length_exceeded'
  | 'unsupported_parameter'
  | 'inference_cancelled'
  | 'internal_error';

export interface InferenceFailure {
  readonly code: InferenceFailureCode;
  /** One sentence of ours. */
  readonly message: string;
  /** The last failure that decided, when a target's failure did. */
  readonly cause: CallFailure | null;
  readonly calls: readonly CallRecord[];
  /** Of a consensus that came as far as voting. */
  readonly verdict?: Verdict;
  /** The deadline passed, where the code does not say so. */
  readonly isLate?: true;
}

export type InferenceStatus = 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled';

/** What a waiting inference waits for: the recovery of a target, or a person who resolves its vote. */
export type WaitingFor = 'target' | 'resolution';

/** Written beside the workflow at its start and readable without a worker (Temporal's memo). */
export interface InferenceMemo {
  /** Name of the API key that made it; null when there is no authentication. */
  readonly owner: string | null;
  readonly model: string;
  readonly deadlineMs: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** Of a client that takes tokens as they come: others may listen too. */
  readonly line?: LineAddress;
  /** Hash of endpoint and body, to tell a repeated request from another one under the same Idempotency-Key. */
  readonly fingerprint: string;
  /** Of an inference that is a response of OpenAI's API. */
  readonly response?: ResponseMemo;
  /** It goes on when its clients disconnect. */
  readonly isDetached?: true;
  /** Of the HTTP request that started it, as logs have it. */
  readonly requestId?: string;
  /** W3C's, of the same request. */
  readonly traceparent?: string;
}

/** What a response shows of its request, and its prompt does not tell. */
export interface ResponseMemo {
  /** Nobody waited for it on the line. */
  readonly background: boolean;
  /** It can be read and continued as a response. */
  readonly store: boolean;
  /** The first message of the prompt is this response's alone: one that continues it has its own. */
  readonly hasInstructions: boolean;
  /** The response that it continues. */
  readonly previousResponseId?: string;
}

/** An inference as it stands, for the API. */
export interface Inference {
  readonly id: string;
  readonly runId: string;
  readonly status: InferenceStatus;
  /** Null when `status` is not `waiting`. */
  readonly waitingFor: WaitingFor | null;
  readonly memo: InferenceMemo;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly endedAt: string | null;
  /** Set when `status` is `succeeded` and a prompt was answered. */
  readonly result: InferenceResult | null;
  /** Set when `status` is `succeeded` and texts were embedded. */
  readonly embeddings?: EmbeddingsResult;
  /** Set when `status` is `failed` or `cancelled`. */
  readonly failure: InferenceFailure | null;
  /** Calls so far; of a running inference as far as its worker could be asked in time. */
  readonly calls: readonly CallRecord[];
  /** Of a vote that is held for a person, as far as its worker could be asked in time. */
  readonly heldVerdict: Verdict | null;
}

/** Kept below Temporal's own limits; longer work belongs into a batch. */
export const MAX_DEADLINE_MS = 7 * 24 * 60 * 60 * 1000;
export const MIN_DEADLINE_MS = 1_000;

/** How long a vote may be held for a person. */
export const MAX_HOLD_MS = 30 * 24 * 60 * 60 * 1000;

/** After the deadline, how long Temporal waits for a worker before it fails the inference by itself. */
export const RUN_TIMEOUT_GRACE_MS = 60_000;

/** The Workflow Type that serves it. */
export function workflowTypeOf(input: InferenceInput | EmbeddingsInput): string {
  return 'embedding' in input ? 'embeddings' : input.settings.strategy;
}

/** How long it may take: a vote that is held for a person has a time of its own behind the deadline. */
export function longestMs({ deadlineMs, settings }: Pick<CommonInput, 'deadlineMs' | 'settings'>): number {
  const onSplit = settings.strategy === 'consensus' ? settings.onSplit : null;
  return deadlineMs + (onSplit?.type === 'hold' ? onSplit.holdTimeoutMs : 0);
}
