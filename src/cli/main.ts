#!/usr/bin/env node
// The `holdfast` program: declares the commands and runs one. Each command's code is loaded only when it is asked for,
// so that `--help` is quick. Nothing else imports this file: importing it runs it.

import { Command, InvalidArgumentError, Option } from 'commander';
import { CommandError, oneLine } from './output.ts';

const program = new Command('holdfast')
  .description('Makes an LLM answer dependable: every inference is durable, retried and failed over.')
  .configureOutput({ outputError: (text, write) => write(`${oneLine(text)}\n`) })
  .configureHelp({ showGlobalOptions: true })
  // Here and at each command with both options and commands, which would take those of its commands for its own.
  .enablePositionalOptions();

const json = () => new Option('--json', 'print JSON').default(false);

program
  .command('serve')
  .description('run the service until Ctrl-C')
  .addOption(new Option('--role <role>', 'what this process runs').choices(['all', 'api', 'worker']).default('all'))
  .addOption(json())
  .action(async (options) => (await import('./serve.ts')).serve(options));

program
  .command('demo')
  .description('run real documents through a failover chain while things break, and print what happened')
  .option('--local-model', 'with a small real model as one target', false)
  .addOption(json())
  .action(async (options) => (await import('./demo.ts')).demo(options));

program
  .command('outage')
  .description(
    'replay a day of provider trouble in fast motion, with and without Holdfast, and count what it was worth',
  )
  .option('--seed <number>', 'another seed is another day', positiveInteger, 1)
  .option('--speed <factor>', 'by which the day is faster than the clock, up to 60', positiveNumber, 40)
  .option('--short', 'the same incidents in a day of less than twenty minutes: half a minute', false)
  .option('--out <directory>', 'where report.json and report.svg go', 'outcome/outage')
  .addOption(json())
  .action(async (options) => (await import('./outage.ts')).outage(options));

program
  .command('submit')
  .description('start an inference and wait for its answer')
  .argument('[prompt]', 'the prompt; put before the file when --file is given too; without both, stdin is read')
  .option('--file <path>', 'take the prompt from a text file')
  .option('--model <name>', 'a configured model name, or a target as provider/model', 'default')
  .option('--system <text>', 'system message')
  .option('--max-tokens <count>', 'upper limit of output tokens', positiveInteger)
  .option('--schema <file>', 'JSON Schema that the answer must satisfy')
  .option('--deadline <duration>', 'limit for the whole inference, such as 30s or 24h')
  .addOption(new Option('--priority <level>', '1 is the highest, 5 the lowest').choices(['1', '2', '3', '4', '5']))
  .option('--metadata <key=value>', 'label to find it by; may be repeated', collectPair, {})
  .option('--idempotency-key <key>', 'joins the inference that was started with the same key and body')
  .option('--detach', 'print the id and do not wait')
  .option('--no-wait', 'the same as --detach')
  .addOption(json())
  .action(async (prompt, options) => (await import('./submit.ts')).submit(prompt, options));

program
  .command('get')
  .description('print the answer of an inference, or how far it is')
  .argument('<id>', 'id of the inference')
  .option('--wait', 'wait until it has ended', false)
  .addOption(json())
  .action(async (id, options) => (await import('./get.ts')).get(id, options));

program
  .command('list')
  .description('list inferences, newest first')
  .addOption(new Option('--status <status>').choices(['running', 'waiting', 'succeeded', 'failed', 'cancelled']))
  .addOption(
    new Option('--waiting-for <what>', 'the recovery of a target, or a person who resolves its vote').choices([
      'target',
      'resolution',
    ]),
  )
  .option('--model <name>', 'of one model name')
  .option('--since <when>', 'created since a time (ISO 8601) or for a duration, such as 6h')
  .option('--metadata <key=value>', 'with this label; may be repeated', collectPair, {})
  .option('--limit <count>', 'how many at most', positiveInteger)
  .option('--after <cursor>', 'the page after the one that named this cursor')
  .addOption(json())
  .action(async (options) => (await import('./list.ts')).list(options));

program
  .command('cancel')
  .description('cancel a running inference')
  .argument('<id>', 'id of the inference')
  .addOption(json())
  .action(async (id, options) => (await import('./cancel.ts')).cancel(id, options));

program
  .command('replay')
  .description('run a failed or cancelled inference again, keeping what succeeded')
  .argument('<id>', 'id of the inference')
  .option('--wait', 'wait until it has ended', false)
  .addOption(json())
  .action(async (id, options) => (await import('./replay.ts')).replay(id, options));

program
  .command('resolve')
  .description('decide a vote that is held for a person; needs the API key of an operator')
  .argument('<id>', 'id of the inference; `get` shows its votes')
  .option('--vote <number>', 'the vote that is to be the answer, counted from 0', wholeNumber)
  .option('--answer <text>', 'an answer of your own instead')
  .requiredOption('--reason <text>', 'kept with the verdict, for the record')
  .addOption(json())
  .action(async (id, options) => (await import('./resolve.ts')).resolve(id, options));

const batch = program
  .command('batch')
  .description('analyse many documents, over the batch APIs of the providers')
  .enablePositionalOptions();

const asked = (command: Command) =>
  command
    .requiredOption('--prompt <file>', 'text file: what is to be told of each document')
    .option('--schema <file>', 'JSON Schema of an answer; without one, answers are text')
    .option('--model <name>', 'a configured model name, or a target as provider/model', 'default')
    .option('--max-tokens <count>', 'upper limit of output tokens of one answer', positiveInteger)
    .option('--timezone <name>', 'of the times of day, such as Europe/Berlin; that of this machine when left out')
    .option('--deadline <when>', 'a time of day such as 07:00, or a duration such as 6h; 24h when left out')
    .option('--max-cost <usd>', 'what is done by then is kept, the rest stops', positiveNumber)
    .option('--no-rescue', 'what no lane has answered fails, and is not asked at the ordinary price')
    .option('--csv', 'the results as a table, too', false)
    .addOption(json());

asked(batch.command('run'))
  .description('analyse documents now or tonight, show how far it is, and write one line for each')
  .argument('<documents...>', 'files, folders or patterns: text, Markdown, HTML, PDF and Word')
  .option('--at <time>', 'begin at the next such time of day, such as 01:00')
  .option('--out <file>', 'where the results go, a line in JSON for each document', 'results.jsonl')
  .option('--detach', 'print the id and do not wait', false)
  .action(async (documents, options) => (await import('./batch-run.ts')).batchRun(documents, options));

batch
  .command('watch')
  .description('show how far an analysis is until it has ended, and write its results')
  .argument('<id>', 'id of the analysis')
  .option('--out <file>', 'where the results go; nowhere when left out')
  .option('--csv', 'the results as a table, too, beside it', false)
  .addOption(json())
  .action(async (id, options) => (await import('./batch-watch.ts')).batchWatch(id, options));

batch
  .command('cancel')
  .description('stop an analysis; what is answered already is kept')
  .argument('<id>', 'id of the analysis')
  .addOption(json())
  .action(async (id, options) => (await import('./batch-watch.ts')).batchCancel(id, options));

asked(batch.command('schedule'))
  .description('analyse every night what is new in a folder that the workers can read')
  .argument('<folder>', 'one of those that documents.folders of the configuration names, or in one of them')
  .requiredOption('--at <time>', 'time of day, such as 01:00')
  .option('--name <name>', 'of the schedule; that of the folder when left out')
  .option('--out <folder>', 'where the workers put the results of each night')
  .action(async (folder, options) => (await import('./batch-schedule.ts')).batchSchedule(folder, options));

batch
  .command('schedules')
  .description('list the schedules, with what each has started lately')
  .addOption(json())
  .action(async (options) => (await import('./batch-schedule.ts')).batchSchedules(options));

batch
  .command('unschedule')
  .description('delete a schedule; what it has started goes on')
  .argument('<name>', 'of the schedule')
  .addOption(json())
  .action(async (name, options) => (await import('./batch-schedule.ts')).batchUnschedule(name, options));

const targets = program
  .command('targets')
  .description('show the health of each target, or hold its circuit open')
  .enablePositionalOptions()
  .option('--watch', 'show it anew every second until Ctrl-C; into a pipe, a line for each change', false)
  .addOption(json())
  .hook('preSubcommand', (command) => {
    const given = Object.keys(command.opts()).find((name) => command.getOptionValueSource(name) === 'cli');
    if (given !== undefined) command.error(`error: --${given} must follow the name of the command`);
  })
  .action(async (options) => (await import('./targets.ts')).targets(options));

for (const [change, description] of [
  ['isolate', 'hold the circuit of a target open: no call goes to it until it is restored'],
  ['restore', 'close the circuit of a target and of its account, whatever opened it'],
] as const) {
  targets
    .command(change)
    .description(description)
    .configureHelp({ showGlobalOptions: false })
    .argument('<target>', 'as provider/model')
    .option('--reason <text>', 'kept with the change, for the record')
    .addOption(json())
    .action(async (target, options) => (await import('./targets.ts')).steerTarget(change, target, options));
}

program
  .command('config')
  .description('work with the configuration file')
  .command('check')
  .description('check the configuration and print every problem')
  .argument('[file]', 'the file; HOLDFAST_CONFIG or ./holdfast.yaml when left out')
  .addOption(json())
  .action(async (file, options) => (await import('./config-check.ts')).configCheck(file, options));

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  // Only a configuration has several problems at once, and lists them all, a line each.
  const lists = error instanceof Error && error.name === 'ConfigError';
  process.stderr.write(`error: ${lists ? message : oneLine(message)}\n`);
  // Not just the exit code: what a failed start has left open, Temporal's native runtime say, would keep the process.
  process.exit(error instanceof CommandError ? error.exitCode : 1);
}

function positiveInteger(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('It must be a positive whole number.');
  return number;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function positiveNumber(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0) throw new InvalidArgumentError('It must be a positive number.');
  return number;
}

function collectPair(text: string, pairs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('It must look like key=value.');
  return { ...pairs, [text.slice(0, equals)]: text.slice(equals + 1) };
}
