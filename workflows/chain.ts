// Tries the targets of a chain in order, once each, until one answers, nobody is left or the time is up. Shared by all
// strategies. Only sequences: who is next, for how long and what it means is judged in src/domain.

import type { Answer } from '../src/domain/answer.ts';
import type { CallRecord } from '../src/domain/call.ts';
import type { Prompt } from '../src/domain/prompt.ts';
import type { FailedTarget, TargetFailure } from '../src/domain/route.ts';
import { isOutOfTime, nextStep, remainingAfter, shareOfTime } from '../src/domain/route.ts';
import type { Target } from '../src/domain/target.ts';
import { targetName } from '../src/domain/target.ts';
import type { InferenceRun } from './inference-run.ts';

export type ChainOutcome =
  | {
      readonly type: 'answered';
      readonly answer: Answer;
      readonly target: Target;
      /** Of the attempt that answered. */
      readonly record: CallRecord;
    }
  | { readonly type: 'stopped' | 'exhausted' | 'out-of-time'; readonly failed: readonly TargetFailure[] };

export async function tryChain(
  run: InferenceRun,
  chain: {
    readonly targets: readonly Target[];
    /** Indices into `targets`. */
    readonly order: readonly number[];
    /** @default the inference's */
    readonly prompt?: Prompt;
    readonly leftMs: () => number;
    /** What Temporal's UI shows of a call, by the index of its target. */
    readonly part: (index: number) => string;
    /** Whether a target is not to be called now; asked again each time. */
    readonly isTaken?: (target: Target) => boolean;
    /** A target is about to be called; the first one too. */
    readonly onCall?: (target: Target, failed: readonly FailedTarget[]) => void;
    readonly endsSoon?: boolean;
  },
): Promise<ChainOutcome> {
  const { targets, prompt, leftMs, part, isTaken = () => false, onCall, endsSoon = false } = chain;
  const { attemptTimeoutMs, onRefusal } = run.input.settings;
  const names = targets.map(targetName);
  const failed: FailedTarget[] = [];
  const ended = (type: Exclude<ChainOutcome['type'], 'answered'>): ChainOutcome => ({
    type,
    failed: failuresOf(targets, failed),
  });
  for (;;) {
    const order = chain.order.filter((index) => targets[index] !== undefined && !isTaken(targets[index]));
    const step = nextStep({ targets, order, onRefusal, failed });
    if (step.type !== 'call') return ended(step.type === 'stop' ? 'stopped' : 'exhausted');
    const { index } = step;
    const target = targets[index];
    const left = leftMs();
    if (!target || isOutOfTime(left)) return ended('out-of-time');
    onCall?.(target, failed);
    const outcome = await run.call({
      target,
      chain: names,
      ...(prompt && { prompt }),
      timeMs: shareOfTime({ leftMs: left, attemptTimeoutMs, targetsAfter: remainingAfter({ targets, failed, index }) }),
      part: part(index),
      endsSoon,
    });
    if (outcome.type === 'answered') return { ...outcome, target };
    if (outcome.type === 'withheld') throw new Error('Only a hedge can be withheld.');
    failed.push({ index, failure: outcome.failure });
  }
}

export function failuresOf(targets: readonly Target[], failed: readonly FailedTarget[]): readonly TargetFailure[] {
  return failed.flatMap(({ index, failure }) => {
    const target = targets[index];
    return target ? [{ target, failure }] : [];
  });
}
