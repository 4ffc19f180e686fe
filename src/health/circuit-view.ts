// A circuit as people see it. Pure.

import type { Circuit } from '../domain/circuit.ts';
import { backSinceMs, circuitState } from '../domain/circuit.ts';
import type { CircuitView } from '../domain/health.ts';

export function circuitView(circuit: Circuit, nowMs: number): CircuitView {
  const state = circuitState(circuit, nowMs);
  const { openedAtMs, openUntilMs, isolatedAtMs, cause } = circuit;
  switch (state) {
    case 'isolated':
      return { state, sinceMs: isolatedAtMs, untilMs: null, cause: null };
    case 'open':
      return { state, sinceMs: openedAtMs, untilMs: openUntilMs, cause };
    case 'half-open':
      return { state, sinceMs: openUntilMs, untilMs: null, cause };
    case 'closed':
      return { state, sinceMs: backSinceMs(circuit) || null, untilMs: null, cause: null };
  }
}
