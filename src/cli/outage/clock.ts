// The day's clock: everything that has a duration in the day is shorter by one factor in reality, and nothing else is.

export interface DayClock {
  readonly factor: number;
  /** What the day's clock shows at a moment of the real one (milliseconds since the epoch). */
  dayMs(atMs: number): number;
  /** How long a duration of the day takes. */
  realMs(durationMs: number): number;
}

export function startClock(factor: number, startedAtMs: number): DayClock {
  return {
    factor,
    dayMs: (atMs) => (atMs - startedAtMs) * factor,
    realMs: (durationMs) => durationMs / factor,
  };
}
