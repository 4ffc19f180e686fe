// About how many inferences run in the whole service, without asking for each: a count from visibility, which lags and
// allows few reads, carried on by what this process has started since.

import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import { isUnreachable, withinRoundTrip } from './deadline.ts';
import { INFERENCES, STATUS_FILTERS } from './visibility.ts';

const COUNT_AGAIN_MS = 5_000;
/** Parked ones take no room. */
const RUNNING = `${INFERENCES} AND ${STATUS_FILTERS.running}`;

/** Counts in visibility; rejects when Temporal is away or refuses. */
export function countRunning(options: {
  readonly connection: NativeConnection;
  readonly namespace: string;
}): () => Promise<number> {
  const client = new Client(options);
  return async () => (await withinRoundTrip(options.connection, () => client.workflow.count(RUNNING))).count;
}

export class RunningCount {
  readonly #count: () => Promise<number>;
  readonly #logger: Pick<Logger, 'warn'>;
  #counted = 0;
  #startedSince = 0;
  #countedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: { readonly count: () => Promise<number>; readonly logger: Pick<Logger, 'warn'> }) {
    this.#count = options.count;
    this.#logger = options.logger;
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

  /** Never rejects: nobody waits for it, and the last count stands until there is another. */
  async #countAgain(): Promise<void> {
    const startedBefore = this.#startedSince;
    try {
      this.#counted = await this.#count();
      this.#startedSince -= startedBefore;
    } catch (error) {
      if (!isUnreachable(error)) this.#logger.warn({ err: error }, 'The running inferences could not be counted.');
    }
  }
}
