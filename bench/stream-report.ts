// What the scenario `streams` comes to: tables for people, one object for programs, and which targets are met. Pure.

import { median } from './figures.ts';
import type { Pace } from './paced.ts';
import { verdict } from './report.ts';
import type { ScenarioReport } from './scenario.ts';
import {
  type Delays,
  medianDelays,
  medianTurn,
  type PacedTurn,
  type StreamRound,
  type TwoProcesses,
} from './stream-figures.ts';

const MAX_FIRST_RATIO = 1.25;
const MAX_DELAY_P50_MS = 2;
const MAX_CPU_RATIO = 2;
/** Of the time that the slowest stream was to take. */
const MAX_SLOWEST = 1.02;

export function reportOf(measured: {
  readonly clients: number;
  readonly pace: Pace;
  readonly rounds: readonly StreamRound[];
  readonly twoProcesses: TwoProcesses;
}): ScenarioReport {
  const { clients, pace, rounds, twoProcesses } = measured;
  const first = {
    floor: median(rounds.map((round) => round.first.floor)),
    holdfast: median(rounds.map((round) => round.first.holdfast)),
    ratio: median(rounds.map((round) => round.first.holdfast / round.first.floor)),
  };
  const lone = {
    relay: medianDelays(rounds.map((round) => round.lone.relay)),
    holdfast: medianDelays(rounds.map((round) => round.lone.holdfast)),
  };
  const paced = {
    relay: medianTurn(rounds.map((round) => round.paced.relay)),
    holdfast: medianTurn(rounds.map((round) => round.paced.holdfast)),
  };
  const cpuRatio = cpuRatioOf(rounds);
  const { slowest } = paced.holdfast.kept;
  const targets = {
    first: { limit: MAX_FIRST_RATIO, ratio: first.ratio, met: first.ratio <= MAX_FIRST_RATIO },
    delay: { limit: MAX_DELAY_P50_MS, p50Ms: lone.holdfast.p50Ms, met: lone.holdfast.p50Ms <= MAX_DELAY_P50_MS },
    pace: { limit: MAX_SLOWEST, slowest, met: slowest <= MAX_SLOWEST },
    cpu: { limit: MAX_CPU_RATIO, ratio: cpuRatio, met: cpuRatio === null ? null : cpuRatio <= MAX_CPU_RATIO },
  };
  const perSecond = 1000 / pace.everyMs;
  return {
    name: 'streams',
    sections: [
      `Streamed answers; ${rounds.length} rounds, medians; in two processes fewer rounds, after the others`,
      [
        ['a lone client', 'floor', 'relay', 'Holdfast', 'Holdfast, API and worker apart'],
        [
          'added to the first token, ms',
          first.floor.toFixed(1),
          '',
          first.holdfast.toFixed(1),
          twoProcesses.firstMs.toFixed(1),
        ],
        ...delayRows([lone.relay, lone.holdfast, twoProcesses.lone]),
      ],
      `First token over the start of a bare activity: ${first.ratio.toFixed(2)}; target ≤ ${MAX_FIRST_RATIO} ${verdict(targets.first.met)}.`,
      `Delay of a token in one process, p50: ${lone.holdfast.p50Ms.toFixed(2)} ms; target ≤ ${MAX_DELAY_P50_MS} ms ${verdict(targets.delay.met)}.`,
      `${clients} streams at once, each of ${pace.tokens} tokens, ${perSecond} a second; every token arrived once and in order`,
      pacedTable([paced.relay, paced.holdfast, twoProcesses.paced]),
      `Pace of the slowest stream: ${slowest.toFixed(3)}; target ≤ ${MAX_SLOWEST} ${verdict(targets.pace.met)}.`,
      `CPU per token over the relay's: ${cpuRatio === null ? 'unknown' : cpuRatio.toFixed(2)}; target ≤ ${MAX_CPU_RATIO} ${verdict(targets.cpu.met)}.`,
      "CPU of the service's own processes, without Temporal's, from answers of two lengths: the slope is a token's, the rest a stream's.",
    ],
    figures: { ...measured, first, lone, paced, targets },
  };
}

function cpuRatioOf(rounds: readonly StreamRound[]): number | null {
  const ratios = rounds.flatMap(({ paced: { relay, holdfast } }) =>
    relay.cpu && holdfast.cpu ? [holdfast.cpu.perTokenUs / relay.cpu.perTokenUs] : [],
  );
  return ratios.length === 0 ? null : median(ratios);
}

function delayRows(sides: readonly Delays[]): readonly (readonly string[])[] {
  return [
    ['delay of a token, p50, ms', '', ...sides.map(({ p50Ms }) => p50Ms.toFixed(2))],
    ['delay of a token, p99, ms', '', ...sides.map(({ p99Ms }) => p99Ms.toFixed(2))],
  ];
}

function pacedTable(sides: readonly PacedTurn[]): readonly (readonly string[])[] {
  const row = (label: string, cell: (side: PacedTurn) => string) => [label, ...sides.map(cell)];
  return [
    ['', 'relay', 'Holdfast', 'Holdfast, API and worker apart'],
    row('slowest stream, over its pace', ({ kept }) => kept.slowest.toFixed(3)),
    row('tokens/s', ({ kept }) => kept.tokensPerSecond?.toFixed(0) ?? 'never all at once'),
    row(
      'gap between tokens, p99, ms (as sent)',
      ({ kept }) => `${kept.p99GapMs.toFixed(0)} (${kept.p99SentGapMs.toFixed(0)})`,
    ),
    row('delay of a token, p50, ms', ({ crowd }) => crowd.p50Ms.toFixed(2)),
    row('delay of a token, p99, ms', ({ crowd }) => crowd.p99Ms.toFixed(2)),
    row('CPU, µs/token', ({ cpu }) => cpu?.perTokenUs.toFixed(0) ?? 'unknown'),
    row('CPU, ms/stream without its tokens', ({ cpu }) => cpu?.perStreamMs.toFixed(1) ?? 'unknown'),
  ];
}
