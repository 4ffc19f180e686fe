// Tries the targets of a chain in order until one answers, nobody is left or the deadline passes. Only sequences:
// who is next, for how long and what it means is judged in src/domain.

import { isCancellation, log, setCurrentDetails, upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { Answer } from '../src/domain/answer.ts';
import type { CallModelInput, CallRecord } from '../src/domain/call.ts';
import type { CallFailure } from '../src/domain/failure.ts';
import type { InferenceFailure, InferenceInput, InferenceResult } from '../src/domain/inference.ts';
import type { FailedTarget } from '../src/domain/route.ts';
import {
  canWait,
  failureCode,
  isOutOfTime,
  lastFailure,
  listedOrder,
  nextStep,
  parkingDelayMs,
  remainingAfter,
  routeOf,
  shareOfTime,
} from '../src/domain/route.ts';
import type { Target } from '../src/domain/target.ts';
import { targetName } from '../src/domain/target.ts';
import { callTarget } from './call-target.ts';
import { DeadlineClock } from './deadline-clock.ts';
import { observer } from './observer.ts';
import { Parking } from './parking.ts';
import { failureMessage, progressText } from './progress-text.ts';
import { resetMark } from './resets.ts';
import { showResumed, showServing, showWaiting } from './search-state.ts';

export type ChainOutcome =
  | { readonly type: 'answered'; readonly result: InferenceResult }
  | { readonly type: 'failed'; readonly failure: InferenceFailure }
  /** The history has grown long while waiting: go on in a new run with this. */
  | { readonly type: 'continued'; readonly carried: NonNullable<InferenceInput['carried']> };

type RoundOutcome =
  | { readonly type: 'answered'; readonly result: InferenceResult }
  | { readonly type: 'stopped' | 'exhausted' | 'out-of-time'; readonly failed: readonly FailedTarget[] };

export class Chain {
  readonly #input: InferenceInput;
  readonly #clock: DeadlineClock;
  readonly #parking: Parking;
  #calls: readonly CallRecord[];
  #round: number;
  /** Indices of the targets, as the current round tries them. */
  #order: readonly number[];
  /** The first round, and the first after a reset, goes out even with every circuit open. */
  #isForced: boolean;
  /** What the wake-up said that began this round. */
  #news: CallModelInput['news'];

  constructor(input: InferenceInput) {
    this.#input = input;
    this.#clock = new DeadlineClock({ deadlineMs: input.deadlineMs, spentMs: input.carried?.spentMs ?? 0 });
    this.#parking = new Parking(input.settings.targets);
    this.#calls = input.carried?.calls ?? [];
    this.#round = input.carried?.round ?? 0;
    this.#order = input.carried ? listedOrder(input.settings.targets) : routeOf(input);
    this.#isForced = input.carried === undefined;
  }

  get calls(): readonly CallRecord[] {
    return this.#calls;
  }

  /** Since its acceptance, or its last reset. */
  spentMs(): number {
    return this.#clock.spentMs();
  }

  async run(): Promise<ChainOutcome> {
    try {
      const outcome = await this.#rounds();
      if (outcome.type === 'answered') this.#show(`Answered by ${outcome.result.target}.`);
      if (outcome.type === 'failed') this.#show(outcome.failure.message);
      return outcome;
    } catch (error) {
      // A cancelled workflow returns nothing, so the calls it made are kept beside it.
      if (isCancellation(error)) upsertMemo({ calls: this.#calls });
      throw error;
    }
  }

  async #rounds(): Promise<ChainOutcome> {
    const { onExhausted, model } = this.#input;
    for (;;) {
      const markBefore = resetMark();
      this.#round += 1;
      const startedAtMs = Date.now();
      const round = await this.#playRound();
      if (round.type === 'answered') return round;

      // A reset asks for a real new try: what failed before it must not end the run, so the chain goes round again.
      if (resetMark() !== markBefore) {
        this.#isForced = true;
        continue;
      }

      if (round.type === 'exhausted') observer.chainExhausted({ model });
      const leftMs = this.#clock.leftMs();
      const mayWait = round.type === 'exhausted' && onExhausted === 'wait' && canWait(round.failed);
      const isLate = isOutOfTime(mayWait ? leftMs / 2 : leftMs);
      if (!mayWait || isLate) return { type: 'failed', failure: this.#failure(round, isLate) };
      const carried = await this.#park(round.failed, { leftMs, startedAtMs });
      if (carried) return { type: 'continued', carried };
    }
  }

  async #playRound(): Promise<RoundOutcome> {
    const { targets, onRefusal } = this.#input.settings;
    const failed: FailedTarget[] = [];
    for (;;) {
      const step = nextStep({ targets, order: this.#order, onRefusal, failed });
      if (step.type === 'exhausted') return { type: 'exhausted', failed };
      if (step.type === 'stop') return this.#stopped(step.by, failed);
      const target = targets[step.index];
      const leftMs = this.#clock.leftMs();
      if (!target || isOutOfTime(leftMs)) return { type: 'out-of-time', failed };
      if (failed.length > 0) showServing(targetName(target));

      const outcome = await this.#call({ target, failed, index: step.index, leftMs });
      if (outcome.type === 'answered') {
        return {
          type: 'answered',
          result: { answer: outcome.answer, target: targetName(target), calls: this.#calls },
        };
      }
      failed.push({ index: step.index, failure: outcome.failure });
    }
  }

  async #call(call: { target: Target; failed: readonly FailedTarget[]; index: number; leftMs: number }) {
    const { settings, prompt } = this.#input;
    const { target, failed, index, leftMs } = call;
    const targetsAfter = remainingAfter({ targets: settings.targets, failed, index });
    this.#show(`Calling ${targetName(target)}.`);
    const outcome = await callTarget({
      target,
      prompt,
      settings,
      timeMs: shareOfTime({ leftMs, attemptTimeoutMs: settings.attemptTimeoutMs, targetsAfter }),
      gate: {
        ...(this.#isForced && { chain: settings.targets.map(targetName) }),
        ...(this.#news && { news: this.#news }),
      },
      summary: `${targetName(target)} (round ${this.#round}, target ${index + 1} of ${settings.targets.length})`,
      onRecords: (records) => {
        this.#calls = [...this.#calls, ...records];
      },
    });
    if (outcome.type === 'failed') {
      log.info('target failed', { target: targetName(target), kind: outcome.failure.kind, round: this.#round });
    }
    return outcome;
  }

  /** Nobody shops for another answer unasked: a refusal is the answer, unless the model is set to fail over. */
  #stopped(by: FailedTarget, failed: readonly FailedTarget[]): RoundOutcome {
    const target = this.#input.settings.targets[by.index];
    if (by.failure.kind !== 'refused' || !target) return { type: 'stopped', failed };
    return {
      type: 'answered',
      result: { answer: this.#refusal(by.failure, target), target: targetName(target), calls: this.#calls },
    };
  }

  #refusal(failure: CallFailure, target: Target): Answer {
    const record = this.#calls.at(-1);
    return {
      text: null,
      refusal: failure.providerMessage ?? failure.message,
      toolCalls: [],
      finishReason: { unified: 'stop', raw: null },
      usage: record?.usage ?? null,
      model: record?.model ?? target.model,
    };
  }

  #failure(round: Exclude<RoundOutcome, { type: 'answered' }>, isLate: boolean): InferenceFailure {
    const cause = lastFailure(round.failed);
    const code = isLate && round.type !== 'stopped' ? 'deadline_exceeded' : failureCode(round.failed);
    return {
      code,
      message: failureMessage({ code, failed: round.failed, input: this.#input }),
      cause,
      calls: this.#calls,
    };
  }

  async #park(
    failed: readonly FailedTarget[],
    round: { readonly leftMs: number; readonly startedAtMs: number },
  ): Promise<InferenceInput['carried'] | null> {
    const { targets, order, minimumSuccess, minimumQuality } = this.#input.settings;
    const { leftMs, startedAtMs } = round;
    const restMs = parkingDelayMs({ round: this.#round, leftMs, failed, jitter: Math.random() });
    showWaiting(targets);
    this.#show(`All targets failed; waiting for one to recover before round ${this.#round + 1}.`);
    const resumed = await this.#parking.wait({
      ...(order && { order }),
      ...(minimumSuccess !== undefined && { minimumSuccess }),
      ...(minimumQuality !== undefined && { minimumQuality }),
      sinceMs: startedAtMs,
      restMs,
      limitMs: leftMs / 2,
    });
    this.#isForced = false;
    this.#order = resumed.order;
    this.#news = resumed.news;
    const first = targets[resumed.order[0] ?? 0];
    if (first) showResumed(targetName(first));
    if (!workflowInfo().continueAsNewSuggested) return null;
    return { calls: this.#calls, spentMs: this.#clock.spentMs(), round: this.#round };
  }

  #show(now: string): void {
    setCurrentDetails(progressText({ now, calls: this.#calls }));
  }
}
