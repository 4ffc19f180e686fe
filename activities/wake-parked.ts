// The activity `wakeParked`: tells the inferences that are parked for a target that it is back. One that it misses, for
// want of being listed yet, looks by itself within half a minute.

import { Context, sleep } from '@temporalio/activity';
import type { Circuit } from '../src/domain/circuit.ts';
import { parseTargetName } from '../src/domain/target.ts';

/** The inferences that wait, and how to reach them; Temporal is behind it. */
export interface ParkedInferences {
  /** Ids of those that wait for any target of the provider, in pages. */
  waitingFor(provider: string): AsyncIterable<readonly string[]>;
  /** One that has ended meanwhile is no error. */
  wake(id: string, wake: WakeParkedInput): Promise<void>;
}

export interface WakeParkedInput {
  /** A target's name, or a provider's for its account. */
  readonly key: string;
  readonly circuit: Circuit;
}

export async function wakeParked(parked: ParkedInferences, wake: WakeParkedInput): Promise<void> {
  const provider = parseTargetName(wake.key)?.provider ?? wake.key;
  for await (const ids of parked.waitingFor(provider)) {
    for (let start = 0; start < ids.length; start += PER_STEP) {
      const began = performance.now();
      await Promise.all(ids.slice(start, start + PER_STEP).map((id) => parked.wake(id, wake)));
      Context.current().heartbeat();
      await sleep(Math.max(0, STEP_MS - (performance.now() - began)));
    }
  }
}

/** Fifty a second: a hundred are awake within two seconds, and thousands do not fall upon a target that just came back. */
const PER_STEP = 10;
const STEP_MS = 200;
