// Tries the targets of a chain in order, once each, until one answers, nobody is left or the time is up. Shared by all
// strategies. Only sequences: who is next, for how long and what it means is judged in src/domain.

import type { Answer } from '../src/domain/answer.ts';
import type { CallRecord } from '../src/domain/call.ts';
import type { CommonSettings } from '../src/domain/model-settings.ts';
import type { Prompt } from '../src/domain/prompt.ts';
import type { FailedTarget, TargetFailure } from '../src/domain/route.ts';
import { isOutOfTime, nextStep, remainingAfter, shareOfTime } from '../src/domain/route.ts';
import type { Target } from '../src/domain/target.ts';
import { targetName } from '../src/domain/target.ts';
import type { CallOutcome } from './call-target.ts';
import { answerTo } from './call-target.ts';
import type { InferenceRun } from './inference-run.ts';

export type ChainOutcome<Answered = Answer> =
  | {
      readonly type: 'answered';
      readonly answer: Answered;
      readonly target: Target;
      /** Of the attempt that answered. */
      readonly record: CallRecord;
    }
  | { readonly type: 'stopped' | 'exhausted' | 'out-of-time'; readonly failed: readonly TargetFailure[] };

interface Chain {
  readonly targets: readonly Target[];
  /** Indices into `targets`. */
  readonly order: readonly number[];
  readonly leftMs: () => number;
  /** Whether a target is not to be called now; asked again each time. */
  readonly isTaken?: (target: Target) => boolean;
  /** A target is about to be called; the first one too. */
  readonly onCall?: (target: Target, failed: readonly FailedTarget[]) => void;
}

/** Until one has answered a prompt. */
export function tryChain(
  run: InferenceRun,
  chain: Chain & {
    /** @default the inference's */
    readonly prompt?: Prompt;
    /** What Temporal's UI shows of a call, by the index of its target. */
    readonly part: (index: number) => string;
    readonly endsSoon?: boolean;
  },
): Promise<ChainOutcome> {
  const { targets, prompt = run.input.prompt, part, endsSoon = false } = chain;
  const names = targets.map(targetName);
  const ask = answerTo(prompt);
  return tryTargets(run.input.settings, {
    ...chain,
    call: (target, { index, timeMs }) => run.call({ target, chain: names, ask, timeMs, part: part(index), endsSoon }),
  });
}

/** Until one has given what `call` asks for. */
export async function tryTargets<Answered>(
  settings: Pick<CommonSettings, 'attemptTimeoutMs' | 'onRefusal'>,
  chain: Chain & {
    readonly call: (
      target: Target,
      place: { readonly index: number; readonly timeMs: number },
    ) => Promise<CallOutcome<Answered>>;
  },
): Promise<ChainOutcome<Answered>> {
  const { targets, leftMs, isTaken = () => false, onCall, call } = chain;
  const { attemptTimeoutMs, onRefusal } = settings;
  const failed: FailedTarget[] = [];
  const ended = (type: Exclude<ChainOutcome['type'], 'answered'>): ChainOutcome<Answered> => ({
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
    const targetsAfter = remainingAfter({ targets, failed, index });
    const outcome = await call(target, {
      index,
      timeMs: shareOfTime({ leftMs: left, attemptTimeoutMs, targetsAfter }),
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
