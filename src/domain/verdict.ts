// What a vote has come to: every leg's vote, and who won why. Plain data, recorded in histories: fields may be added, never
// renamed or given another meaning.

import type { Answer } from './answer.ts';

export interface Verdict {
  /**
   * What the votes themselves say, whoever decides in the end: `agreed` the quorum agrees; `partial` it agrees but for
   * some fields, or each field was decided by majority and some have none; `split` it does not agree; `inconclusive`
   * there are too few votes.
   */
  readonly outcome: 'agreed' | 'partial' | 'split' | 'inconclusive';
  /** Whose the answer is; null: there is none. */
  readonly decidedBy: 'votes' | 'majority-field' | 'escalation' | 'person' | null;
  readonly quorum: number;
  /** One for each leg, in their order. */
  readonly votes: readonly Vote[];
  /** Index of the vote that the quorum agrees with, or that a person has chosen; null: none. */
  readonly winner: number | null;
  /** From 0 to 1: the weighted share of the counted votes that agree with the winner, else with the vote that most agree with. */
  readonly agreement: number | null;
  /** Of JSON, by path: the same share for each field. */
  readonly fields: Readonly<Record<string, number>> | null;
  /** Paths of the fields on which there is no majority. */
  readonly openFields: readonly string[];
  /** Why it came to this, in a sentence or two of ours. */
  readonly because: string;
  /** What people have decided about a vote that was held for them. */
  readonly approvals?: readonly Approval[];
}

/** A leg's vote, or why there is none. */
export interface Vote {
  /**
   * `counted`; `same-model`: it came from a model that has voted already; `unreadable`: it holds nothing to compare;
   * `failed`: nobody of the leg answered; `late`: it was not waited for.
   */
  readonly standing: 'counted' | 'same-model' | 'unreadable' | 'failed' | 'late';
  /** Who voted, as `provider/model`; of a leg without a vote, who was to. */
  readonly target: string;
  readonly answer: Answer | null;
  readonly weight: number;
  /** From the start of the voting to the vote. */
  readonly latencyMs: number | null;
  /** Of the call that answered; null when it is not known. */
  readonly costUsd: number | null;
  /** It agrees with the winner. */
  readonly agrees: boolean;
}

/** What one person wants of a vote that is held. */
export interface Approval {
  /** Name of the API key; null when there is no authentication, or when it came from Temporal's UI. */
  readonly by: string | null;
  readonly via: 'api' | 'temporal';
  /** ISO 8601. */
  readonly at: string;
  readonly reason: string;
  readonly choice: Choice;
}

/** One of the votes, by its index, or an answer of their own. */
export type Choice = { readonly vote: number } | { readonly answer: string };
