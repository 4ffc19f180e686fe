// Workflow Type `hedge`: one inference, for which a further target starts before the one before it has failed. The first
// accepted answer wins, and the others are cancelled. Only sequences: when and whether is judged in src/domain.

import { CancellationScope, condition, isCancellation, sleep } from '@temporalio/workflow';
import type { Race } from '../src/domain/call.ts';
import { decideRetry } from '../src/domain/failure.ts';
import { bindingBudget, hedgeDelayMs } from '../src/domain/hedge.ts';
import type { InferenceInput, InferenceResult } from '../src/domain/inference.ts';
import type { HedgeSettings } from '../src/domain/model-settings.ts';
import type { FailedTarget, NextStep } from '../src/domain/route.ts';
import { isOutOfTime, nextStep, remainingAfter, shareOfTime } from '../src/domain/route.ts';
import type { Target } from '../src/domain/target.ts';
import { targetName } from '../src/domain/target.ts';
import type { CallOutcome } from './call-target.ts';
import { answerTo } from './call-target.ts';
import { failuresOf } from './chain.ts';
import type { InferenceRun, RoundOutcome, Strategy } from './inference-run.ts';
import { runInference } from './inference-run.ts';
import { observer } from './observer.ts';
import { OrderedTargets } from './ordered-targets.ts';
import { refusalOf } from './refusal.ts';
import { showServing } from './search-state.ts';

export function hedge(input: InferenceInput<HedgeSettings>): Promise<InferenceResult> {
  return runInference(input, (run) => new Hedge(run));
}

type Answered = Extract<RoundOutcome, { type: 'answered' }>;

class Hedge extends OrderedTargets<HedgeSettings> implements Strategy {
  /** Races until one is won or no target has an attempt left: in each of them a target makes one. */
  async playRound(): Promise<RoundOutcome> {
    const run = this.run;
    const { targets, maxAttemptsPerTarget } = run.input.settings;
    const attempts = new Map<number, number>();
    let failed: readonly FailedTarget[] = [];
    for (let part: Race['part'] = 'first'; ; part = 'next') {
      const ended = await new RaceRun({ run, order: this.order, failed, part, attempts }).play();
      if (ended.type === 'answered') return ended;
      failed = ended.failed;
      const failures = failuresOf(targets, failed);
      const round = { type: ended.type, failed: failures };
      if (ended.type !== 'exhausted') return refusalOf(run, round) ?? round;

      const due = failed.flatMap(({ index, failure }) => {
        const attempt = attempts.get(index) ?? 0;
        const leftMs = run.clock.leftMs();
        const maxAttempts = maxAttemptsPerTarget;
        const decision = decideRetry({ failure, attempt, maxAttempts, leftMs, jitter: Math.random() });
        return decision.retry && attempt > 0 ? [{ index, inMs: decision.delayMs }] : [];
      });
      if (due.length === 0) return round;
      const restMs = Math.min(...due.map(({ inMs }) => inMs));
      await sleep(Math.max(1, restMs), { summary: 'before the next attempt' });
      const isDue = (target: FailedTarget) => due.some(({ index, inMs }) => index === target.index && inMs <= restMs);
      failed = failed.filter((target) => !isDue(target));
    }
  }
}

type Ended =
  | Answered
  | { readonly type: 'stopped' | 'exhausted' | 'out-of-time'; readonly failed: readonly FailedTarget[] };

/** Which target started last, and when. */
interface Latest {
  readonly index: number;
  readonly atMs: number;
}

/** A target in a race. */
interface Racer {
  readonly index: number;
  readonly target: Target;
  readonly part: Race['part'];
  /** The latest start before it. */
  readonly before: Latest;
}

/** One race: each target that may be called starts once at most. */
class RaceRun {
  readonly #run: InferenceRun<HedgeSettings>;
  readonly #order: readonly number[];
  readonly #attempts: Map<number, number>;
  readonly #scope = new CancellationScope();
  readonly #racers: Promise<void>[] = [];
  readonly #running = new Set<number>();
  /** Their circuit is not closed: they are not for hedging, but may follow a failure. */
  readonly #withheld = new Set<number>();
  #part: Race['part'];
  #failed: readonly FailedTarget[];
  /** Failures in whose place another target has started. */
  #replaced: number;
  #answered: Answered | null = null;
  #bug: unknown = null;
  #mayHedge = true;
  #latest: Latest = { index: -1, atMs: 0 };
  /** Ends of calls. */
  #ends = 0;

  constructor(race: {
    readonly run: InferenceRun<HedgeSettings>;
    readonly order: readonly number[];
    /** Those that do not take part. */
    readonly failed: readonly FailedTarget[];
    /** What its first call is. */
    readonly part: Race['part'];
    /** By index of the target; counted on. */
    readonly attempts: Map<number, number>;
  }) {
    this.#run = race.run;
    this.#order = race.order;
    this.#failed = race.failed;
    this.#replaced = race.failed.length;
    this.#part = race.part;
    this.#attempts = race.attempts;
  }

  async play(): Promise<Ended> {
    try {
      return await this.#scope.run(() => this.#play());
    } finally {
      if (this.#running.size > 0) {
        this.#scope.cancel();
        observer.callsAbandoned();
        // They leave their records at once: a cancel is not waited for.
        await Promise.all(this.#racers);
      }
    }
  }

  async #play(): Promise<Ended> {
    const { clock } = this.#run;
    for (;;) {
      if (this.#bug !== null) throw this.#bug;
      if (this.#answered) return this.#answered;
      const step = this.#next(() => true);
      const isWanted = this.#running.size === 0 || this.#replaced < this.#failed.length;
      if (isWanted && step.type === 'call' && !isOutOfTime(clock.leftMs())) {
        this.#start(step.index, this.#part);
        this.#part = 'next';
        this.#replaced = this.#failed.length;
      } else if (this.#running.size === 0) {
        return this.#lost(step);
      } else {
        await this.#untilHeardOrHedged();
      }
    }
  }

  /** Waits for the end of a call, or for the time at which the next target starts as a hedge, and starts it. */
  async #untilHeardOrHedged(): Promise<void> {
    const { settings, recentP95Ms } = this.#run.input;
    const step = this.#mayHedge ? this.#next((index) => !this.#withheld.has(index)) : null;
    const ends = this.#ends;
    const isHeard = () => this.#ends !== ends;
    const delayMs = hedgeDelayMs({ settings, recentP95Ms, index: this.#latest.index });
    if (step?.type !== 'call' || delayMs === null || isOutOfTime(this.#run.clock.leftMs())) return condition(isHeard);
    const inMs = this.#latest.atMs + delayMs - Date.now();
    if (inMs > 0) await condition(isHeard, inMs);
    // The end of a call may come together with that of the timer, and decides then.
    if (!isHeard() && !isOutOfTime(this.#run.clock.leftMs())) this.#start(step.index, 'hedge');
  }

  #start(index: number, part: Race['part']): void {
    const { targets } = this.#run.input.settings;
    const target = targets[index];
    if (!target) return;
    if (part === 'next') showServing(targetName(target));
    this.#running.add(index);
    if (part !== 'hedge') this.#count(index);
    const before = this.#latest;
    this.#latest = { index, atMs: Date.now() };
    this.#racers.push(this.#call({ index, target, part, before }));
  }

  /** Never rejects: its end is seen by `#play`. */
  #call(racer: Racer): Promise<void> {
    const { index, target, part } = racer;
    const { settings, model, prompt } = this.#run.input;
    const { targets, attemptTimeoutMs, hedgeDelay } = settings;
    const targetsAfter = hedgeDelay === 0 ? 0 : remainingAfter({ targets, failed: this.#failed, index });
    const called = this.#run.call({
      target,
      chain: targets.map(targetName),
      ask: answerTo(prompt),
      timeMs: shareOfTime({ leftMs: this.#run.clock.leftMs(), attemptTimeoutMs, targetsAfter }),
      part: part === 'hedge' ? 'hedge' : `target ${index + 1} of ${targets.length}`,
      race: { model, part, budget: bindingBudget(settings) },
    });
    return called.then(
      (outcome) => this.#heard(racer, outcome),
      (error: unknown) => {
        this.#end(index);
        if (!isCancellation(error)) this.#bug = error;
      },
    );
  }

  #end(index: number): void {
    this.#running.delete(index);
    this.#ends += 1;
  }

  #heard({ index, target, part, before }: Racer, outcome: CallOutcome): void {
    this.#end(index);
    if (outcome.type === 'withheld') {
      this.#mayHedge &&= outcome.because === 'circuit';
      this.#withheld.add(index);
      // It was as if it had never started: the one behind it need not wait again.
      if (this.#latest.index === index) this.#latest = before;
    } else if (outcome.type === 'failed') {
      if (part === 'hedge') this.#count(index);
      this.#failed = [...this.#failed, { index, failure: outcome.failure }];
    } else {
      const result = { answer: outcome.answer, target: targetName(target) };
      this.#answered ??= { type: 'answered', result };
    }
  }

  #count(index: number): void {
    this.#attempts.set(index, (this.#attempts.get(index) ?? 0) + 1);
  }

  #next(isFit: (index: number) => boolean): NextStep {
    const { targets, onRefusal } = this.#run.input.settings;
    const order = this.#order.filter((index) => !this.#running.has(index) && isFit(index));
    return nextStep({ targets, order, onRefusal, failed: this.#failed });
  }

  #lost(step: NextStep): Ended {
    if (step.type !== 'stop') return { type: step.type === 'call' ? 'out-of-time' : 'exhausted', failed: this.#failed };
    // The one that decides comes last.
    const failed = [...this.#failed.filter((target) => target !== step.by), step.by];
    return { type: 'stopped', failed };
  }
}
