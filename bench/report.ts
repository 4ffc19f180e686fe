// What a comparison with the floor comes to: a table for people, one object for programs, and which targets are met.

import { type Comparison, compare, type Metric, metrics, type Round } from './figures.ts';

export interface Level {
  readonly concurrency: number;
  readonly rounds: readonly Round[];
}

export interface Report {
  readonly levels: readonly {
    readonly concurrency: number;
    readonly metrics: Readonly<Record<Metric, Comparison | null>>;
    readonly rounds: readonly Round[];
  }[];
  readonly targets: readonly {
    readonly concurrency: number;
    readonly metric: Metric;
    readonly limit: string;
    readonly ratio: number | null;
    readonly met: boolean | null;
  }[];
}

/** What Holdfast may cost, as a multiple of the floor. */
export interface TargetRatio {
  readonly metric: Metric;
  /** Null: at every level. */
  readonly concurrency: number | null;
  readonly atMost?: number;
  readonly atLeast?: number;
}

const LABELS: Readonly<Record<Metric, string>> = {
  p50Ms: 'p50, ms',
  p95Ms: 'p95, ms',
  requestsPerSecond: 'requests/s',
  serviceCpuMs: 'CPU ms/request, service',
  temporalCpuMs: 'CPU ms/request, Temporal',
};

export function reportOf(levels: readonly Level[], targetRatios: readonly TargetRatio[]): Report {
  return {
    levels: levels.map(({ concurrency, rounds }) => ({
      concurrency,
      metrics: {
        p50Ms: compare(rounds, 'p50Ms'),
        p95Ms: compare(rounds, 'p95Ms'),
        requestsPerSecond: compare(rounds, 'requestsPerSecond'),
        serviceCpuMs: compare(rounds, 'serviceCpuMs'),
        temporalCpuMs: compare(rounds, 'temporalCpuMs'),
      },
      rounds,
    })),
    targets: levels.flatMap(({ concurrency, rounds }) =>
      metrics.flatMap((metric) => {
        const target = targetRatios.find(
          (entry) => entry.metric === metric && (entry.concurrency ?? concurrency) === concurrency,
        );
        if (!target) return [];
        const ratio = compare(rounds, metric)?.ratio ?? null;
        return [
          { concurrency, metric, limit: limitText(target), ratio, met: ratio === null ? null : isMet(target, ratio) },
        ];
      }),
    ),
  };
}

/** Rows of cells; the first is the heading. */
export function tableOf(report: Report): readonly (readonly string[])[] {
  const heading = ['clients', '', 'floor', 'Holdfast', 'ratio', 'range', 'target'];
  const rows = report.levels.flatMap(({ concurrency, metrics: compared }) =>
    metrics.map((metric, index) => {
      const comparison = compared[metric];
      const target = report.targets.find((entry) => entry.concurrency === concurrency && entry.metric === metric);
      return [
        index === 0 ? String(concurrency) : '',
        LABELS[metric],
        ...(comparison ? cellsOf(comparison) : ['unknown', 'unknown', '', '']),
        target ? `${target.limit} ${verdict(target.met)}` : '',
      ];
    }),
  );
  return [heading, ...rows];
}

function cellsOf({ floor, holdfast, ratio, lowestRatio, highestRatio }: Comparison): readonly string[] {
  return [
    floor.toFixed(1),
    holdfast.toFixed(1),
    ratio.toFixed(2),
    `${lowestRatio.toFixed(2)} to ${highestRatio.toFixed(2)}`,
  ];
}

function limitText({ atMost, atLeast }: TargetRatio): string {
  const [sign, limit] = atMost === undefined ? ['≥', atLeast ?? 0] : ['≤', atMost];
  return `${sign} ${Number(limit.toFixed(2))}`;
}

function isMet({ atMost = Number.POSITIVE_INFINITY, atLeast = 0 }: TargetRatio, ratio: number): boolean {
  return ratio <= atMost && ratio >= atLeast;
}

/** In a word. */
export function verdict(met: boolean | null): string {
  if (met === null) return 'unknown';
  return met ? 'met' : 'missed';
}
