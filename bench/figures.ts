// From what was measured to the figures that are printed. Pure.

/** What one turn of one side showed. CPU times are milliseconds per request; null where the system does not tell. */
export interface Turn {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly requestsPerSecond: number;
  readonly serviceCpuMs: number | null;
  readonly temporalCpuMs: number | null;
}

export type Metric = keyof Turn;

export const metrics: readonly Metric[] = ['p50Ms', 'p95Ms', 'requestsPerSecond', 'serviceCpuMs', 'temporalCpuMs'];

/** Both sides' turns of one round, which lie next to each other in time. */
export interface Round {
  readonly floor: Turn;
  readonly holdfast: Turn;
}

export interface Comparison {
  readonly floor: number;
  readonly holdfast: number;
  /** Holdfast over floor: the median of the rounds' own ratios, since noise hits both turns of a round. */
  readonly ratio: number;
  readonly lowestRatio: number;
  readonly highestRatio: number;
}

export function turnOf(measured: {
  readonly latenciesMs: readonly number[];
  readonly elapsedMs: number;
  readonly serviceCpuMs: number | null;
  readonly temporalCpuMs: number | null;
}): Turn {
  const { latenciesMs, elapsedMs, serviceCpuMs, temporalCpuMs } = measured;
  const requests = latenciesMs.length;
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return {
    p50Ms: quantile(sorted, 0.5),
    p95Ms: quantile(sorted, 0.95),
    requestsPerSecond: (requests * 1000) / elapsedMs,
    serviceCpuMs: serviceCpuMs === null ? null : serviceCpuMs / requests,
    temporalCpuMs: temporalCpuMs === null ? null : temporalCpuMs / requests,
  };
}

/** Null when the metric is unknown. */
export function compare(rounds: readonly Round[], metric: Metric): Comparison | null {
  const known = rounds.flatMap(({ floor, holdfast }) => {
    const pair = { floor: floor[metric], holdfast: holdfast[metric] };
    return pair.floor === null || pair.holdfast === null ? [] : [{ floor: pair.floor, holdfast: pair.holdfast }];
  });
  if (known.length === 0) return null;
  const ratios = known.map(({ floor, holdfast }) => holdfast / floor);
  return {
    floor: median(known.map(({ floor }) => floor)),
    holdfast: median(known.map(({ holdfast }) => holdfast)),
    ratio: median(ratios),
    lowestRatio: Math.min(...ratios),
    highestRatio: Math.max(...ratios),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Of values in ascending order. */
export function quantile(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}
