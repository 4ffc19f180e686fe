// How an inference waits for a target to recover: in one activity that looks from time to time, without a trace in the
// history, and for the wake-up of those who know that a target is back. Whichever comes first.

import {
  CancellationScope,
  condition,
  isCancellation,
  patched,
  proxyActivities,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { createActivities } from '../activities/index.ts';
import type { AwaitTargetInput, CallModelInput } from '../src/domain/call.ts';
import { concerns, listedOrder, orderAfter } from '../src/domain/route.ts';
import type { Target } from '../src/domain/target.ts';
import type { Wake } from './messages.ts';
import { wakeSignal } from './messages.ts';

export interface Resumed {
  /** Indices of the targets, in the order to try them now. */
  readonly order: readonly number[];
  /** What was heard of a circuit that the worker may not have heard of. */
  readonly news: CallModelInput['news'];
}

export class Parking {
  /** None while nobody waits. */
  #awaited: readonly Target[] = [];
  #wake: Wake | null = null;

  /** From the start of the run on: a wake-up that comes when nobody waits any more is not for later. */
  constructor() {
    setHandler(
      wakeSignal,
      (wake) => {
        if (this.#awaited.some((target) => concerns(target, wake.key))) this.#wake = wake;
      },
      { description: 'A target is back: a parked inference goes on.' },
    );
  }

  /** Ends when a target may be called, or after `limitMs`. */
  async wait(input: AwaitTargetInput): Promise<Resumed> {
    const { targets } = input;
    const listed = listedOrder(targets);
    if (!patched('park-until-recovery')) {
      // Inferences of the first release slept, and are replayed doing so.
      await sleep(input.restMs);
      return { order: listed, news: undefined };
    }
    this.#wake = null;
    this.#awaited = targets;
    const looking = new CancellationScope();
    const looked = looking.run(() => awaitTarget(input));
    const order = await Promise.race([looked, condition(() => this.#wake !== null)]);
    this.#awaited = [];
    if (this.#wake === null) return { order: order ?? listed, news: undefined };
    looking.cancel();
    await looked.catch(orCancelled);
    const { key, circuit } = this.#wake;
    return { order: orderAfter(targets, key), news: { [key]: circuit } };
  }
}

function awaitTarget(input: AwaitTargetInput): Promise<readonly number[] | null> {
  const activities = proxyActivities<ReturnType<typeof createActivities>>({
    startToCloseTimeout: LOOK_LIMIT_MS,
    // Each look says itself when the next one is due; this is for those that could not.
    retry: { initialInterval: 1_000, maximumInterval: 30_000 },
    cancellationType: 'TRY_CANCEL',
    summary: 'waiting for a target to recover',
  });
  return activities.awaitTarget(input);
}

/** One look takes no time. */
const LOOK_LIMIT_MS = 10_000;

function orCancelled(error: unknown): null {
  if (isCancellation(error)) return null;
  throw error;
}
