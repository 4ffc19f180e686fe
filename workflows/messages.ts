// What can be asked of running workflows, and told to them. Shared with the client, which imports it as types only.

import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CallRecord } from '../src/domain/call.ts';
import type { Circuit } from '../src/domain/circuit.ts';
import type { HealthReport, SharedHealth } from '../src/domain/health.ts';
import type { Resolution, Resolver } from '../src/domain/hold.ts';
import type { Approval, Verdict } from '../src/domain/verdict.ts';

export interface Progress {
  readonly calls: readonly CallRecord[];
  /** Of a consensus that has come as far as a verdict. */
  readonly verdict: Verdict | null;
}

export const progressQuery = defineQuery<Progress>('progress');

/** A circuit that lets calls through again. `key`: a target's name, or a provider's for its account. */
export interface Wake {
  readonly key: string;
  readonly circuit: Circuit;
}

/** To an inference that waits for a target to recover. */
export const wakeSignal = defineSignal<[Wake]>('wake');

/** To `target-health`, from workers. */
export const reportSignal = defineSignal<[HealthReport]>('report');

/** What an operator wants of a target's circuit. */
export interface Steering {
  /** `provider/model` */
  readonly target: string;
  /** Kept in the history, for whoever asks why. */
  readonly reason?: string;
  /** Name of the API key. */
  readonly by?: string;
}

/** They return the circuits that have changed, by key. */
export const isolateUpdate = defineUpdate<Readonly<Record<string, Circuit>>, [Steering]>('isolate');
export const restoreUpdate = defineUpdate<Readonly<Record<string, Circuit>>, [Steering]>('restore');
export const healthQuery = defineQuery<SharedHealth>('health');

/** To an inference whose vote is held for a person. Returns what has been decided so far, and whether that is enough. */
export const resolveUpdate = defineUpdate<Resolved, [ResolutionMessage]>('resolve');

/** Who it is from is filled in on its way (`resolver.ts`). */
export type ResolutionMessage = Resolution & Partial<Resolver>;

export interface Resolved {
  readonly approvals: readonly Approval[];
  readonly isDecided: boolean;
}
