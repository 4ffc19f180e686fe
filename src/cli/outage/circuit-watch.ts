// Looks at the circuits of a service several times in each break, as an operator's dashboard would, until told to stop.

import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, clientOf } from '../api-client.ts';
import { CircuitRecord } from './circuit-record.ts';
import type { DayClock } from './clock.ts';
import { BREAK_MS, readAccount } from './providers.ts';

/** Never rejects: what was not seen is missing in the record. */
export function watchCircuits(input: {
  readonly serviceUrl: string;
  readonly clock: DayClock;
  readonly signal: AbortSignal;
}): CircuitRecord {
  const { serviceUrl, clock, signal } = input;
  const record = new CircuitRecord(BREAK_MS);
  const api = clientOf({ address: () => serviceUrl, apiKey: null, signal });
  const dayMs = (time: string | null) => time && clock.dayMs(Date.parse(time));
  const look = async () => {
    const { data } = await api.targets();
    for (const { provider, breaker } of data) {
      const account = readAccount(provider);
      const { state, since, until } = breaker;
      const glimpse = { state, sinceMs: dayMs(since) || null, untilMs: dayMs(until) || null };
      if (account) record.note(account.way, account.place, glimpse);
    }
  };
  const watch = async () => {
    while (!signal.aborted) {
      try {
        await look();
        await sleep(clock.realMs(BREAK_MS / LOOKS_PER_BREAK), undefined, { signal });
      } catch (error) {
        if (!(signal.aborted || error instanceof ApiError)) throw error;
      }
    }
  };
  void watch();
  return record;
}

const LOOKS_PER_BREAK = 4;
