// The activity `wakeParked`: tells the inferences that are parked for a target that it is back. Lists lag, so it looks
// twice; one that it misses all the same looks by itself within half a minute.

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
  const woken = new Set<string>();
  await wakeListed(parked, wake, woken);
  await sleep(LIST_LAG_MS);
  await wakeListed(parked, wake, woken);
}

/** An inference shows in lists within this time after it was parked, as a rule. */
const LIST_LAG_MS = 2_000;

async function wakeListed(parked: ParkedInferences, wake: WakeParkedInput, woken: Set<string>): Promise<void> {
  const provider = parseTargetName(wake.key)?.provider ?? wake.key;
  for await (const ids of parked.waitingFor(provider)) {
    const asleep = ids.filter((id) => !woken.has(id));
    for (let start = 0; start < asleep.length; start += PER_STEP) {
      const began = performance.now();
      const step = asleep.slice(start, start + PER_STEP);
      await Promise.all(step.map((id) => parked.wake(id, wake)));
      for (const id of step) woken.add(id);
      Context.current().heartbeat();
      await sleep(Math.max(0, STEP_MS - (performance.now() - began)));
    }
  }
}

/** Fifty a second: a hundred are awake within two seconds, and thousands do not fall upon a target that just came back. */
const PER_STEP = 10;
const STEP_MS = 200;
