// The scenario `streams`: what a streamed answer costs over the least that does its work. Time to the first token against
// the start of a bare activity; delay and CPU per token against a relay; the same in two processes, for the record.

import { cpuTimeMs } from './cpu-time.ts';
import { median } from './figures.ts';
import type { Holdfast } from './holdfast.ts';
import { startHoldfast } from './holdfast.ts';
import type { Pace } from './paced.ts';
import type { ScenarioOptions, ScenarioReport } from './scenario.ts';
import { compiled, providersAt, type Sides, startSides, TARGETS } from './sides.ts';
import type { Stage } from './stage.ts';
import {
  addedToFirstMs,
  cpuShares,
  type Delays,
  delaysOf,
  medianDelays,
  medianTurn,
  type PacedTurn,
  paceKept,
  type StreamRound,
  type TwoProcesses,
} from './stream-figures.ts';
import { loadStreams } from './stream-load.ts';
import { reportOf } from './stream-report.ts';

/** Two targets, as most chains have. */
const MODELS = { streams: { targets: TARGETS.slice(0, 2) } };
const MODEL = 'streams';

/** Of the measurements with many clients. */
const CLIENTS = 100;
const EVERY_MS = 20;
/** Their starts are not what is measured here. */
const RAMP_MS = 40;

interface Effort {
  readonly rounds: number;
  /** Turns in which the first token is waited for. */
  readonly firsts: number;
  readonly lone: Pace;
  readonly short: Pace;
  readonly long: Pace;
}

export async function measureStreams(stage: Stage, options: ScenarioOptions): Promise<ScenarioReport> {
  const effort = effortOf(options);
  const sides = await startSides(stage, { models: MODELS, profileDir: options.profileDir, provider: 'paced' });
  const relay = await stage.start({ script: compiled('relay.js'), arguments: [sides.providerUrl] });
  const relaySide = { url: relay.url, pids: [relay.pid] };
  const holdfast = { url: sides.holdfast.url, pids: [sides.holdfast.servicePid] };
  options.note('streams: warming up');
  await loadStreams({ url: sides.floor.url, model: MODEL, clients: 16, streams: 15, pace: FIRST });
  for (const { url } of [holdfast, relaySide]) await warmUp(url, effort);
  const rounds: StreamRound[] = [];
  for (let round = 1; round <= effort.rounds; round++) {
    options.note(`streams: round ${round} of ${effort.rounds}`);
    // Who goes first changes: what a turn leaves behind must not always fall to the same side.
    const isOdd = round % 2 === 1;
    rounds.push({
      first: await firstInTurns({ floor: sides.floor.url, holdfast: holdfast.url }, effort),
      lone: await inTurns(isOdd, {
        relay: () => loneDelays(relaySide.url, effort),
        holdfast: () => loneDelays(holdfast.url, effort),
      }),
      paced: await inTurns(isOdd, {
        relay: () => pacedTurn(relaySide, effort),
        holdfast: () => pacedTurn(holdfast, effort),
      }),
    });
  }
  const twoProcesses = await measureTwoProcesses(stage, sides, { effort, options });
  await Promise.all([relay.stop(), sides.stop()]);
  return reportOf({ clients: CLIENTS, pace: effort.long, rounds, twoProcesses });
}

function effortOf({ quick, rounds }: ScenarioOptions): Effort {
  const tokens = (count: number): Pace => ({ tokens: count, everyMs: EVERY_MS });
  return quick
    ? { rounds: rounds ?? 1, firsts: 10, lone: tokens(50), short: tokens(100), long: tokens(300) }
    : { rounds: rounds ?? 4, firsts: 40, lone: tokens(200), short: tokens(200), long: tokens(600) };
}

/** A round's turns, one after the other, in this order or the opposite one. */
async function inTurns<Side extends string, Measured>(
  isForwards: boolean,
  turns: Readonly<Record<Side, () => Promise<Measured>>>,
): Promise<Readonly<Record<Side, Measured>>> {
  const names = Object.keys(turns) as Side[];
  const measured: Partial<Record<Side, Measured>> = {};
  for (const name of isForwards ? names : names.toReversed()) measured[name] = await turns[name]();
  return measured as Record<Side, Measured>;
}

/** The floor gives but one token, whatever it is asked for. */
const FIRST: Pace = { tokens: 1, everyMs: 0 };

async function warmUp(url: string, { short }: Effort): Promise<void> {
  await loadStreams({ url, model: MODEL, clients: 16, streams: 15, pace: FIRST });
  await loadStreams({ url, model: MODEL, clients: CLIENTS, streams: 1, pace: short, rampMs: RAMP_MS });
}

/** In many short turns: it is a matter of milliseconds, and what else the machine does changes from second to second. */
async function firstInTurns(
  urls: { readonly floor: string; readonly holdfast: string },
  { firsts }: Effort,
): Promise<{ readonly floor: number; readonly holdfast: number }> {
  const floor: number[] = [];
  const holdfast: number[] = [];
  for (let turn = 0; turn < firsts; turn++) {
    const measured = await inTurns(turn % 2 === 0, {
      floor: () => firstsMs(urls.floor),
      holdfast: () => firstsMs(urls.holdfast),
    });
    floor.push(...measured.floor);
    holdfast.push(...measured.holdfast);
  }
  return { floor: median(floor), holdfast: median(holdfast) };
}

/** The first stream opens the connection, and is not counted. */
async function firstsMs(url: string): Promise<readonly number[]> {
  const streams = await loadStreams({ url, model: MODEL, clients: 1, streams: 3, pace: FIRST });
  return streams.slice(1).map(addedToFirstMs);
}

async function loneDelays(url: string, { lone }: Effort): Promise<Delays> {
  return delaysOf(await loadStreams({ url, model: MODEL, clients: 1, streams: 1, pace: lone }));
}

interface Served {
  readonly url: string;
  /** Of the processes that serve, without Temporal's. */
  readonly pids: readonly number[];
}

async function pacedTurn({ url, pids }: Served, { short, long }: Effort): Promise<PacedTurn> {
  const run = async (pace: Pace) => {
    const before = cpuOf(pids);
    const streams = await loadStreams({ url, model: MODEL, clients: CLIENTS, streams: 1, pace, rampMs: RAMP_MS });
    const after = cpuOf(pids);
    return { streams, tokens: pace.tokens, cpuMs: before === null || after === null ? null : after - before };
  };
  const [ofShort, ofLong] = [await run(short), await run(long)];
  return {
    kept: paceKept(ofLong.streams, long),
    crowd: delaysOf(ofLong.streams),
    cpu: cpuShares({ streams: CLIENTS, short: ofShort, long: ofLong }),
  };
}

function cpuOf(pids: readonly number[]): number | null {
  let sum = 0;
  for (const pid of pids) {
    const used = cpuTimeMs(pid);
    if (used === null) return null;
    sum += used;
  }
  return sum;
}

/** On the floor's Temporal server, which has nothing else to do meanwhile. */
async function measureTwoProcesses(
  stage: Stage,
  sides: Sides,
  run: { readonly effort: Effort; readonly options: ScenarioOptions },
): Promise<TwoProcesses> {
  const { effort, options } = run;
  options.note('streams: API and worker as two processes');
  const config = { providers: providersAt(sides.providerUrl), models: MODELS };
  const start = (role: 'api' | 'worker'): Promise<Holdfast> =>
    startHoldfast(stage, { config, part: { role, temporalAddress: sides.floor.temporalAddress } });
  const [api, worker] = await Promise.all([start('api'), start('worker')]);
  await warmUp(api.url, effort);
  const first: number[] = [];
  const lone: Delays[] = [];
  const paced: PacedTurn[] = [];
  for (let round = 1; round <= Math.ceil(effort.rounds / 2); round++) {
    for (let turn = 0; turn < effort.firsts; turn++) first.push(...(await firstsMs(api.url)));
    lone.push(await loneDelays(api.url, effort));
    paced.push(await pacedTurn({ url: api.url, pids: [api.pid, worker.pid] }, effort));
  }
  await Promise.all([api.stop(), worker.stop()]);
  return { firstMs: median(first), lone: medianDelays(lone), paced: medianTurn(paced) };
}
