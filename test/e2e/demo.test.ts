// The demo as a person starts it: the built program, in a process of its own.

import { beforeAll, expect, test } from 'vitest';
import type { InferenceView } from '../../src/cli/api-client.ts';
import { tallyOf } from '../../src/cli/demo/tally.ts';
import { emptyDirectory, errorLine, runCli, startCli } from '../cli/run-cli.ts';
import { eventually } from '../support/polling.ts';
import { processesWith } from '../support/processes.ts';
import { FETCH_LIMIT_MS, temporalExecutable } from '../support/temporal-executable.ts';

let executable: string;

beforeAll(async () => {
  executable = await temporalExecutable();
}, FETCH_LIMIT_MS);

/** Beside whatever else runs on this machine. */
function settings(dataDir: string): Readonly<Record<string, string>> {
  return {
    HOLDFAST_DATA_DIR: dataDir,
    HOLDFAST_TEMPORAL_BIN: executable,
    HOLDFAST_PORT: '0',
    HOLDFAST_TEMPORAL_PORT: '0',
    HOLDFAST_TEMPORAL_UI_PORT: '0',
  };
}

test('the demo answers every document in under two minutes, though a provider, a worker and a key fail', async () => {
  const dataDir = emptyDirectory();

  const { code, stdout, stderr } = await runCli(['demo', '--json'], { env: settings(dataDir) });

  expect(stderr).toBe('');
  expect(code).toBe(0);
  const numbers = JSON.parse(stdout);
  expect(numbers).toMatchObject({ asked: 8, answered: 8, lost: 0, replayed: 1 });
  expect(numbers.possibly_billed).toBeGreaterThanOrEqual(1);
  // Once its circuit is open it is asked no more, though four documents follow.
  const primary = outcomesOf(numbers, 'openai-sim/gpt-4o');
  expect(primary).toMatchObject({ succeeded: 3 });
  expect(primary?.['server-error']).toBeGreaterThanOrEqual(2);
  expect(primary?.['server-error']).toBeLessThanOrEqual(4);
  expect(outcomesOf(numbers, 'anthropic-sim/claude-sonnet-4-5')).toMatchObject({ succeeded: 4, 'worker-lost': 1 });
  expect(outcomesOf(numbers, 'google-sim/gemini-2.5-flash')).toEqual({ auth: 1, succeeded: 1 });
  expect(numbers.duration_ms).toBeLessThan(120_000);
  expect(numbers.outage.ways.synchronous).toMatchObject({ wrong: 0, lost: 0 });
  expect(numbers.outage.ways.durable).toMatchObject({ wrong: 0, lost: 0 });
  expect(numbers.sample.lines).toHaveLength(2);
  expect(numbers.start_command).toContain(`HOLDFAST_DATA_DIR=${dataDir}/demo`);
  expect(processesWith(dataDir)).toEqual([]);
}, 240_000);

test('Ctrl-C in the middle of the demo leaves no process behind', async () => {
  const dataDir = emptyDirectory();
  const demo = startCli(['demo'], { env: settings(dataDir) });
  await eventually(() => demo.stdout.includes('answered by'), 60_000);
  expect(processesWith(dataDir).length).toBeGreaterThanOrEqual(3);

  demo.interrupt();
  const finished = await demo.finished;

  expect(finished.code).toBe(130);
  expect(errorLine(finished)).toBe('error: The demo was interrupted.');
  expect(processesWith(dataDir)).toEqual([]);
}, 120_000);

test('an inference that was accepted and has no answer counts as lost, also when the API does not know it', () => {
  const failed = { id: 'failed', status: 'failed', output: null, calls: [] as InferenceView['calls'] } as InferenceView;

  const { asked, answered, lost } = tallyOf(['failed', 'unheard-of'], [failed]);

  expect({ asked, answered, lost }).toEqual({ asked: 2, answered: 0, lost: ['failed', 'unheard-of'] });
});

function outcomesOf(
  numbers: { targets: { target: string; outcomes: Record<string, number> }[] },
  target: string,
): Record<string, number> | undefined {
  return numbers.targets.find((one) => one.target === target)?.outcomes;
}
