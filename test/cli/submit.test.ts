import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { errorLine, startCli } from './run-cli.ts';
import type { CliOptions } from './run-cli.ts';
import { call, startService, TestInferences } from './service.ts';
import type { TestService } from './service.ts';

/** Processes start slowly on a busy machine. */
const PATIENCE = { timeout: 20_000 };

let inferences: TestInferences;
let service: TestService;

beforeEach(async () => {
  inferences = new TestInferences();
  service = await startService(inferences);
});

afterEach(() => service.close());

const env = () => ({ HOLDFAST_URL: service.url });
const start = (args: readonly string[], options: CliOptions = {}) =>
  startCli(['submit', ...args], { env: env(), ...options });
const refused = async (args: readonly string[], options: CliOptions = {}) => {
  const finished = await start(args, options).finished;
  expect(finished).toMatchObject({ code: 1, stdout: '' });
  expect(inferences.started).toHaveLength(0);
  return errorLine(finished);
};
const started = () => vi.waitFor(() => inferences.started[0] ?? expect.fail('Nothing was started.'), PATIENCE);

describe('submit refuses before anything is started', () => {
  it('when the prompt is empty', async () => {
    expect(await refused([], { input: ' \n' })).toBe('error: The prompt is empty.');
  });

  it('when the file is not there', async () => {
    expect(await refused(['--file', 'absent.txt'])).toContain('Cannot read absent.txt');
  });

  it('when the file is not text', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'holdfast-cli-')), 'image.png');
    writeFileSync(file, Buffer.from([0x89, 0x50, 0xff, 0xfe]));
    expect(await refused(['--file', file])).toContain('is not UTF-8 text');
  });

  it('when the schema is not JSON', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'holdfast-cli-')), 'schema.json');
    writeFileSync(file, '{');
    expect(await refused(['hi', '--schema', file])).toContain('is not valid JSON');
  });

  it('when an option is malformed', async () => {
    expect(await refused(['hi', '--max-tokens', 'many'])).toContain('positive whole number');
    expect(await refused(['hi', '--metadata', 'team'])).toContain('key=value');
    expect(await refused(['hi', '--priority', '9'])).toContain('priority');
    expect(await refused(['hi', '--stream'])).toContain("unknown option '--stream'");
  });

  it("when the service finds a fault, in the service's words", async () => {
    expect(await refused(['hi', '--deadline', 'soon'])).toContain('deadline');
    expect(await refused(['hi', '--model', 'absent'])).toContain('absent');
  });

  it('when nobody listens', async () => {
    const gone = await startService(inferences);
    await gone.close();
    const line = await refused(['hi'], { env: { HOLDFAST_URL: gone.url } });
    expect(line).toContain(`could not be reached at ${gone.url} (ECONNREFUSED)`);
  });

  it('when something else answers', async () => {
    const line = await refused(['hi'], { env: { HOLDFAST_URL: `${service.url}/elsewhere` } });
    expect(line).toMatch(/^error: .*\/elsewhere/);
  });

  it('when the key is wrong, without repeating it', async () => {
    const guarded = await startService(inferences, {
      apiKeys: [{ name: 'me', sha256: '0'.repeat(64), operator: false }],
    });
    const line = await refused(['hi'], { env: { HOLDFAST_URL: guarded.url, HOLDFAST_API_KEY: 'wrong-secret' } });
    expect(line).toContain('HOLDFAST_API_KEY');
    expect(line).not.toContain('wrong-secret');
    await guarded.close();
  });
});

describe('submit', () => {
  it('prints the answer alone on stdout and the calls, without colours, on stderr', async () => {
    const cli = start(['hello']);
    const { id } = await started();
    inferences.succeed(id, 'Good morning.', [
      call({ target: 'sim/a', outcome: 'failed', kind: 'overloaded', durationMs: 31, possiblyBilled: true }),
      call({ target: 'sim/b', attempt: 2, durationMs: 812 }),
    ]);
    const { code, stdout, stderr } = await cli.finished;
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Good morning.\n' });
    expect(stderr.split('\n').slice(0, 2)).toEqual([
      '✗ sim/a: overloaded after 31 ms, possibly billed',
      '✓ sim/b: succeeded after 812 ms, attempt 2',
    ]);
    expect(stderr).toContain(`Answered by sim/b · 2 calls · ${id} · http://ui.test/workflows/${id}`);
    expect(stdout + stderr).not.toContain('\u001B');
  });

  it('sends everything that was asked for', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-cli-'));
    writeFileSync(join(directory, 'report.txt'), 'The report.');
    writeFileSync(join(directory, 'schema.json'), '{"type":"object"}');
    const cli = start(
      'Summarize: --file report.txt --model summarize --system Brief. --max-tokens 50 --schema schema.json --deadline 90s --priority 2 --idempotency-key k-1 --metadata team=a=b --metadata run=7 --detach'.split(
        ' ',
      ),
      { cwd: directory },
    );
    expect(await cli.finished).toMatchObject({ code: 0, stderr: '' });
    expect(await started()).toMatchObject({
      priority: 2,
      identity: { type: 'keyed' },
      memo: { model: 'summarize', deadlineMs: 90_000, metadata: { team: 'a=b', run: '7' } },
      input: {
        prompt: {
          messages: [
            { role: 'system', text: 'Brief.' },
            { role: 'user', parts: [{ type: 'text', text: 'Summarize:\n\nThe report.' }] },
          ],
          params: { maxTokens: 50 },
          responseFormat: { type: 'json-schema', schema: { type: 'object' } },
        },
      },
    });
  });

  it('reads the prompt from stdin', async () => {
    await start(['--detach'], { input: 'from a pipe\n' }).finished;
    const { messages } = (await started()).input.prompt;
    expect(messages).toEqual([{ role: 'user', parts: [{ type: 'text', text: 'from a pipe\n' }] }]);
  });

  it.each(['--detach', '--no-wait'])('prints only the id with %s', async (option) => {
    const finished = await start(['hi', option]).finished;
    expect(finished).toEqual({ code: 0, stdout: `${inferences.lastId}\n`, stderr: '' });
  });

  it('prints the inference as JSON, and nothing else, with --json', async () => {
    const cli = start(['hi', '--json']);
    const { id } = await started();
    inferences.succeed(id, 'Yes.');
    const { code, stdout, stderr } = await cli.finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ id, status: 'succeeded', output: { object: 'chat.completion' } });
  });

  it('fails with one line when the inference fails, and leaves stdout empty', async () => {
    const cli = start(['hi']);
    const { id } = await started();
    inferences.fail(id, { message: 'All targets failed:\nnone is left.' });
    const finished = await cli.finished;
    expect(finished).toMatchObject({ code: 1, stdout: '' });
    expect(errorLine(finished)).toMatch(new RegExp(`^error: Inference ${id} failed: \\S`));
    expect(finished.stderr).toContain('✗ openai/gpt-4o: overloaded after 812 ms');
  });

  it('still prints JSON of an inference that failed', async () => {
    const cli = start(['hi', '--json']);
    inferences.fail((await started()).id, {});
    const finished = await cli.finished;
    expect(finished.code).toBe(1);
    expect(JSON.parse(finished.stdout)).toMatchObject({ status: 'failed', error: { code: 'all_targets_failed' } });
  });

  it.each([
    false,
    true,
  ])('stops waiting at Ctrl-C, says how to get the answer, and cancels nothing (on a terminal: %s)', async (isTerminal) => {
    const cli = start(['hi'], { isTerminal });
    const { id } = await started();
    await vi.waitFor(() => expect(inferences.waits).toBeGreaterThan(0), PATIENCE);
    if (isTerminal) await vi.waitFor(() => expect(cli.stderr).toContain(`${id} running`), PATIENCE);
    cli.interrupt();
    const finished = await cli.finished;
    expect(finished).toMatchObject({ code: 130, stdout: '' });
    expect(finished.stderr).toContain(`the inference goes on. To get it: npx holdfast get ${id} --wait`);
    expect(inferences.cancelled).toEqual([]);
  });

  it('waits through a restart of the service', async () => {
    const cli = start(['hi']);
    const { id } = await started();
    await vi.waitFor(() => expect(inferences.waits).toBeGreaterThan(0), PATIENCE);
    await service.close();
    await vi.waitFor(() => expect(cli.stderr).toContain('The inference is kept; trying again.'), PATIENCE);
    service = await startService(inferences, { port: Number(new URL(service.url).port) });
    inferences.succeed(id, 'Still here.');
    const { code, stdout, stderr } = await cli.finished;
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Still here.\n' });
    expect(stderr).toContain('The service is back.');
  });

  it('finds a service that comes back elsewhere by its data directory', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-cli-'));
    writeFileSync(join(directory, 'address'), `${service.url}\n`);
    const cli = start(['hi'], { env: { HOLDFAST_DATA_DIR: directory } });
    const { id } = await started();
    await service.close();
    service = await startService(inferences);
    writeFileSync(join(directory, 'address'), `${service.url}\n`);
    inferences.succeed(id, 'Moved.');
    expect(await cli.finished).toMatchObject({ code: 0, stdout: 'Moved.\n' });
  });
});
