// `npm run bench`: the scenarios that were chosen, one after the other on this machine, and their figures against the
// targets.

import { cpus } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { printJson, printLine, table } from '../src/cli/output.ts';
import { TEMPORAL_VERSION } from '../src/temporal/executable-version.ts';
import { measureAccuracy } from './accuracy.ts';
import { measureBatches } from './batches.ts';
import { compareWithFloor } from './overhead.ts';
import { overheadScenarios } from './overhead-scenarios.ts';
import { type ScenarioName, type ScenarioOptions, type ScenarioReport, scenarioNames } from './scenario.ts';
import { startSides } from './sides.ts';
import { measureRescue } from './rescue.ts';
import { openStage, type Stage } from './stage.ts';
import { measureStreams } from './streams.ts';
import { measureTail } from './tail.ts';

const program = new Command('bench')
  .description('measures what Holdfast costs over a bare Fastify and Temporal service, and what its strategies bring')
  .option('--scenario <name>', `${scenarioNames.join(', ')}; may be given several times (default: all)`, chosen)
  .option('--quick', 'a look at it: two minutes for all', false)
  .option(
    '--rounds <count>',
    'against a floor: turns of each side at each level (default: 6, quick: 2)',
    positiveNumber,
  )
  .option('--seconds <count>', 'against a floor: length of a turn (default: 3, quick: 0.7 or 1.5)', positiveNumber)
  .option('--seed <text>', 'of latencies, documents and errors', 'holdfast')
  .option('--profile <directory>', 'leave a CPU profile of each side there; the profiler itself costs time')
  .option('--json', 'print JSON, with every turn', false)
  .parse();

const given = program.opts<{
  scenario?: readonly ScenarioName[];
  quick: boolean;
  rounds?: number;
  seconds?: number;
  seed: string;
  profile?: string;
  json: boolean;
}>();
const options: ScenarioOptions = {
  quick: given.quick,
  rounds: given.rounds ?? null,
  turnMs: given.seconds === undefined ? null : given.seconds * 1000,
  profileDir: given.profile ?? null,
  seed: given.seed,
  note,
};
const machine = { node: process.version, temporal: TEMPORAL_VERSION, cpus: cpus().length };

try {
  if (!given.json) printLine(`Node ${machine.node}, Temporal CLI ${machine.temporal}, ${machine.cpus} CPUs`);
  const reports = await runAll(given.scenario ?? scenarioNames);
  if (given.json) {
    printJson({ ...machine, scenarios: Object.fromEntries(reports.map(({ name, figures }) => [name, figures])) });
  }
} catch (error) {
  note(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function runAll(names: readonly ScenarioName[]): Promise<readonly ScenarioReport[]> {
  const stage = await openStage();
  const interrupt = () => {
    note('stopping');
    // What is being measured then fails, and everything is cleaned up on the way out.
    void stage.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  const reports: ScenarioReport[] = [];
  try {
    for await (const report of scenarios(stage, names)) {
      if (!given.json) print(report);
      reports.push(report);
    }
    return reports;
  } finally {
    await stage.close();
  }
}

async function* scenarios(stage: Stage, names: readonly ScenarioName[]): AsyncGenerator<ScenarioReport> {
  yield* againstFloor(stage, names);
  if (names.includes('streams')) yield await measureStreams(stage, options);
  if (names.includes('tail')) yield await measureTail(stage, options);
  if (names.includes('accuracy')) yield await measureAccuracy(stage, options);
  if (names.includes('batches')) yield await measureBatches(stage, options);
  if (names.includes('rescue')) yield await measureRescue(stage, options);
}

async function* againstFloor(stage: Stage, names: readonly ScenarioName[]): AsyncGenerator<ScenarioReport> {
  const wanted = overheadScenarios.filter(({ name }) => names.includes(name));
  if (wanted.length === 0) return;
  const models = Object.fromEntries(wanted.map(({ name, settings }) => [name, settings]));
  const sides = await startSides(stage, { models, profileDir: options.profileDir });
  for (const scenario of wanted) yield await compareWithFloor(scenario, sides, options);
  await sides.stop();
}

function print({ name, sections }: ScenarioReport): void {
  printLine(`\n== ${name}`);
  for (const section of sections) printLine(`\n${typeof section === 'string' ? section : table(section)}`);
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function chosen(name: string, others: readonly ScenarioName[] = []): readonly ScenarioName[] {
  const found = scenarioNames.find((one) => one === name);
  if (!found) throw new InvalidArgumentError(`It must be one of ${scenarioNames.join(', ')}.`);
  return [...others, found];
}

function positiveNumber(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError('It must be a positive number.');
  return number;
}
