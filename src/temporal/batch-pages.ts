// Pages of batches, from their records: they hold what Temporal has long forgotten, and do not lag behind.

import type { BatchStart } from '../domain/batch.ts';
import type { BatchRecords } from '../domain/batch-records.ts';
import type { Batches, BatchView, ListBatchesOutcome } from '../domain/batches.ts';

/** Reads at once: enough that a page does not take long, few enough that others get their turn. */
const READ_AT_ONCE = 8;

export class BatchPages {
  readonly #records: BatchRecords;
  readonly #view: (start: BatchStart) => Promise<BatchView>;

  constructor(records: BatchRecords, view: (start: BatchStart) => Promise<BatchView>) {
    this.#records = records;
    this.#view = view;
  }

  async page({ owner, limit, after }: Parameters<Batches['list']>[0]): Promise<ListBatchesOutcome> {
    const ids = await this.#records.list();
    const from = after === undefined ? 0 : ids.indexOf(after) + 1;
    if (after !== undefined && (from === 0 || !isOf(owner, await this.#records.readStart(after)))) {
      return { type: 'not-found' };
    }
    const starts = await this.#startsOf(owner, ids.slice(from), limit + 1);
    const batches = await inTurns(starts.slice(0, limit), this.#view);
    return { type: 'page', batches, hasMore: starts.length > limit };
  }

  /** The first so many of an owner. */
  async #startsOf(owner: string | null, ids: readonly string[], wanted: number): Promise<readonly BatchStart[]> {
    const found: BatchStart[] = [];
    for (let at = 0; at < ids.length && found.length < wanted; at += READ_AT_ONCE) {
      const starts = await Promise.all(ids.slice(at, at + READ_AT_ONCE).map((id) => this.#records.readStart(id)));
      found.push(...starts.filter((start) => start !== null).filter((start) => isOf(owner, start)));
    }
    return found.slice(0, wanted);
  }
}

function isOf(owner: string | null, start: BatchStart | null): boolean {
  return start !== null && (owner === null || start.input.owner === owner);
}

async function inTurns<In, Out>(all: readonly In[], make: (one: In) => Promise<Out>): Promise<readonly Out[]> {
  const made: Out[] = [];
  for (let at = 0; at < all.length; at += READ_AT_ONCE) {
    made.push(...(await Promise.all(all.slice(at, at + READ_AT_ONCE).map(make))));
  }
  return made;
}
