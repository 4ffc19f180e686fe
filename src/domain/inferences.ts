// The port through which the HTTP side starts, reads and steers inferences; Temporal is behind it.
// Everything that can be expected to go wrong is a value here, not an exception.

import type { Resolution, ResolutionFault } from './hold.ts';
import type {
  EmbeddingsInput,
  Inference,
  InferenceInput,
  InferenceMemo,
  InferenceStatus,
  WaitingFor,
} from './inference.ts';
import type { Prompt } from './prompt.ts';
import type { RequestNumber } from './rescue.ts';

/** Priorities 1 (highest) to 5, as Temporal has them. */
export type Priority = 1 | 2 | 3 | 4 | 5;

export interface StartInference {
  readonly identity: KeyedRequest | NumberedRequest;
  readonly input: InferenceInput | EmbeddingsInput;
  readonly memo: InferenceMemo;
  readonly priority: Priority;
  /** Told an id before something may have been started under it; the last one counts. */
  readonly onId: (id: string) => void;
}

/** A request with an Idempotency-Key, which names its inference: what is there is joined when the fingerprint is the same. */
interface KeyedRequest {
  readonly type: 'keyed';
  readonly id: string;
}

/** A request without one. It starts an inference of its own, that a retry of it can find. */
export interface NumberedRequest {
  readonly type: 'numbered';
  readonly fingerprint: string;
  readonly idOf: (number: RequestNumber) => string;
  /** Milliseconds since the epoch, by the clock of the API. */
  readonly nowMs: number;
  /** How long an earlier try of it may run. */
  readonly deadlineMs: number;
}

/** Temporal did not answer in time. `startUnknown`: nobody can know whether a start arrived. */
export interface Unavailable {
  readonly type: 'unavailable';
  readonly startUnknown: boolean;
}

export type StartOutcome =
  | { readonly type: 'started'; readonly inference: Inference }
  /** What an earlier request with the same Idempotency-Key, endpoint and body started; it may have ended. */
  | { readonly type: 'joined'; readonly inference: Inference }
  /** The same Idempotency-Key with another endpoint or body. */
  | { readonly type: 'conflict' }
  | { readonly type: 'unavailable'; readonly startUnknown: false }
  /** `id`: what may have been started. */
  | { readonly type: 'unavailable'; readonly startUnknown: true; readonly id: string };

export type RescueOutcome =
  | { readonly type: 'joined'; readonly inference: Inference }
  /** Nothing that the retry could join: it is a request like any other. */
  | { readonly type: 'none' }
  | Unavailable;

export type GetOutcome =
  | { readonly type: 'found'; readonly inference: Inference }
  | { readonly type: 'not-found' }
  | Unavailable;

export type PromptOutcome =
  | { readonly type: 'found'; readonly prompt: Prompt }
  | { readonly type: 'not-found' }
  | Unavailable;

export type WaitOutcome =
  | GetOutcome
  /** It has not ended in the time given. */
  | { readonly type: 'pending' };

export type ReplayOutcome =
  | { readonly type: 'replayed'; readonly runId: string }
  /** It is running or has succeeded: there is nothing to replay. */
  | { readonly type: 'not-replayable'; readonly status: InferenceStatus }
  | { readonly type: 'not-found' }
  | Unavailable;

export type ResolveOutcome =
  /** `isDecided`: the inference ends with it; otherwise more keys have to decide alike. */
  | { readonly type: 'resolved'; readonly isDecided: boolean }
  | { readonly type: 'refused'; readonly code: ResolutionFault; readonly message: string }
  | { readonly type: 'not-found' }
  /** Temporal is away, or no worker took it in time: it may still come to pass. */
  | Unavailable;

export interface ListInferences {
  /** Null: of every owner. */
  readonly owner: string | null;
  readonly status?: InferenceStatus;
  readonly waitingFor?: WaitingFor;
  readonly model?: string;
  /** Created at or after; milliseconds since the epoch. */
  readonly sinceMs?: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** 1 to 100. */
  readonly limit: number;
  /** The cursor that the page before returned. */
  readonly after?: string;
}

/** An inference as a list shows it: without calls and result. */
export type InferenceSummary = Pick<
  Inference,
  'id' | 'runId' | 'status' | 'waitingFor' | 'memo' | 'createdAt' | 'endedAt'
>;

export type ListOutcome =
  | { readonly type: 'page'; readonly inferences: readonly InferenceSummary[]; readonly next: string | null }
  | { readonly type: 'bad-cursor' }
  | Unavailable;

export interface Inferences {
  start(start: StartInference): Promise<StartOutcome>;
  /** What an earlier try of the same request has started, if it runs or has succeeded within the last minute. */
  rescue(retry: NumberedRequest): Promise<RescueOutcome>;
  /** Reads without a worker, but for the calls of a running one, if they are wanted. @default withCalls: true */
  get(id: string, options?: { readonly withCalls: boolean }): Promise<GetOutcome>;
  /** What the inference was asked; reads without a worker. */
  prompt(id: string): Promise<PromptOutcome>;
  /**
   * Waits until the inference has ended, across replays; `pending` after `timeoutMs`, or at once when too many wait.
   * All who wait on one inference share one long poll. An aborted `signal` gives up the place, and answers `pending`.
   * With `from`, as `start` returned it, nothing is read but the result (`endedAt` is then by our own clock).
   */
  wait(
    id: string,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal; readonly from?: Inference },
  ): Promise<WaitOutcome>;
  /** Asks for the cancellation of a running one, and shows it as it was, without its calls; a finished one stays as it is. */
  cancel(id: string): Promise<GetOutcome>;
  replay(id: string): Promise<ReplayOutcome>;
  /** Decides a vote that is held. `by`: name of the API key; null when there is no authentication. */
  resolve(id: string, resolution: Resolution, by: string | null): Promise<ResolveOutcome>;
  list(query: ListInferences): Promise<ListOutcome>;
  /** Null when ready, else the reason why inferences would not go on: Temporal away, or no worker polling. */
  notReadyReason(): Promise<string | null>;
}
