// When the circuits of Holdfast's targets were open in the course of the day, put together from what `/v1/targets` said
// from time to time. All times are of the day.

import type { Place } from './day.ts';
import type { Way } from './providers.ts';
import { accountOf } from './providers.ts';

/** What was said of a circuit at one moment. */
export interface Glimpse {
  readonly state: 'closed' | 'open' | 'half-open' | 'isolated';
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
}

export interface Break {
  readonly fromMs: number;
  readonly untilMs: number;
  /** The circuit was closed before; otherwise its probe had failed. */
  readonly isFirst: boolean;
}

export class CircuitRecord {
  readonly #breakMs: number;
  readonly #breaks = new Map<string, Break[]>();
  readonly #closings = new Map<string, Set<number>>();

  /** @param breakMs how long a circuit stays open */
  constructor(breakMs: number) {
    this.#breakMs = breakMs;
  }

  note(way: Way, place: Place, { state, sinceMs, untilMs }: Glimpse): void {
    const key = accountOf(way, place);
    if (state === 'closed' && sinceMs !== null) {
      const closings = this.#closings.get(key) ?? new Set();
      this.#closings.set(key, closings.add(sinceMs));
    }
    if (state !== 'open' || sinceMs === null || untilMs === null) return;
    const breaks = this.#breaks.get(key) ?? [];
    this.#breaks.set(key, breaks);
    const last = breaks.at(-1);
    if (last && last.untilMs >= untilMs) return;
    // `since` is that of the first of several breaks between which no probe has succeeded.
    const isFirst = !last || sinceMs >= last.untilMs;
    breaks.push({ fromMs: isFirst ? sinceMs : Math.max(last.untilMs, untilMs - this.#breakMs), untilMs, isFirst });
  }

  breaks(way: Way, place: Place): readonly Break[] {
    return this.#breaks.get(accountOf(way, place)) ?? [];
  }

  /** How a call that arrives at this time was let through; `graceMs` after opening, those under way still arrive. */
  stateAt(way: Way, place: Place, atMs: number, graceMs = 0): 'closed' | 'open' | 'half-open' {
    const last = this.breaks(way, place).findLast(({ fromMs }) => fromMs <= atMs);
    if (!last || (last.isFirst && atMs < last.fromMs + graceMs)) return 'closed';
    const closings = [...(this.#closings.get(accountOf(way, place)) ?? [])];
    if (closings.some((closedMs) => closedMs > last.fromMs && closedMs <= atMs)) return 'closed';
    return atMs < last.untilMs ? 'open' : 'half-open';
  }
}
