// `npm run bench`: what Holdfast costs over the floor, side by side on this machine, as ratios. Both answer the same
// requests from the same provider, in turns, so that whatever else the machine does hits both.

import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { printJson, printLine, table } from '../src/cli/output.ts';
import { TEMPORAL_VERSION } from '../src/temporal/executable-version.ts';
import { cpuTimeMs } from './cpu-time.ts';
import { type Round, type Turn, turnOf } from './figures.ts';
import { load } from './load.ts';
import { type Level, reportOf, tableOf } from './report.ts';
import { type Side, type Sides, startSides } from './sides.ts';

const CONCURRENCIES = [1, 16, 64];
const WARM_UP_CONCURRENCY = 16;

const program = new Command('bench')
  .description('compares Holdfast with a bare Fastify and Temporal service, in turns, and prints the ratios')
  .option('--quick', 'a look at it: about half a minute', false)
  .option('--rounds <count>', 'turns of each side at each concurrency (default: 6, quick: 2)', positiveNumber)
  .option('--seconds <count>', 'length of a turn (default: 3, quick: 1.5)', positiveNumber)
  .option('--profile <directory>', 'leave a CPU profile of each side there; the profiler itself costs time')
  .option('--json', 'print JSON, with every turn', false)
  .parse();

const options = program.opts<{
  quick: boolean;
  rounds?: number;
  seconds?: number;
  profile?: string;
  json: boolean;
}>();
const rounds = Math.ceil(options.rounds ?? (options.quick ? 2 : 6));
const turnMs = (options.seconds ?? (options.quick ? 1.5 : 3)) * 1000;
const warmUpMs = options.quick ? 3_000 : 10_000;

try {
  const levels = await measureAll();
  const report = reportOf(levels);
  const machine = { node: process.version, temporal: TEMPORAL_VERSION, cpus: cpus().length };
  if (options.json) printJson({ ...machine, rounds, turnMs, ...report });
  else {
    printLine(`Node ${machine.node}, Temporal CLI ${machine.temporal}, ${machine.cpus} CPUs; ${rounds} rounds\n`);
    printLine(table(tableOf(report)));
    printLine('\nfloor, Holdfast: medians of the rounds. ratio: Holdfast / floor, median and range over the rounds.');
  }
} catch (error) {
  note(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function measureAll(): Promise<readonly Level[]> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  try {
    const sides = await startSides({ directory, profileDir: options.profile ?? null });
    const interrupt = () => {
      note('stopping');
      // What is being measured then fails, and everything is cleaned up on the way out.
      void sides.stop();
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
    try {
      return await measure(sides);
    } finally {
      await sides.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure({ floor, holdfast }: Sides): Promise<readonly Level[]> {
  note('warming up');
  for (const side of [floor, holdfast]) {
    await load({ url: side.url, concurrency: WARM_UP_CONCURRENCY, durationMs: warmUpMs });
  }
  const levels: Level[] = [];
  for (const concurrency of CONCURRENCIES) {
    const measured: Round[] = [];
    for (let round = 1; round <= rounds; round++) {
      note(`${concurrency} clients, round ${round} of ${rounds}`);
      // Who goes first changes: what a turn leaves behind must not always fall to the same side.
      const first = await turn(round % 2 === 1 ? floor : holdfast, concurrency);
      const second = await turn(round % 2 === 1 ? holdfast : floor, concurrency);
      measured.push(round % 2 === 1 ? { floor: first, holdfast: second } : { floor: second, holdfast: first });
    }
    levels.push({ concurrency, rounds: measured });
  }
  return levels;
}

async function turn({ url, servicePid, temporalPid }: Side, concurrency: number): Promise<Turn> {
  const before = { service: cpuTimeMs(servicePid), temporal: cpuTimeMs(temporalPid) };
  const { latenciesMs, elapsedMs } = await load({ url, concurrency, durationMs: turnMs });
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

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function positiveNumber(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError('It must be a positive number.');
  return number;
}
