// One run of an inference, whatever its strategy: rounds until one of them answers, the deadline passes or nothing is
// left to try; between rounds it parks. Only sequences: what a round does is the strategy's, what it means is judged in
// src/domain.

import {
  ApplicationFailure,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { Answer } from '../src/domain/answer.ts';
import type { CallInput, CallRecord, Race } from '../src/domain/call.ts';
import type { CommonInput, CommonResult, InferenceFailure, InferenceInput } from '../src/domain/inference.ts';
import type { ModelSettings } from '../src/domain/model-settings.ts';
import type { TargetFailure } from '../src/domain/route.ts';
import { canWait, inferenceFailureCode, isOutOfTime, lastFailure, parkingDelayMs } from '../src/domain/route.ts';
import type { Target } from '../src/domain/target.ts';
import { targetName } from '../src/domain/target.ts';
import type { Verdict } from '../src/domain/verdict.ts';
import { announce } from './announce.ts';
import type { Ask, CallOutcome } from './call-target.ts';
import { callTarget } from './call-target.ts';
import { DeadlineClock } from './deadline-clock.ts';
import { progressQuery } from './messages.ts';
import { observer } from './observer.ts';
import { Parking } from './parking.ts';
import { failureMessage, progressText } from './progress-text.ts';
import { resetMark } from './resets.ts';
import { showResumed, showWaiting } from './search-state.ts';

/** What a prompt's inference gives. */
interface GivenAnswer {
  readonly answer: Answer;
}

/** How a round ended. */
export type RoundOutcome<Given = GivenAnswer> =
  | { readonly type: 'answered'; readonly result: Given & Omit<CommonResult, 'calls'> }
  | ({
      /**
       * `stopped`: no target would do better; `exhausted`: every target that could answer has failed; `out-of-time`: the
       * deadline passed; `split`: the votes do not agree, and nobody is to decide.
       */
      readonly type: 'stopped' | 'exhausted' | 'out-of-time' | 'split';
      readonly failed: readonly TargetFailure[];
    } & Pick<InferenceFailure, 'verdict'>);

/** What serves an inference, round by round. */
export interface Strategy<Given = GivenAnswer> {
  playRound(): Promise<RoundOutcome<Given>>;
  /** Those whose recovery a parked inference waits for. */
  readonly awaited: readonly Target[];
  /** A parked inference goes on: what is known of its targets' order now, as indices into `awaited`. */
  onResumed(order: readonly number[]): void;
  /** What has to outlive a run that continues as new. */
  carried?(): Pick<NonNullable<CommonInput['carried']>, 'votes' | 'embedded'>;
  /** For whoever asks while it runs. */
  verdict?(): Verdict | null;
}

/** The body of each strategy's workflow. */
export async function runInference<Input extends CommonInput, Given>(
  input: Input,
  createStrategy: (run: InferenceRun<Input['settings'], Input>) => Strategy<Given>,
): Promise<Given & CommonResult> {
  const run = new InferenceRun<Input['settings'], Input>(input);
  const strategy = createStrategy(run);
  setHandler(progressQuery, () => ({ calls: run.calls, verdict: strategy.verdict?.() ?? null }), {
    description: 'The calls made so far, and the vote as it stands.',
  });
  const { model } = input;
  const ended = (outcome: 'succeeded' | 'failed' | 'cancelled', code: string | null, verdict?: Verdict) => {
    observer.inferenceEnded({ model, outcome, code, durationMs: run.clock.spentMs() });
    if (verdict) observer.voted({ model, outcome: verdict.outcome, decidedBy: verdict.decidedBy });
  };
  try {
    const outcome = await run.serve(strategy);
    if (outcome.type === 'continued') {
      return await continueAsNew<(input: Input) => Promise<Given & CommonResult>>({
        ...input,
        carried: outcome.carried,
      });
    }
    if (outcome.type === 'answered') {
      const { result } = outcome;
      run.show(`Answered by ${result.target ?? 'a person'}.`);
      ended('succeeded', null, result.verdict);
      await run.announce('succeeded');
      return result;
    }
    const { failure } = outcome;
    run.show(failure.message);
    ended('failed', failure.code, failure.verdict);
    throw ApplicationFailure.create({
      type: failure.code,
      message: failure.message,
      nonRetryable: true,
      details: [failure],
    });
  } catch (error) {
    if (isCancellation(error)) {
      // A cancelled workflow returns nothing, so the calls it made are kept beside it.
      upsertMemo({ calls: run.calls });
      ended('cancelled', 'inference_cancelled');
      await run.announce('cancelled', 'inference_cancelled');
    }
    throw error;
  }
}

type Served<Given> =
  | { readonly type: 'answered'; readonly result: Given & CommonResult }
  | { readonly type: 'failed'; readonly failure: InferenceFailure }
  /** The history has grown long while waiting: go on in a new run with this. */
  | { readonly type: 'continued'; readonly carried: NonNullable<CommonInput['carried']> };

export class InferenceRun<
  Settings extends ModelSettings = ModelSettings,
  Input extends CommonInput<Settings> = InferenceInput<Settings>,
> {
  readonly input: Input;
  readonly clock: DeadlineClock;
  readonly #parking = new Parking();
  #calls: readonly CallRecord[];
  #round: number;
  /** The first round, and the first after a reset, goes out even with every circuit open. */
  #isForced: boolean;
  /** What the wake-up said that began this round. */
  #news: CallInput['news'];

  constructor(input: Input) {
    this.input = input;
    this.clock = new DeadlineClock({ deadlineMs: input.deadlineMs, spentMs: input.carried?.spentMs ?? 0 });
    this.#calls = input.carried?.calls ?? [];
    this.#round = input.carried?.round ?? 0;
    this.#isForced = input.carried === undefined;
  }

  get calls(): readonly CallRecord[] {
    return this.#calls;
  }

  get round(): number {
    return this.#round;
  }

  async serve<Given>(strategy: Strategy<Given>): Promise<Served<Given>> {
    const { onExhausted, model } = this.input;
    for (;;) {
      const markBefore = resetMark();
      this.#round += 1;
      const startedAtMs = Date.now();
      const round = await strategy.playRound();
      if (round.type === 'answered') {
        return { type: 'answered', result: { ...round.result, calls: this.#calls } };
      }

      // A reset asks for a real new try: what failed before it must not end the run, so there is another round.
      if (resetMark() !== markBefore) {
        this.#isForced = true;
        continue;
      }

      if (round.type === 'exhausted') observer.chainExhausted({ model });
      const leftMs = this.clock.leftMs();
      const mayWait = round.type === 'exhausted' && onExhausted === 'wait' && canWait(round.failed);
      const isLate = isOutOfTime(mayWait ? leftMs / 2 : leftMs);
      if (!mayWait || isLate) {
        const failure = this.#failure(round, isLate);
        await this.announce('failed', failure.code);
        // To a point behind the announcement: as above.
        if (resetMark() !== markBefore) {
          this.#isForced = true;
          continue;
        }
        return { type: 'failed', failure };
      }
      await this.#park(strategy, { failed: round.failed, leftMs, startedAtMs });
      if (workflowInfo().continueAsNewSuggested) {
        const carried = { calls: this.#calls, spentMs: this.clock.spentMs(), round: this.#round };
        return { type: 'continued', carried: { ...carried, ...strategy.carried?.() } };
      }
    }
  }

  /** One call, with all that it takes from the inference. Rethrows a cancellation. */
  call<Answered>(call: {
    readonly target: Target;
    /** The names of the targets among which it is one. */
    readonly chain: readonly string[];
    readonly ask: Ask<Answered>;
    readonly timeMs: number;
    /** What Temporal's UI shows of it, behind the target's name. */
    readonly part: string;
    readonly race?: Race;
    /** A cancel has to reach it soon, wherever it runs. */
    readonly endsSoon?: boolean;
  }): Promise<CallOutcome<Answered>> {
    const { target, chain, ask, timeMs, part, race, endsSoon = false } = call;
    const { line } = this.input;
    const name = targetName(target);
    this.show(`Calling ${name}.`);
    return callTarget({
      target,
      ask,
      settings: this.input.settings,
      timeMs,
      gate: { ...(this.#isForced && { chain }), ...(this.#news && { news: this.#news }), ...(line && { line }) },
      summary: `${name} (round ${this.#round}, ${part})`,
      race: race ?? null,
      traceparent: this.input.traceparent ?? null,
      endsSoon,
      onRecords: (records) => {
        this.#calls = [...this.#calls, ...records];
      },
    });
  }

  /** To whoever has asked for a webhook. */
  async announce(status: 'succeeded' | 'failed' | 'cancelled', code: string | null = null): Promise<void> {
    const { webhookUrl: url, model } = this.input;
    if (url === undefined) return;
    const id = workflowInfo().workflowId;
    await announce({ type: `inference.${status}`, url, data: { id, model, status, ...(code && { code }) } });
  }

  show(now: string): void {
    setCurrentDetails(progressText({ now, calls: this.#calls }));
  }

  #failure(round: Exclude<RoundOutcome<unknown>, { type: 'answered' }>, isLate: boolean): InferenceFailure {
    const { failed, verdict } = round;
    const code = inferenceFailureCode(round, isLate);
    return {
      code,
      message: failureMessage({ code, failed, input: this.input, verdict: verdict ?? null }),
      cause: lastFailure(failed),
      calls: this.#calls,
      ...(verdict && { verdict }),
      ...(code === 'consensus_inconclusive' && isLate && { isLate }),
    };
  }

  async #park(
    strategy: Strategy<unknown>,
    round: { readonly failed: readonly TargetFailure[]; readonly leftMs: number; readonly startedAtMs: number },
  ): Promise<void> {
    const { order, minimumSuccess, minimumQuality } = this.input.settings;
    const { failed, leftMs, startedAtMs } = round;
    const { awaited } = strategy;
    const restMs = parkingDelayMs({ round: this.#round, leftMs, failed, jitter: Math.random() });
    showWaiting(awaited);
    this.show(`All targets failed; waiting for one to recover before round ${this.#round + 1}.`);
    const resumed = await this.#parking.wait({
      targets: awaited,
      ...(order && { order }),
      ...(minimumSuccess !== undefined && { minimumSuccess }),
      ...(minimumQuality !== undefined && { minimumQuality }),
      sinceMs: startedAtMs,
      restMs,
      limitMs: leftMs / 2,
    });
    this.#isForced = false;
    this.#news = resumed.news;
    strategy.onResumed(resumed.order);
    const first = awaited[resumed.order[0] ?? 0];
    if (first) showResumed(targetName(first));
  }
}
