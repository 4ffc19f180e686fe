// The ports through which the HTTP side starts, reads and cancels analyses, and keeps schedules of them.

import type { AnalysisInput, AnalysisManifest, AnalysisProgress } from './analysis.ts';
import type { Unavailable } from './inferences.ts';

export interface AnalysisStart {
  readonly id: string;
  readonly input: AnalysisInput;
  /** Until it begins. */
  readonly delayMs: number;
  /** Hash of the request, under an Idempotency-Key. */
  readonly fingerprint: string;
}

export interface AnalysisView {
  readonly id: string;
  readonly owner: string | null;
  readonly model: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601: when it begins or began. */
  readonly startsAt: string;
  /** Of the workflow; null when Temporal does not know it any more. */
  readonly runId: string | null;
  readonly state:
    | { readonly type: 'running'; readonly progress: AnalysisProgress }
    | { readonly type: 'ended'; readonly manifest: AnalysisManifest };
}

export type StartAnalysisOutcome =
  | { readonly type: 'started'; readonly analysis: AnalysisView }
  /** The same Idempotency-Key with another body. */
  | { readonly type: 'conflict' }
  | Unavailable;

export type GetAnalysisOutcome =
  | { readonly type: 'found'; readonly analysis: AnalysisView }
  | { readonly type: 'not-found' }
  | Unavailable;

export interface Analyses {
  /** Joins what runs or has run under the same id and fingerprint. */
  start(start: AnalysisStart): Promise<StartAnalysisOutcome>;
  /** Needs no worker, and for what has ended no Temporal. */
  get(id: string): Promise<GetAnalysisOutcome>;
  /** Asks for the cancellation of a running one; one that has ended stays as it is. */
  cancel(id: string): Promise<GetAnalysisOutcome>;
}

/** Kept beside Temporal, so that they can be read beyond its retention. */
export interface AnalysisRecords {
  writeEnd(manifest: AnalysisManifest): Promise<void>;
  /** Null: it has not ended. */
  readEnd(id: string): Promise<AnalysisManifest | null>;
}

/** Every night: what is new in a folder. */
export interface AnalysisSchedule {
  /** The operator's own name for it. */
  readonly name: string;
  /** `HH:MM`. */
  readonly at: string;
  /** IANA. */
  readonly timezone: string;
  readonly input: AnalysisInput;
}

export interface AnalysisScheduleView {
  readonly name: string;
  readonly at: string;
  readonly timezone: string;
  readonly folder: string;
  readonly model: string;
  readonly owner: string | null;
  readonly isPaused: boolean;
  /** ISO 8601; null: never again. */
  readonly nextAt: string | null;
  /** Analyses that it has started lately, oldest first. */
  readonly recent: readonly string[];
}

export interface AnalysisSchedules {
  /** Replaces one of the same name and owner; what is running goes on. */
  put(
    schedule: AnalysisSchedule,
  ): Promise<{ readonly type: 'kept'; readonly schedule: AnalysisScheduleView } | TakenOrUnavailable>;
  get(
    name: string,
  ): Promise<{ readonly type: 'found'; readonly schedule: AnalysisScheduleView } | MissingOrUnavailable>;
  /** By name; `owner` null: everybody's. */
  list(query: {
    readonly owner: string | null;
  }): Promise<{ readonly type: 'page'; readonly schedules: readonly AnalysisScheduleView[] } | Unavailable>;
  delete(name: string): Promise<{ readonly type: 'deleted' } | MissingOrUnavailable>;
}

type TakenOrUnavailable = { readonly type: 'taken' } | Unavailable;
type MissingOrUnavailable = { readonly type: 'not-found' } | Unavailable;
