import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { errorLine, runCli, startCli } from './run-cli.ts';
import { call, startService, TestInferences } from './service.ts';
import type { TestService } from './service.ts';

const ID = `inf-${'0'.repeat(26)}`;
const OTHER = `inf-${'1'.repeat(26)}`;

/** Processes start slowly on a busy machine. */
const PATIENCE = { timeout: 20_000 };

let inferences: TestInferences;
let service: TestService;

beforeEach(async () => {
  inferences = new TestInferences();
  inferences.add({ id: ID });
  service = await startService(inferences);
});

afterEach(() => service.close());

const start = (...args: readonly string[]) => startCli(args, { env: { HOLDFAST_URL: service.url } });
const run = (...args: readonly string[]) => start(...args).finished;

describe('an id that is not there', () => {
  it.each(['get', 'cancel', 'replay'])('fails %s with one line', async (command) => {
    const finished = await run(command, OTHER);
    expect(finished).toMatchObject({ code: 1, stdout: '' });
    expect(errorLine(finished)).toBe(`error: There is no inference ${OTHER}.`);
  });

  it('cannot lead to another path of the API', async () => {
    const finished = await run('get', '../models');
    expect(finished.code).toBe(1);
    expect(errorLine(finished)).toContain('There is no inference');
  });

  it.each(['get', 'cancel', 'replay'])('is asked for when %s gets none', async (command) => {
    expect(errorLine(await run(command))).toContain("missing required argument 'id'");
  });
});

describe('get', () => {
  it('prints the answer', async () => {
    inferences.succeed(ID, 'Line one.\nLine two.');
    expect(await run('get', ID)).toMatchObject({ code: 0, stdout: 'Line one.\nLine two.\n' });
  });

  it('says how far a running inference is', async () => {
    inferences.change(ID, { calls: [call({ outcome: 'failed', kind: 'rate-limited', durationMs: 5 })] });
    const { code, stdout, stderr } = await run('get', ID);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toBe(
      `✗ openai/gpt-4o: rate-limited after 5 ms\nInference ${ID} is running. To wait for it: npx holdfast get ${ID} --wait\n`,
    );
  });

  it('waits with --wait', async () => {
    const cli = start('get', ID, '--wait');
    await vi.waitFor(() => expect(inferences.waits).toBeGreaterThan(0), PATIENCE);
    inferences.succeed(ID, 'Now.');
    expect(await cli.finished).toMatchObject({ code: 0, stdout: 'Now.\n' });
  });

  it('fails for a cancelled inference', async () => {
    await inferences.cancel(ID);
    expect(errorLine(await run('get', ID))).toContain(`Inference ${ID} was cancelled`);
  });
});

describe('list', () => {
  it('prints a table, newest first', async () => {
    inferences.succeed(ID, 'Yes.');
    const memo = { owner: null, model: 'a-longer-name', deadlineMs: 1, metadata: { team: 'a' }, fingerprint: 'f' };
    inferences.add({ id: OTHER, memo });
    const { code, stdout } = await run('list');
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toEqual([
      `ID${' '.repeat(30)}STATUS     MODEL          CREATED               TOOK   METADATA`,
      `${OTHER}  running    a-longer-name  2026-01-01 00:00:00Z  -      team=a`,
      `${ID}  succeeded  default        2026-01-01 00:00:00Z  2.0 s`,
    ]);
  });

  it('sends every filter', async () => {
    await run(
      'list',
      '--status',
      'failed',
      '--model',
      'm',
      '--since',
      '6h',
      '--metadata',
      'a=1',
      '--limit',
      '7',
      '--after',
      'c',
    );
    expect(inferences.lists[0]).toMatchObject({
      status: 'failed',
      model: 'm',
      metadata: { a: '1' },
      limit: 7,
      after: 'c',
    });
    expect(Date.now() - (inferences.lists[0]?.sinceMs ?? 0) - 6 * 3_600_000).toBeLessThan(60_000);
  });

  it('finds those that are held for a person, and shows that they are', async () => {
    inferences.change(ID, { status: 'waiting', waitingFor: 'resolution' });
    inferences.add({ id: OTHER, status: 'waiting', waitingFor: 'target' });
    const { stdout } = await run('list', '--waiting-for', 'resolution');
    expect(inferences.lists).toMatchObject([{ waitingFor: 'resolution' }]);
    const statuses = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ +/)[1]);
    expect(statuses).toEqual(['STATUS', 'waiting', 'held']);
  });

  it('refuses to look for what nobody waits for before it asks', async () => {
    expect(errorLine(await run('list', '--waiting-for', 'godot'))).toContain('Allowed choices are target, resolution');
    expect(inferences.lists).toEqual([]);
  });

  it('names the next page', async () => {
    inferences.add({ id: OTHER });
    const { stdout, stderr } = await run('list', '--limit', '1');
    expect(stdout).toContain(OTHER);
    expect(stderr).toBe('There are more: add --after cursor-2\n');
  });

  it('prints the page as JSON', async () => {
    const { stdout, stderr } = await run('list', '--json');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ object: 'list', has_more: false, data: [{ id: ID }] });
  });

  it('refuses an unknown status before it asks', async () => {
    expect(errorLine(await run('list', '--status', 'done'))).toContain('Allowed choices are running');
    expect(inferences.lists).toEqual([]);
  });

  it('keeps terminal sequences of others out of the table', async () => {
    inferences.change(ID, {
      memo: { owner: null, model: 'm\u001B[2J\nx', deadlineMs: 1, metadata: {}, fingerprint: 'f' },
    });
    const { stdout } = await run('list');
    expect(stdout).not.toContain('\u001B');
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  });
});

describe('cancel', () => {
  it('cancels a running inference', async () => {
    expect(await run('cancel', ID)).toEqual({ code: 0, stdout: `${ID} is cancelled.\n`, stderr: '' });
    expect(inferences.cancelled).toEqual([ID]);
  });

  it('leaves a finished one as it is, and says so', async () => {
    inferences.succeed(ID, 'Yes.');
    expect(await run('cancel', ID)).toMatchObject({ code: 0, stdout: `${ID} had already succeeded.\n` });
  });
});

describe('replay', () => {
  it('refuses a running inference', async () => {
    const finished = await run('replay', ID);
    expect(finished.code).toBe(1);
    expect(errorLine(finished)).toContain('only a failed or cancelled one can be replayed');
  });

  it('starts a failed one again and returns', async () => {
    inferences.fail(ID, {});
    expect(await run('replay', ID)).toMatchObject({ code: 0, stdout: expect.stringContaining(`${ID} runs again.`) });
  });

  it('waits for the new answer with --wait', async () => {
    inferences.fail(ID, {});
    const cli = start('replay', ID, '--wait');
    await vi.waitFor(() => expect(inferences.waits).toBeGreaterThan(0), PATIENCE);
    inferences.succeed(ID, 'At last.');
    expect(await cli.finished).toMatchObject({ code: 0, stdout: 'At last.\n' });
  });

  it('takes one id only', async () => {
    inferences.fail(ID, {});
    expect(errorLine(await run('replay', '--status', 'failed'))).toContain("unknown option '--status'");
    expect(errorLine(await run('replay', ID, OTHER))).toContain('too many arguments');
  });
});

it('says what is wrong with the settings in the environment', async () => {
  const finished = await runCli(['list'], { env: { HOLDFAST_URL: 'nowhere' } });
  expect(finished.code).toBe(1);
  expect(finished.stderr).toContain('HOLDFAST_URL');
});
