// The scenarios that compare Holdfast with a floor: what each strategy may cost over the least that does its work.

import type { TargetRatio } from './report.ts';
import type { ScenarioName } from './scenario.ts';
import { TARGETS } from './sides.ts';

export interface OverheadScenario {
  /** Also that of the model and of the floor's workflow. */
  readonly name: Extract<ScenarioName, 'failover' | 'consensus' | 'hedge'>;
  readonly floor: string;
  /** As the configuration file says it. */
  readonly settings: object;
  /** Numbers of clients. */
  readonly levels: readonly number[];
  readonly quickTurnMs: number;
  readonly quickWarmUpMs: number;
  readonly targetRatios: readonly TargetRatio[];
  /** How many events a history may have over the floor's; null: no target. */
  readonly moreEvents: number | null;
}

/** What several calls at once may cost. */
const ofSeveralCalls = {
  levels: [1, 16],
  quickTurnMs: 700,
  quickWarmUpMs: 1_000,
  targetRatios: [
    { metric: 'p50Ms', concurrency: 1, atMost: 1.3 },
    { metric: 'requestsPerSecond', concurrency: 16, atLeast: 1 / 1.3 },
    { metric: 'serviceCpuMs', concurrency: null, atMost: 1.3 },
  ],
} satisfies Partial<OverheadScenario>;

export const overheadScenarios: readonly OverheadScenario[] = [
  {
    name: 'failover',
    floor: 'one bare activity',
    // Two targets, since a chain of one would carry less than a chain does.
    settings: { targets: TARGETS.slice(0, 2) },
    levels: [1, 16, 64],
    quickTurnMs: 1_500,
    quickWarmUpMs: 2_000,
    targetRatios: [
      { metric: 'p50Ms', concurrency: 1, atMost: 1.25 },
      { metric: 'requestsPerSecond', concurrency: 64, atLeast: 0.8 },
      { metric: 'serviceCpuMs', concurrency: null, atMost: 1.4 },
    ],
    moreEvents: null,
  },
  {
    name: 'consensus',
    floor: 'three bare activities at once, and all their answers',
    settings: { strategy: 'consensus', targets: TARGETS, quorum: 2, compare: { type: 'exact' }, onSplit: 'fail' },
    ...ofSeveralCalls,
    moreEvents: 6,
  },
  {
    name: 'hedge',
    floor: 'two bare activities at once; the first answer wins and the other call is cancelled',
    settings: { strategy: 'hedge', targets: TARGETS.slice(0, 2), hedgeDelay: '0ms' },
    ...ofSeveralCalls,
    moreEvents: null,
  },
];
