// Tries the targets of a chain in order until one answers, nobody is left or the deadline passes. Only sequences:
// who is next, for how long and what it means is judged in src/domain.

import { isCancellation, log, setCurrentDetails, sleep, upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { Answer } from '../src/domain/answer.ts';
import type { CallRecord } from '../src/domain/call.ts';
import type { CallFailure } from '../src/domain/failure.ts';
import type { InferenceFailure, InferenceInput, InferenceResult } from '../src/domain/inference.ts';
import type { FailedTarget } from '../src/domain/route.ts';
import {
  canWait,
  failureCode,
  isOutOfTime,
  lastFailure,
  nextStep,
  parkingDelayMs,
  remainingAfter,
  shareOfTime,
} from '../src/domain/route.ts';
import type { Target } from '../src/domain/target.ts';
import { targetName } from '../src/domain/target.ts';
import { callTarget } from './call-target.ts';
import { DeadlineClock } from './deadline-clock.ts';
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
  #calls: readonly CallRecord[];
  #round: number;

  constructor(input: InferenceInput) {
    this.#input = input;
    this.#clock = new DeadlineClock({ deadlineMs: input.deadlineMs, spentMs: input.carried?.spentMs ?? 0 });
    this.#calls = input.carried?.calls ?? [];
    this.#round = input.carried?.round ?? 0;
  }

  get calls(): readonly CallRecord[] {
    return this.#calls;
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
    const { onExhausted } = this.#input;
    for (;;) {
      const markBefore = resetMark();
      this.#round += 1;
      const round = await this.#playRound();
      if (round.type === 'answered') return round;

      // A reset asks for a real new try: what failed before it must not end the run, so the chain goes round again.
      if (resetMark() !== markBefore) continue;

      const leftMs = this.#clock.leftMs();
      const mayWait = round.type === 'exhausted' && onExhausted === 'wait' && canWait(round.failed);
      const isLate = isOutOfTime(mayWait ? leftMs / 2 : leftMs);
      if (!mayWait || isLate) return { type: 'failed', failure: this.#failure(round, isLate) };
      const carried = await this.#park(round.failed, leftMs);
      if (carried) return { type: 'continued', carried };
    }
  }

  async #playRound(): Promise<RoundOutcome> {
    const { targets, onRefusal } = this.#input.settings;
    const failed: FailedTarget[] = [];
    for (;;) {
      const step = nextStep({ targets, onRefusal, failed });
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

  async #park(failed: readonly FailedTarget[], leftMs: number): Promise<InferenceInput['carried'] | null> {
    const delayMs = parkingDelayMs({ round: this.#round, leftMs, failed, jitter: Math.random() });
    const text = `All targets failed; waiting ${Math.round(delayMs / 1000)} s before round ${this.#round + 1}.`;
    showWaiting();
    this.#show(text);
    await sleep(delayMs, { summary: text });
    const [first] = this.#input.settings.targets;
    if (first) showResumed(targetName(first));
    if (!workflowInfo().continueAsNewSuggested) return null;
    return { calls: this.#calls, spentMs: this.#clock.spentMs(), round: this.#round };
  }

  #show(now: string): void {
    setCurrentDetails(progressText({ now, calls: this.#calls }));
  }
}
