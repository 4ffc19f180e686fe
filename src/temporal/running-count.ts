// About how many inferences run in the whole service, without asking for each: a count from visibility, which lags and
// allows few reads, carried on by what this process has started since.

import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { isUnreachable, withinRoundTrip } from './deadline.ts';

const COUNT_AGAIN_MS = 5_000;
/** Parked ones take no room. */
const RUNNING = `WorkflowType = 'failover' AND ExecutionStatus = 'Running' AND (HoldfastState IS NULL OR HoldfastState != 'waiting')`;

export class RunningCount {
  readonly #count: () => Promise<number>;
  #counted = 0;
  #startedSince = 0;
  #countedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: { readonly connection: NativeConnection; readonly namespace: string }) {
    const client = new Client(options);
    this.#count = async () => (await withinRoundTrip(options.connection, () => client.workflow.count(RUNNING))).count;
  }

  /** At most so many, as far as this process knows. Counts anew now and then, for whoever asks next. */
  estimate(): number {
    if (performance.now() - this.#countedAtMs >= COUNT_AGAIN_MS) {
      this.#countedAtMs = performance.now();
      void this.#countAgain();
    }
    return this.#counted + this.#startedSince;
  }

  noteStart(): void {
    this.#startedSince += 1;
  }

  async #countAgain(): Promise<void> {
    const startedBefore = this.#startedSince;
    try {
      this.#counted = await this.#count();
      this.#startedSince -= startedBefore;
    } catch (error) {
      if (!isUnreachable(error)) throw error;
    }
  }
}
