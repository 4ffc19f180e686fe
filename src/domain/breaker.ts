// The circuit breaker: a pure reducer. When a circuit opens and closes is decided here and nowhere else; the times are
// passed in, and nothing is remembered but what it returns.

import type { Circuit, CircuitCause, CircuitState } from './circuit.ts';
import { CLOSED, circuitState, closed, opened } from './circuit.ts';

export interface BreakerSettings {
  /** Calls of so long count. @default 60000 */
  readonly windowMs: number;
  /** Opens above this share of faults. @default 0.2 */
  readonly failureRatio: number;
  /** Not before so many calls are in the window. @default 5 */
  readonly minimumCalls: number;
  /** How long it stays open before a probe is let through. @default 30000 */
  readonly breakMs: number;
}

export interface Breaker {
  readonly circuit: Circuit;
  /** Oldest first. */
  readonly slots: readonly Slot[];
  /** Of the newest fault in the window. */
  readonly lastFault: CircuitCause | null;
  /** In a row, up to now. */
  readonly failedPings: number;
  /** When the probe under way began; null: there is none. */
  readonly probeAtMs: number | null;
}

/** The calls of one part of the window. */
interface Slot {
  readonly startMs: number;
  readonly calls: number;
  readonly faults: number;
}

/**
 * What an attempt tells of its target: `well` it answered; `alive` it refused, for a reason that lies in the request;
 * `fault` it failed; `crowded` it has no room now, which counts apart; `nothing` it was not reached, or was given up.
 */
export type Told = 'well' | 'alive' | 'fault' | 'crowded' | 'nothing';

export type BreakerEvent =
  /** An attempt, or a health ping, is the probe of a half-open circuit. */
  | { readonly type: 'probing'; readonly atMs: number }
  | {
      readonly type: 'settled';
      readonly atMs: number;
      readonly told: Told;
      readonly cause: CircuitCause;
      readonly isProbe: boolean;
      readonly isPing: boolean;
      /** The provider said itself when to come back, later than this attempt could wait; 0: it did not. */
      readonly outUntilMs: number;
    }
  /** What another process knows of the circuit. */
  | { readonly type: 'circuit'; readonly circuit: Circuit };

export const NEW_BREAKER: Breaker = { circuit: CLOSED, slots: [], lastFault: null, failedPings: 0, probeAtMs: null };

export function reduceBreaker(breaker: Breaker, event: BreakerEvent, settings: BreakerSettings): Breaker {
  if (event.type === 'probing') return { ...breaker, probeAtMs: event.atMs };
  if (event.type === 'circuit') return withCircuit(breaker, event.circuit);
  const { atMs, isProbe, outUntilMs } = event;
  const settled = judge(isProbe ? { ...breaker, probeAtMs: null } : breaker, event, settings);
  if (outUntilMs <= atMs) return settled;
  return open(settled, { atMs, untilMs: outUntilMs, cause: event.cause });
}

type Settled = Extract<BreakerEvent, { type: 'settled' }>;

function judge(breaker: Breaker, event: Settled, settings: BreakerSettings): Breaker {
  const { atMs, told, cause, isProbe, isPing } = event;
  if (told === 'nothing') return breaker;
  const untilMs = atMs + settings.breakMs;
  const state = circuitState(breaker.circuit, atMs);
  if (state === 'half-open' && (isProbe || isPing)) {
    if (told === 'well' || told === 'alive') return { ...NEW_BREAKER, circuit: closed(breaker.circuit, atMs) };
    return open(breaker, { atMs, untilMs, cause });
  }
  // Calls that began before the break tell nothing new of a circuit that is open, or held open.
  if (state !== 'closed') return breaker;
  if (told === 'well') return counted({ ...breaker, failedPings: 0 }, { atMs, faults: 0, settings });
  if (told !== 'fault') return breaker;
  if (isPing) {
    const failedPings = breaker.failedPings + 1;
    return failedPings < FAILED_PINGS ? { ...breaker, failedPings } : open(breaker, { atMs, untilMs, cause: 'pings' });
  }
  const failing = counted({ ...breaker, lastFault: cause }, { atMs, faults: 1, settings });
  return isOverLimit(failureCounts(failing, atMs, settings), settings)
    ? open(failing, { atMs, untilMs, cause })
    : failing;
}

/** So many in a row open the circuit, with or without other calls. */
const FAILED_PINGS = 2;

/** Calls and faults in the window that ends at `nowMs`. */
export function failureCounts(
  { slots }: Breaker,
  nowMs: number,
  { windowMs }: Pick<BreakerSettings, 'windowMs'>,
): { readonly calls: number; readonly faults: number } {
  let calls = 0;
  let faults = 0;
  for (const slot of slots) {
    if (slot.startMs <= nowMs - windowMs) continue;
    calls += slot.calls;
    faults += slot.faults;
  }
  return { calls, faults };
}

export function isOverLimit(
  { calls, faults }: { readonly calls: number; readonly faults: number },
  { minimumCalls, failureRatio }: Pick<BreakerSettings, 'minimumCalls' | 'failureRatio'>,
): boolean {
  return calls >= minimumCalls && faults > failureRatio * calls;
}

export function breakerState({ circuit }: Breaker, nowMs: number): CircuitState {
  return circuitState(circuit, nowMs);
}

function counted(
  breaker: Breaker,
  call: { readonly atMs: number; readonly faults: 0 | 1; readonly settings: BreakerSettings },
): Breaker {
  const { atMs, faults, settings } = call;
  const slotMs = settings.windowMs / SLOTS;
  const startMs = Math.floor(atMs / slotMs) * slotMs;
  const kept = breaker.slots.filter((slot) => slot.startMs > atMs - settings.windowMs);
  const last = kept.at(-1);
  // A clock that was set back adds to the newest slot rather than disturb the order.
  const slots =
    last && last.startMs >= startMs
      ? kept.with(kept.length - 1, { ...last, calls: last.calls + 1, faults: last.faults + faults })
      : [...kept, { startMs, calls: 1, faults }];
  return { ...breaker, slots };
}

/** The window moves on in steps of this part of it. */
const SLOTS = 60;

function open(
  breaker: Breaker,
  opening: { readonly atMs: number; readonly untilMs: number; readonly cause: CircuitCause },
): Breaker {
  return { ...NEW_BREAKER, probeAtMs: breaker.probeAtMs, circuit: opened(breaker.circuit, opening) };
}

/** What was counted before a break says nothing about the time after it. */
function withCircuit(breaker: Breaker, circuit: Circuit): Breaker {
  const isNewBreak = circuit.openUntilMs !== breaker.circuit.openUntilMs;
  const isNewClose = circuit.closedAtMs !== breaker.circuit.closedAtMs;
  return isNewBreak || isNewClose ? { ...NEW_BREAKER, probeAtMs: breaker.probeAtMs, circuit } : { ...breaker, circuit };
}
