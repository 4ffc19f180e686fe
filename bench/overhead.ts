// Holdfast against a floor, side by side on this machine, as ratios. Both answer the same requests from the same
// provider, in turns, so that whatever else the machine does hits both.

import { cpuTimeMs } from './cpu-time.ts';
import { median, type Round, type Turn, turnOf } from './figures.ts';
import { historyEvents } from './history-events.ts';
import { load } from './load.ts';
import type { OverheadScenario } from './overhead-scenarios.ts';
import { type Level, reportOf, tableOf, verdict } from './report.ts';
import type { ScenarioOptions, ScenarioReport } from './scenario.ts';
import type { Side, Sides } from './sides.ts';

const WARM_UP_CONCURRENCY = 16;

export async function compareWithFloor(
  scenario: OverheadScenario,
  sides: Sides,
  options: ScenarioOptions,
): Promise<ScenarioReport> {
  const { name, floor, targetRatios } = scenario;
  const rounds = Math.ceil(options.rounds ?? (options.quick ? 2 : 6));
  const turnMs = options.turnMs ?? (options.quick ? scenario.quickTurnMs : 3_000);
  await warmUp(scenario, sides, options);
  const levels = await measure(scenario, sides, { rounds, turnMs, note: options.note });
  const report = reportOf(levels, targetRatios);
  const events = await compareEvents(scenario, sides);
  return {
    name,
    sections: [
      `Holdfast's ${name} against a floor of ${floor}; ${rounds} rounds of ${turnMs / 1000} s`,
      tableOf(report),
      'floor, Holdfast: medians of the rounds. ratio: Holdfast / floor, median and range over the rounds.',
      eventsLine(events),
    ],
    figures: { rounds, turnMs, ...report, historyEvents: events },
  };
}

async function warmUp(scenario: OverheadScenario, { floor, holdfast }: Sides, options: ScenarioOptions): Promise<void> {
  const { name, quickWarmUpMs } = scenario;
  options.note(`${name}: warming up`);
  const durationMs = options.quick ? quickWarmUpMs : 10_000;
  for (const { url } of [floor, holdfast])
    await load({ url, model: name, concurrency: WARM_UP_CONCURRENCY, durationMs });
}

async function measure(
  { name, levels }: OverheadScenario,
  { floor, holdfast }: Sides,
  pace: { readonly rounds: number; readonly turnMs: number; readonly note: (line: string) => void },
): Promise<readonly Level[]> {
  const { rounds, turnMs, note } = pace;
  const measured: Level[] = [];
  for (const concurrency of levels) {
    const ofLevel: Round[] = [];
    for (let round = 1; round <= rounds; round++) {
      note(`${name}: ${concurrency} clients, round ${round} of ${rounds}`);
      // Who goes first changes: what a turn leaves behind must not always fall to the same side.
      const run = { model: name, concurrency, durationMs: turnMs };
      const first = await turn(round % 2 === 1 ? floor : holdfast, run);
      const second = await turn(round % 2 === 1 ? holdfast : floor, run);
      ofLevel.push(round % 2 === 1 ? { floor: first, holdfast: second } : { floor: second, holdfast: first });
    }
    measured.push({ concurrency, rounds: ofLevel });
  }
  return measured;
}

async function turn(side: Side, run: Omit<Parameters<typeof load>[0], 'url'>): Promise<Turn> {
  const { url, servicePid, temporalPid } = side;
  const before = { service: cpuTimeMs(servicePid), temporal: cpuTimeMs(temporalPid) };
  const { latenciesMs, elapsedMs } = await load({ url, ...run });
  return turnOf({
    latenciesMs,
    elapsedMs,
    serviceCpuMs: since(before.service, cpuTimeMs(servicePid)),
    temporalCpuMs: since(before.temporal, cpuTimeMs(temporalPid)),
  });
}

function since(before: number | null, now: number | null): number | null {
  return before === null || now === null ? null : now - before;
}

interface Events {
  /** Medians over a few inferences, one at a time. */
  readonly floor: number;
  readonly holdfast: number;
  /** What Holdfast's may be at most; null: no target. */
  readonly limit: number | null;
  readonly met: boolean | null;
}

async function compareEvents({ name, moreEvents }: OverheadScenario, sides: Sides): Promise<Events> {
  const floor = median(await historyEvents(sides.floor, name));
  const holdfast = median(await historyEvents(sides.holdfast, name));
  const limit = moreEvents === null ? null : floor + moreEvents;
  return { floor, holdfast, limit, met: limit === null ? null : holdfast <= limit };
}

function eventsLine({ floor, holdfast, limit, met }: Events): string {
  const target = limit === null ? '' : `; target ≤ ${limit} ${verdict(met)}`;
  return `Events in the history of one inference: floor ${floor}, Holdfast ${holdfast}${target}.`;
}
