// The short outage day as a person plays it: the built program, with a service and a Temporal server of its own.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { emptyDirectory, errorLine, runCli, startCli } from '../cli/run-cli.ts';
import { eventually } from '../support/polling.ts';
import { processesWith } from '../support/processes.ts';
import { FETCH_LIMIT_MS, temporalExecutable } from '../support/temporal-executable.ts';

let executable: string;

beforeAll(async () => {
  executable = await temporalExecutable();
}, FETCH_LIMIT_MS);

/** Its data directory is a temporary one: in a place of this test's own. */
function settings(temporary: string): Readonly<Record<string, string>> {
  return { HOLDFAST_TEMPORAL_BIN: executable, TMPDIR: temporary };
}

test('loses nothing, passes nothing wrong as right, and leaves its numbers and a picture', async () => {
  const [out, temporary] = [join(emptyDirectory(), 'deep', 'out'), emptyDirectory()];

  const { code, stdout, stderr } = await runCli(['outage', '--short', '--json', '--out', out], {
    env: settings(temporary),
  });

  expect(stderr).toBe('');
  expect(code).toBe(0);
  const report = JSON.parse(stdout);
  const { single, 'try-catch': tryCatch, synchronous, durable } = report.ways;
  expect(single.wrong).toBeGreaterThan(0);
  expect(tryCatch.wrong).toBeGreaterThan(0);
  for (const way of [synchronous, durable]) expect(way).toMatchObject({ asked: single.asked, wrong: 0, lost: 0 });
  expect(synchronous.downtime.share).toBeLessThan(single.downtime.share);
  expect(synchronous.calls_to_dead_provider.pings).toBeGreaterThan(0);
  expect(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))).toEqual(report);
  expect(readFileSync(join(out, 'report.svg'), 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  expect(readdirSync(temporary)).toEqual([]);
}, 180_000);

test('Ctrl-C in the middle of the day leaves no process and no data behind', async () => {
  const [out, temporary] = [emptyDirectory(), emptyDirectory()];
  const day = startCli(['outage', '--short', '--out', join(out, 'report')], { env: settings(temporary) });
  await eventually(() => day.stdout.includes('one region fails'), 60_000);
  expect(processesWith(temporary).length).toBeGreaterThanOrEqual(2);

  day.interrupt();
  const finished = await day.finished;

  expect(finished.code).toBe(130);
  expect(errorLine(finished)).toBe('error: The outage day was interrupted.');
  expect(processesWith(temporary)).toEqual([]);
  expect(readdirSync(temporary)).toEqual([]);
  expect(existsSync(join(out, 'report'))).toBe(false);
}, 120_000);

test('a speed at which 60 s would be shorter than any deadline is refused', async () => {
  const finished = await runCli(['outage', '--speed', '61']);

  expect(finished.code).toBe(1);
  expect(errorLine(finished)).toContain('The speed must be from 1 to 60');
});
