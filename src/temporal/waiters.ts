// One long poll per inference, shared by all who wait for its end. Follows replays to the current run.

import { setTimeout } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { isUnreachable } from './deadline.ts';
import type { Ending } from './read-inference.ts';
import { endingOf } from './read-inference.ts';

/** Long polls of one kind that a server allows per namespace are 1,200 by default; some are left to others. */
const MAX_WAITERS = 1_000;

interface Waiter {
  readonly ended: Promise<Ending>;
  readonly abort: AbortController;
  interested: number;
  hasEnded: boolean;
}

export type Waited = { readonly type: 'ended'; readonly ending: Ending } | { readonly type: 'pending' };

export class Waiters {
  readonly #client: Client;
  readonly #byId = new Map<string, Waiter>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** Throws what the long poll throws, other than for a server that is away or busy: then it goes on. */
  async wait(id: string, limits: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<Waited> {
    const waiter = this.#byId.get(id) ?? this.#begin(id);
    if (!waiter) return { type: 'pending' };
    waiter.interested += 1;
    const pending = givesUp(limits);
    try {
      const ending = await Promise.race([waiter.ended, pending.promise]);
      return ending ? { type: 'ended', ending } : { type: 'pending' };
    } finally {
      pending.clear();
      waiter.interested -= 1;
      if (waiter.interested === 0) {
        // An abort makes an error with a stack, so it is not for the many whose poll has ended.
        if (!waiter.hasEnded) waiter.abort.abort();
        if (this.#byId.get(id) === waiter) this.#byId.delete(id);
      }
    }
  }

  #begin(id: string): Waiter | null {
    if (this.#byId.size >= MAX_WAITERS) return null;
    const abort = new AbortController();
    const ended = this.#poll(id, abort.signal).finally(() => {
      waiter.hasEnded = true;
      if (this.#byId.get(id) === waiter) this.#byId.delete(id);
    });
    // Nobody may be interested any more when the poll fails.
    ended.catch(() => undefined);
    const waiter: Waiter = { ended, abort, interested: 0, hasEnded: false };
    this.#byId.set(id, waiter);
    return waiter;
  }

  async #poll(id: string, signal: AbortSignal): Promise<Ending> {
    for (;;) {
      try {
        const ending = await this.#client.connection.withAbortSignal(signal, () => endingOf(this.#client, { id }));
        if (!(await this.#wasReset(id, ending))) return ending;
      } catch (error) {
        if (signal.aborted || !isUnreachable(error)) throw error;
        // Half a second to one and a half, so that those who were refused together do not come back together.
        await setTimeout(500 + Math.random() * 1_000);
      }
    }
  }

  /** A run that is reset while it is running ends as terminated; the inference goes on in the next one. */
  async #wasReset(id: string, ending: Ending): Promise<boolean> {
    if (ending.failure?.code !== 'internal_error') return false;
    const { closeTime } = await this.#client.workflow.getHandle(id).describe();
    return !closeTime;
  }
}

/** Settles as null after the time, or when the signal aborts. */
function givesUp(limits: { readonly timeoutMs: number; readonly signal?: AbortSignal }) {
  const { timeoutMs, signal } = limits;
  let clear = () => {};
  const promise = new Promise<null>((resolve) => {
    const timer = globalThis.setTimeout(() => resolve(null), Math.min(timeoutMs, MAX_TIMER_MS));
    const onAbort = () => resolve(null);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) resolve(null);
    clear = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
  });
  return { promise, clear: () => clear() };
}

/** The longest delay that a timer takes; longer ones would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
