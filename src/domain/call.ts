// The record of one attempt at one target, and what it cost. Records are what an operator audits: every
// attempt leaves one, also the attempts whose outcome nobody can know.

import type { Answer, Usage } from './answer.ts';
import type { Circuit } from './circuit.ts';
import type { CallFailure, FailureKind } from './failure.ts';
import type { LineAddress } from './line.ts';
import type { HedgeBudget } from './model-settings.ts';
import type { Prompt } from './prompt.ts';
import type { Order } from './ranking.ts';
import type { Reask } from './reask.ts';
import type { Price, Target } from './target.ts';

/** The argument of the activity `callModel`. */
export interface CallModelInput extends CallInput {
  readonly prompt: Prompt;
}

/** The argument of the activity `embed`. */
export interface EmbedInput extends Omit<CallInput, 'firstTokenTimeoutMs' | 'stallTimeoutMs' | 'race'> {
  readonly texts: readonly string[];
  /** As the client asks for them. */
  readonly dimensions?: number;
  /** As the vectors have them that are there already: those of one request are all of one length. */
  readonly expectedDimensions?: number;
  readonly user?: string;
}

/** One call, of at most `maxAttempts` attempts, at one target; whatever is asked. */
export interface CallInput {
  readonly target: Target;
  readonly attemptTimeoutMs: number;
  readonly firstTokenTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly maxAttempts: number;
  /**
   * Names of the chain's targets, in an inference's first round: when none of them may be called, the call goes out in
   * spite of an open circuit. Left out: an open circuit refuses it.
   */
  readonly chain?: readonly string[];
  /** Circuits that are known to have changed, by key: the worker may not have heard of it yet. */
  readonly news?: Readonly<Record<string, Circuit>>;
  /** Set when it runs beside others, of which the first answer wins. */
  readonly race?: Race;
  /** Of the client that waits for the answer. */
  readonly line?: LineAddress;
  /** Sent to the provider as the header of this name. */
  readonly traceparent?: string;
}

export interface Race {
  /** The name that the client asked for: hedge budgets are kept by it. */
  readonly model: string;
  /** `first` opens the race; a `hedge` starts beside a call that has not failed; the `next` follows one that has. */
  readonly part: 'first' | 'hedge' | 'next';
  /** Null: hedges have none. */
  readonly budget: HedgeBudget | null;
}

/** The argument of the activity `awaitTarget`, which ends when an inference that is parked may go on. */
export interface AwaitTargetInput {
  /** Those of its targets that may recover; in the order of the chain. */
  readonly targets: readonly Target[];
  readonly order?: Order;
  readonly minimumSuccess?: number;
  readonly minimumQuality?: number;
  /** Milliseconds since the epoch, by the server's clock: when the round began that failed. */
  readonly sinceMs: number;
  /** From the activity's start: how long a target that did not go out and come back is left alone. */
  readonly restMs: number;
  /** From the activity's start: it ends then in any case. */
  readonly limitMs: number;
}

export type CallModelResult = CallResult<Answer> | { readonly withheld: Withheld };

/** Why a hedge was not sent: its target's circuit is not closed, the hedge budget is used up, or tokens are passed on already. */
export type Withheld = 'circuit' | 'budget' | 'live';

export interface CallResult<Answered> {
  readonly answer: Answered;
  /** One per attempt, the last one succeeded. */
  readonly records: readonly CallRecord[];
}

/** The details of the failure that a call's activity throws; its `type` is the failure's kind. */
export interface CallModelFailure {
  readonly failure: CallFailure;
  readonly records: readonly CallRecord[];
}

export interface CallRecord {
  /** `provider/model` */
  readonly target: string;
  /** The model that served, as the provider names it; the target's own until an answer says more. */
  readonly model: string;
  /** Temporal's counter of the call's attempts, from 1. */
  readonly attempt: number;
  readonly outcome: 'succeeded' | 'failed' | 'cancelled';
  /** Null when the outcome is `succeeded`. */
  readonly kind: FailureKind | null;
  /** ISO 8601, by the worker's clock. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly firstTokenMs: number | null;
  readonly usage: Usage | null;
  /** By the target's price; null when price or usage is unknown, never 0 for unknown. */
  readonly costUsd: number | null;
  readonly providerRequestId: string | null;
  /** True when the provider may have charged for this attempt and nobody can know how much. */
  readonly possiblyBilled: boolean;
  /** One sentence of ours about what happened; never a prompt, an answer or a key. */
  readonly message: string | null;
  /** The answer was accepted after a repair of its form; of its values none was touched. */
  readonly repaired?: true;
}

/** What a call's activity heartbeats: what Temporal keeps of a call between attempts, and tells of one that fell silent. */
export interface CallProgress {
  readonly records: readonly CallRecord[];
  readonly current: { readonly attempt: number; readonly startedAt: string };
  /** How the attempts that follow are to ask. */
  readonly reask?: Reask;
}

/** The price of one call in USD, or null when anything needed is unknown. */
export function costOf(usage: Usage | null, price: Price | undefined): number | null {
  if (!price || usage?.inputTokens == null || usage.outputTokens == null) return null;
  return (usage.inputTokens * price.input + usage.outputTokens * price.output) / 1_000_000;
}

/** Adds a `worker-lost` record for each earlier attempt that left none: its worker died, and its bill is unknown. */
export function withLostAttempts(
  records: readonly CallRecord[],
  lost: { readonly target: string; readonly model: string; readonly attempts: number; readonly startedAt: string },
): readonly CallRecord[] {
  const seen = new Set(records.map((record) => record.attempt));
  const missing: CallRecord[] = [];
  for (let attempt = 1; attempt <= lost.attempts; attempt++) {
    if (!seen.has(attempt)) missing.push(lostRecord({ ...lost, attempt }));
  }
  return [...records, ...missing].sort((a, b) => a.attempt - b.attempt);
}

function lostRecord(lost: { target: string; model: string; attempt: number; startedAt: string }): CallRecord {
  return {
    target: lost.target,
    model: lost.model,
    attempt: lost.attempt,
    outcome: 'failed',
    kind: 'worker-lost',
    startedAt: lost.startedAt,
    durationMs: 0,
    firstTokenMs: null,
    usage: null,
    costUsd: null,
    providerRequestId: null,
    possiblyBilled: true,
    message: `The worker that called ${lost.target} was lost before the outcome was recorded.`,
  };
}
