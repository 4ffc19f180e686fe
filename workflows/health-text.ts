// What Temporal's UI shows of the targets' health as the workflow's current details.

import { circuitState } from '../src/domain/circuit.ts';
import type { SharedHealth } from '../src/domain/health.ts';

/** Markdown; closed circuits are not worth a line. */
export function healthText({ circuits }: SharedHealth, nowMs: number): string {
  const lines = Object.entries(circuits).flatMap(([key, circuit]) => {
    const state = circuitState(circuit, nowMs);
    if (state === 'closed') return [];
    const { openedAtMs, openUntilMs, isolatedAtMs, cause } = circuit;
    return state === 'isolated'
      ? [`- ${key}: isolated by an operator since ${time(isolatedAtMs)}`]
      : [`- ${key}: open since ${time(openedAtMs)} (${cause}), a probe may follow from ${time(openUntilMs)} on`];
  });
  return lines.length === 0 ? 'All circuits are closed.' : lines.join('\n');
}

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}
