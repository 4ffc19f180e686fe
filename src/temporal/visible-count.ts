// About how many inferences of the whole service are in some state, without asking for each: a count from visibility,
// which lags and allows few reads, carried on by what this process has started since.

import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import { isUnreachable, withinRoundTrip } from './deadline.ts';
import { INFERENCES, STATUS_FILTERS, WAITING_FILTERS } from './visibility.ts';

const COUNT_AGAIN_MS = 5_000;
/** Parked and held ones take no room. */
export const RUNNING = `${INFERENCES} AND ${STATUS_FILTERS.running}`;
/** Those whose vote waits for a person. */
export const HELD = `${INFERENCES} AND ${WAITING_FILTERS.resolution}`;

/** Counts in visibility; rejects when Temporal is away or refuses. */
export function countOf(
  query: string,
  options: { readonly connection: NativeConnection; readonly namespace: string },
): () => Promise<number> {
  const client = new Client(options);
  return async () => (await withinRoundTrip(options.connection, () => client.workflow.count(query))).count;
}

export class VisibleCount {
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
      if (!isUnreachable(error)) this.#logger.warn({ err: error }, 'Inferences could not be counted.');
    }
  }
}
