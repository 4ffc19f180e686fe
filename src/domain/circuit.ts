// The circuit of a target, or of a provider's account: whether it may be called. Plain data that any two processes can
// merge in any order and agree: a restoration begins anew, and since then every field is a time that only grows.

import type { FailureKind } from './failure.ts';

/** All times are milliseconds since the epoch; 0 is never. */
export interface Circuit {
  /** An operator's last restoration: what was before it no longer counts. */
  readonly restoredAtMs: number;
  /** It is open while this is later than `closedAtMs`; the break ends here, and a probe may follow. */
  readonly openUntilMs: number;
  /** When the break that ends at `openUntilMs` began, and why. */
  readonly openedAtMs: number;
  readonly cause: CircuitCause | null;
  /** A probe succeeded. Has no effect on a break that ends later. */
  readonly closedAtMs: number;
  /** An operator holds it open since then, until it is restored. */
  readonly isolatedAtMs: number;
}

/** A failure's kind, or `pings`: two health pings in a row failed. */
export type CircuitCause = FailureKind | 'pings';

export type CircuitState = 'closed' | 'open' | 'half-open' | 'isolated';

export const CLOSED: Circuit = {
  restoredAtMs: 0,
  openUntilMs: 0,
  openedAtMs: 0,
  cause: null,
  closedAtMs: 0,
  isolatedAtMs: 0,
};

/** The one under `key`; what nobody knows is closed. A provider may be called `constructor`. */
export function circuitIn(circuits: Readonly<Record<string, Circuit>>, key: string): Circuit {
  return (Object.hasOwn(circuits, key) && circuits[key]) || CLOSED;
}

export function circuitState(circuit: Circuit, nowMs: number): CircuitState {
  if (circuit.isolatedAtMs > 0) return 'isolated';
  if (circuit.openUntilMs <= circuit.closedAtMs) return 'closed';
  return nowMs < circuit.openUntilMs ? 'open' : 'half-open';
}

/** Opens it, or keeps it open longer; a shorter break never wins over a longer one. */
export function opened(
  circuit: Circuit,
  open: { readonly atMs: number; readonly untilMs: number; readonly cause: CircuitCause },
): Circuit {
  const { atMs, untilMs, cause } = open;
  if (untilMs <= circuit.openUntilMs) return circuit;
  const isOpenAlready = circuit.openUntilMs > circuit.closedAtMs;
  return { ...circuit, openUntilMs: untilMs, openedAtMs: isOpenAlready ? circuit.openedAtMs : atMs, cause };
}

/** Closes it, unless the break still lasts. */
export function closed(circuit: Circuit, atMs: number): Circuit {
  return atMs < circuit.openUntilMs ? circuit : { ...circuit, closedAtMs: Math.max(circuit.closedAtMs, atMs) };
}

export function isolated(circuit: Circuit, atMs: number): Circuit {
  return { ...circuit, isolatedAtMs: Math.max(circuit.isolatedAtMs, atMs) };
}

/** Ends the isolation and any break, however long. */
export function restored(circuit: Circuit, atMs: number): Circuit {
  return { ...CLOSED, restoredAtMs: Math.max(circuit.restoredAtMs + 1, atMs) };
}

/** When it began to let calls through again; 0 when it has never been out. Only of one that is closed. */
export function backSinceMs({ closedAtMs, restoredAtMs }: Circuit): number {
  return Math.max(closedAtMs, restoredAtMs);
}

/** What both know. The break that ends later brings its own beginning and cause. */
export function merged(a: Circuit, b: Circuit): Circuit {
  if (a.restoredAtMs !== b.restoredAtMs) return a.restoredAtMs > b.restoredAtMs ? a : b;
  const later = isLaterBreak(a, b) ? a : b;
  return {
    ...later,
    closedAtMs: Math.max(a.closedAtMs, b.closedAtMs),
    isolatedAtMs: Math.max(a.isolatedAtMs, b.isolatedAtMs),
  };
}

/** Of two breaks that end together one has to be chosen the same way by everybody: the one that began earlier. */
function isLaterBreak(a: Circuit, b: Circuit): boolean {
  if (a.openUntilMs !== b.openUntilMs) return a.openUntilMs > b.openUntilMs;
  if (a.openedAtMs !== b.openedAtMs) return a.openedAtMs < b.openedAtMs;
  return (a.cause ?? '') <= (b.cause ?? '');
}

export function isSameCircuit(a: Circuit, b: Circuit): boolean {
  return (
    a.restoredAtMs === b.restoredAtMs &&
    a.openUntilMs === b.openUntilMs &&
    a.openedAtMs === b.openedAtMs &&
    a.cause === b.cause &&
    a.closedAtMs === b.closedAtMs &&
    a.isolatedAtMs === b.isolatedAtMs
  );
}
