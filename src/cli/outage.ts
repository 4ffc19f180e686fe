// `holdfast outage`: the same day of traffic and trouble through four ways, in fast motion, counted at the end.
//
// The scenario, the arrival times, the prompts and what befalls a call at a given time of day are the same for a seed.
// Not the same are the moments at which calls arrive, to some milliseconds of real time (which the factor makes seconds
// of the day): at the edges of incidents and near timeouts, single answers differ from run to run.

import { setMaxListeners } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Narrator } from './demo/narrator.ts';
import { createNarrator, silentNarrator } from './demo/narrator.ts';
import { watchCircuits } from './outage/circuit-watch.ts';
import type { DayClock } from './outage/clock.ts';
import { startClock } from './outage/clock.ts';
import type { Day } from './outage/day.ts';
import { FULL_DAY, MINUTE_MS, SHORT_DAY, timeOfDay } from './outage/day.ts';
import { measureOverhead } from './outage/overhead.ts';
import { pictureOf } from './outage/picture.ts';
import { play } from './outage/play.ts';
import { PATIENCE_MS, WAYS } from './outage/providers.ts';
import type { Way } from './outage/providers.ts';
import type { Report } from './outage/report.ts';
import { brokenPromise, checksOf, deadCallsTable, mainTable, notesOf, reportJson } from './outage/report.ts';
import { beginDay, openStage } from './outage/stage.ts';
import type { Tally } from './outage/tally.ts';
import { tallyOf } from './outage/tally.ts';
import { questionsOf } from './outage/traffic.ts';
import { waysOf } from './outage/ways.ts';
import { wireCallsOf } from './outage/wire-calls.ts';
import { CommandError, printJson, table } from './output.ts';
import { MIN_DEADLINE_MS } from '../domain/inference.ts';

export interface OutageOptions {
  readonly seed: number;
  /** By which the day is faster than the clock. */
  readonly speed: number;
  /** The same incidents in a day of less than twenty minutes. */
  readonly short: boolean;
  /** Directory for the numbers and the picture. */
  readonly out: string;
  readonly json: boolean;
}

export async function outage(options: OutageOptions): Promise<void> {
  const narrator = options.json ? silentNarrator : createNarrator();
  const interruption = new AbortController();
  const interrupt = () => interruption.abort(new CommandError('The outage day was interrupted.', { exitCode: 130 }));
  // One for each question that is under way.
  setMaxListeners(0, interruption.signal);
  for (const signal of SIGNALS) process.once(signal, interrupt);
  try {
    const report = await runOutage({ ...options, narrator, signal: interruption.signal });
    if (options.json) printJson(reportJson(report));
    else tell(narrator, report, options.out);
    const broken = brokenPromise(report);
    if (broken !== null) throw new CommandError(broken);
  } catch (error) {
    throw interruption.signal.aborted ? interruption.signal.reason : error;
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Plays the day and writes `report.json` and `report.svg`. */
export async function runOutage(
  options: Omit<OutageOptions, 'json'> & { readonly narrator: Narrator; readonly signal: AbortSignal },
): Promise<Report> {
  const { seed, speed: factor, short, out, narrator, signal } = options;
  checkSpeed(factor);
  const day = short ? SHORT_DAY : FULL_DAY;
  tellOpening(narrator, day, factor);
  const stage = await openStage({ factor, signal, report: (line) => narrator.event('·', line) });
  try {
    const { simulator, url: serviceUrl } = stage;
    const overheadMs = await measureOverhead({ simulator, serviceUrl, signal });
    narrator.event('·', `the service runs, and takes ${Math.round(overheadMs)} ms of its own for an inference`);
    const questions = questionsOf(day, seed);
    const clock = startClock(factor, Date.now());
    beginDay(simulator, { day, seed, clock });
    const over = new AbortController();
    const duringDay = AbortSignal.any([signal, over.signal]);
    setMaxListeners(0, duringDay);
    const circuits = watchCircuits({ serviceUrl, clock, signal: duringDay });
    void tellIncidents({ narrator, day, clock, signal: duringDay });
    const ways = waysOf({ simulator, serviceUrl, clock, signal });
    const asked = await play({ questions, ways, clock, signal }).finally(() => over.abort());
    const calls = wireCallsOf(simulator.requests, clock);
    const byId = new Map(questions.map((question) => [question.id, question]));
    const tallies = Object.fromEntries(
      WAYS.map((way) => [
        way,
        tallyOf({
          day,
          way,
          questions: byId,
          asked: asked[way],
          calls: calls.filter((call) => call.way === way),
          circuits,
        }),
      ]),
    ) as Record<Way, Tally>;
    const report: Report = { seed, isShort: short, factor, day, overheadMs, tallies };
    write(out, report);
    return report;
  } finally {
    await stage.close();
  }
}

function checkSpeed(factor: number): void {
  const highest = PATIENCE_MS / MIN_DEADLINE_MS;
  if (factor >= 1 && factor <= highest) return;
  throw new CommandError(
    `The speed must be from 1 to ${highest}: a client's ${PATIENCE_MS / 1_000} s would be shorter than the shortest deadline, ${MIN_DEADLINE_MS / 1_000} s.`,
  );
}

function write(out: string, report: Report): void {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'report.json'), `${JSON.stringify(reportJson(report), null, 2)}\n`);
  writeFileSync(join(out, 'report.svg'), pictureOf(report));
}

function tellOpening(narrator: Narrator, day: Day, factor: number): void {
  narrator.say(
    'A day on which a provider fails in all the ways that providers do, asked the same questions in four ways: one provider',
    'alone; a second one when the first throws; Holdfast, waited for 60 s; Holdfast, durable. Providers are simulated, all',
    `else is real. It is played ${factor} times as fast as it would be, in about ${Math.ceil(day.lengthMs / factor / MINUTE_MS)} min.`,
  );
  narrator.heading('The day');
}

/** Says what begins, when it does; ends quietly with the signal. */
async function tellIncidents(input: {
  readonly narrator: Narrator;
  readonly day: Day;
  readonly clock: DayClock;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { narrator, day, clock, signal } = input;
  try {
    for (const { fromMs, toMs, label } of day.incidents.toSorted((a, b) => a.fromMs - b.fromMs)) {
      await sleep(Math.max(0, clock.realMs(fromMs - clock.dayMs(Date.now()))), undefined, { signal });
      narrator.event('✗', `${timeOfDay(fromMs, day)} to ${timeOfDay(toMs, day)}  ${label}`);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** What a short day leaves to tell in few lines. */
export function tellBriefly(narrator: Narrator, report: Report): void {
  const [reduction] = checksOf(report);
  narrator.say('', table(mainTable(report)));
  narrator.say(
    `Asked through Holdfast, the day's downtime is ${reduction?.found ?? '0 %'} less than with one provider alone. The whole day: npm run outage`,
  );
}

function tell(narrator: Narrator, report: Report, out: string): void {
  narrator.heading('What it came to');
  narrator.say(table(mainTable(report)), '', ...notesOf(report));
  narrator.heading('While all of the primary was dead');
  narrator.say(table(deadCallsTable(report)));
  narrator.heading('Against the aims');
  narrator.say(
    table([
      ['', 'FOUND', 'AIM'],
      ...checksOf(report).map(({ aim, found, isMet }) => [isMet ? 'met' : 'missed', found, aim]),
    ]),
    '',
    `The numbers: ${join(out, 'report.json')}. The picture: ${join(out, 'report.svg')}`,
  );
}
