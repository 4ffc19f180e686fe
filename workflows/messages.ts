// What can be asked of running workflows, and told to them. Shared with the client, which imports it as types only.

import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CallRecord } from '../src/domain/call.ts';
import type { Circuit } from '../src/domain/circuit.ts';
import type { HealthReport, SharedHealth } from '../src/domain/health.ts';

export interface Progress {
  readonly calls: readonly CallRecord[];
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
