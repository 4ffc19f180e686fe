// What the batches came to: tables for people, figures for programs, and which aims are met. Pure.

import { verdict } from './report.ts';
import type { ScenarioReport } from './scenario.ts';

export interface BatchFigures {
  readonly lines: number;
  readonly firstLane: string;
  readonly wallMs: number;
  /** The service's own; null where the system does not tell. */
  readonly cpuUsPerLine: number | null;
  /** The service's own; null where the system does not tell. */
  readonly peakBytes: number | null;
  /** Of the batch's own workflow. */
  readonly historyEvents: number | null;
}

/** Of the largest batch. */
const MOST_CPU_US = 100;
const MOST_BYTES = 512 * 1024 * 1024;
const MOST_EVENTS = 2_000;
/** A line of the largest batch over one of the smallest. */
const MOST_GROWTH = 1;

export function reportOf(measured: {
  readonly bySize: readonly BatchFigures[];
  readonly byLane: readonly BatchFigures[];
}): ScenarioReport {
  const { bySize, byLane } = measured;
  const [smallest, largest] = [bySize[0], bySize.at(-1)];
  const growth = smallest?.cpuUsPerLine && largest?.cpuUsPerLine ? largest.cpuUsPerLine / smallest.cpuUsPerLine : null;
  const targets = {
    cpuUsPerLine: aim(largest?.cpuUsPerLine ?? null, MOST_CPU_US),
    peakBytes: aim(most(bySize.map(({ peakBytes }) => peakBytes)), MOST_BYTES),
    historyEvents: aim(most(bySize.map(({ historyEvents }) => historyEvents)), MOST_EVENTS),
    growth: aim(growth, MOST_GROWTH),
  };
  const size = `${largest?.lines} lines`;
  return {
    name: 'batches',
    sections: [
      'Batches of lines of 1 KB, end to end: uploaded, answered by simulated lanes of which each fails 1 line in 100, read',
      tableOf(bySize),
      ...(byLane.length > 0 ? ['By the lane that all lines go to first:', tableOf(byLane)] : []),
      `CPU of the service for a line of ${size}: ${shown(largest?.cpuUsPerLine, 0)} µs; aim ≤ ${MOST_CPU_US} ${verdict(targets.cpuUsPerLine.met)}.`,
      `Over that of a line of ${smallest?.lines}: ${shown(growth, 2)}; aim ≤ ${MOST_GROWTH} ${verdict(targets.growth.met)}.`,
      `Memory of the service at most: ${shown(megabytes(targets.peakBytes.measured), 0)} MiB; aim ≤ ${megabytes(MOST_BYTES)} ${verdict(targets.peakBytes.met)}.`,
      `Events in the history of a batch at most: ${shown(targets.historyEvents.measured, 0)}; aim ≤ ${MOST_EVENTS} ${verdict(targets.historyEvents.met)}.`,
    ],
    figures: { ...measured, targets },
  };
}

function tableOf(figures: readonly BatchFigures[]): readonly (readonly string[])[] {
  return [
    ['lines', 'first lane', 'CPU µs/line', 'seconds', 'lines/s', 'peak MiB', 'events'],
    ...figures.map(({ lines, firstLane, cpuUsPerLine, wallMs, peakBytes, historyEvents }) => [
      String(lines),
      firstLane,
      shown(cpuUsPerLine, 0),
      (wallMs / 1_000).toFixed(1),
      ((lines * 1_000) / wallMs).toFixed(0),
      shown(megabytes(peakBytes), 0),
      shown(historyEvents, 0),
    ]),
  ];
}

function aim(measured: number | null, limit: number) {
  return { measured, limit, met: measured === null ? null : measured <= limit };
}

/** Null when any is unknown. */
function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === values.length ? Math.max(...known) : null;
}

function megabytes(bytes: number | null): number | null {
  return bytes === null ? null : bytes / (1024 * 1024);
}

function shown(value: number | null | undefined, digits: number): string {
  return value == null ? 'unknown' : value.toFixed(digits);
}
