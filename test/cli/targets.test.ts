import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TargetView } from '../../src/cli/api-client.ts';
import { createTargetsView, targetSentence, targetsTable } from '../../src/cli/target-lines.ts';
import { errorLine, startCli } from './run-cli.ts';
import type { RunningCli } from './run-cli.ts';
import { startService, TestInferences } from './service.ts';
import type { TestService } from './service.ts';

/** Processes start slowly on a busy machine. */
const PATIENCE = { timeout: 20_000 };
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ /;

const NOW = Date.parse('2026-01-01T00:00:00Z');
const inMs = (ms: number) => new Date(NOW + ms).toISOString();
const closed = { state: 'closed', since: null, until: null, cause: null } as const;
const open = (cause: string, leftMs: number) =>
  ({ state: 'open', since: inMs(-1), until: inMs(leftMs), cause }) as const;

describe('of a running service', () => {
  let service: TestService;

  beforeEach(async () => {
    service = await startService(new TestInferences());
  });

  afterEach(() => service.close());

  const start = (...args: readonly string[]) => startCli(['targets', ...args], { env: { HOLDFAST_URL: service.url } });
  const run = (...args: readonly string[]) => start(...args).finished;
  const shows = (cli: RunningCli, text: string) =>
    vi.waitFor(() => expect(cli.stdout + cli.stderr).toContain(text), PATIENCE);

  describe('targets', () => {
    it('prints a table', async () => {
      const { code, stdout, stderr } = await run();
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout.trimEnd().split('\n')).toEqual([
        'TARGET         HEALTH   BREAKER  SUCCESS  QUALITY  FIRST TOKEN p50/p95  ANSWER p50/p95  QUEUE',
        'openai/gpt-4o  healthy  closed   –        –        –                    –               –',
      ]);
    });

    it('prints no colours into a pipe', async () => {
      const env = { HOLDFAST_URL: service.url, FORCE_COLOR: '1' };
      expect((await startCli(['targets'], { env }).finished).stdout).not.toContain('\u001B');
    });

    it('prints the list as JSON', async () => {
      const { code, stdout, stderr } = await run('--json');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({ object: 'list', data: [{ id: 'openai/gpt-4o', health: 'healthy' }] });
    });

    it('fails with one line when nobody listens', async () => {
      await service.close();
      for (const args of [[], ['--watch'], ['isolate', 'openai/gpt-4o'], ['restore', 'openai/gpt-4o']]) {
        const finished = await run(...args);
        expect(finished).toMatchObject({ code: 1, stdout: '' });
        expect(errorLine(finished)).toContain(`could not be reached at ${service.url} (ECONNREFUSED)`);
      }
    });

    it('refuses what would otherwise be ignored', async () => {
      expect(errorLine(await run('openai/gpt-4o'))).toContain('too many arguments');
      const misplaced = await run('--json', 'isolate', 'openai/gpt-4o');
      expect(errorLine(misplaced)).toBe('error: --json must follow the name of the command');
      expect((await run()).stdout).toContain('healthy');
    });
  });

  describe('isolate and restore', () => {
    it('say in one line what the target is now', async () => {
      expect(await run('isolate', 'openai/gpt-4o', '--reason', 'wrong answers')).toEqual({
        code: 0,
        stdout: 'openai/gpt-4o is out; circuit: isolated.\n',
        stderr: '',
      });
      expect((await run()).stdout).toMatch(/^openai\/gpt-4o +out +isolated /m);
      expect(await run('restore', 'openai/gpt-4o')).toEqual({
        code: 0,
        stdout: 'openai/gpt-4o is healthy; circuit: closed.\n',
        stderr: '',
      });
    });

    it('print the target as JSON', async () => {
      const { code, stdout, stderr } = await run('isolate', 'openai/gpt-4o', '--json');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({ object: 'target', health: 'out', breaker: { state: 'isolated' } });
    });

    it.each(['openai/meta/llama 3%2F?#', 'openai/../gpt-4o'])('send the model %s as it is', async (name) => {
      const { stdout } = await run('isolate', name);
      expect(stdout).toBe(`${name} is out; circuit: isolated.\n`);
    });

    it.each([
      'openai',
      '/gpt-4o',
      'openai/',
      '../gpt-4o',
      'openai/..',
      '',
    ])('refuse %j before they ask', async (name) => {
      const finished = await run('isolate', name);
      expect(finished).toMatchObject({ code: 1, stdout: '' });
      expect(errorLine(finished)).toBe(
        `error: ${JSON.stringify(name)} is not a target: it must look like provider/model.`,
      );
    });

    it('name a target whose provider is not configured', async () => {
      const finished = await run('restore', 'acme/gpt');
      expect(finished).toMatchObject({ code: 1, stdout: '' });
      expect(errorLine(finished)).toBe('error: The provider of target "acme/gpt" is not configured.');
    });

    it("need an operator's key", async () => {
      const sha256 = createHash('sha256').update('key-a').digest('hex');
      const guarded = await startService(new TestInferences(), {
        apiKeys: [{ name: 'team-a', sha256, operator: false }],
      });
      const env = { HOLDFAST_URL: guarded.url, HOLDFAST_API_KEY: 'key-a' };
      const finished = await startCli(['targets', 'isolate', 'openai/gpt-4o'], { env }).finished;
      expect(finished).toMatchObject({ code: 1, stdout: '' });
      expect(errorLine(finished)).toBe("error: To isolate a target needs an operator's API key.");
      await guarded.close();
    });
  });

  describe('--watch', () => {
    it('prints into a pipe what each target is and then each change, until Ctrl-C', async () => {
      const cli = start('--watch');
      await shows(cli, 'healthy: closed');
      await run('isolate', 'openai/gpt-4o');
      await shows(cli, 'out: isolated');
      await run('restore', 'openai/gpt-4o');
      await vi.waitFor(() => expect(cli.stdout.split('\n')).toHaveLength(4), PATIENCE);
      cli.interrupt();
      const { code, stdout, stderr } = await cli.finished;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const lines = stdout.trimEnd().split('\n');
      for (const line of lines) expect(line).toMatch(TIME);
      expect(lines.map((line) => line.replace(TIME, ''))).toEqual([
        'openai/gpt-4o healthy: closed',
        'openai/gpt-4o out: isolated',
        'openai/gpt-4o healthy: closed',
      ]);
    });

    it('prints a JSON object per line with --json', async () => {
      const cli = start('--watch', '--json');
      await shows(cli, 'healthy');
      await run('isolate', 'openai/gpt-4o');
      await shows(cli, 'isolated');
      cli.interrupt();
      const { code, stdout } = await cli.finished;
      expect(code).toBe(0);
      const objects = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as TargetView & { at: string });
      expect(objects).toMatchObject([
        { object: 'target', id: 'openai/gpt-4o', health: 'healthy' },
        { id: 'openai/gpt-4o', health: 'out', breaker: { state: 'isolated' } },
      ]);
      for (const { at } of objects) expect(Math.abs(Date.now() - Date.parse(at))).toBeLessThan(60_000);
    });

    it('says once that the service has gone, and goes on', async () => {
      await run('isolate', 'openai/gpt-4o');
      const cli = start('--watch');
      await shows(cli, 'isolated');
      await service.close();
      await shows(cli, 'Trying again.');
      service = await startService(new TestInferences(), { port: Number(new URL(service.url).port) });
      await shows(cli, 'healthy: closed');
      cli.interrupt();
      const { code, stderr } = await cli.finished;
      expect(code).toBe(0);
      expect(stderr).toMatch(/^Holdfast could not be reached at .* Trying again\.\nThe service is back\.\n$/);
    });
  });
});

describe('what a target is', () => {
  const pipe = new PassThrough();
  const cells = (change: Partial<TargetView>) =>
    targetsTable([target(change)], { nowMs: NOW, stream: pipe })[1]?.split(/ {2,}/);

  it('is shown with every number that is known', () => {
    const known = target({
      health: 'degraded',
      score: {
        calls: 50,
        success: 0.98,
        quality: 1,
        first_token_ms: { p50: 118.4, p95: 480 },
        total_ms: { p50: 900, p95: null },
        latency_spike: false,
      },
      queue: { depth: 3, wait_ms: 450, in_flight: 12, allowance: 16 },
    });
    expect(targetsTable([known], { nowMs: NOW, stream: pipe })).toEqual([
      'TARGET         HEALTH    BREAKER  SUCCESS  QUALITY  FIRST TOKEN p50/p95  ANSWER p50/p95  QUEUE',
      'openai/gpt-4o  degraded  closed   98 %     100 %    118/480 ms           900/– ms        3 waiting (450 ms), 12/16 in flight',
    ]);
  });

  it.each([
    [{ breaker: open('server-error', 11_400) }, 'open (server-error), 12 s left'],
    [{ breaker: { ...closed, state: 'half-open', cause: 'pings' } as const }, 'half-open (pings)'],
    [{ breaker: { ...closed, state: 'isolated' } as const }, 'isolated'],
    [{ account: open('auth', 25_000) }, 'account open (auth), 25 s left'],
    [
      { breaker: open('timeout', 1_000), account: open('quota-exhausted', 7_200_001) },
      'open (timeout), 1 s left; account open (quota-exhausted), 3 h left',
    ],
    [{ breaker: open('stalled', -5_000) }, 'open (stalled), 0 s left'],
    [{ breaker: open('stalled', 120_001) }, 'open (stalled), 3 min left'],
  ])('names what is out, why and for how long: %j', (change, text) => {
    expect(cells(change)?.[2]).toBe(text);
    expect(targetSentence(target({ ...change, health: 'out' }), NOW)).toBe(`openai/gpt-4o is out; circuit: ${text}.`);
  });

  it('never rounds a failure away', () => {
    const { score } = target({});
    expect(cells({ score: { ...score, success: 0.9999, quality: 0.29 } })?.slice(3, 5)).toEqual(['99 %', '29 %']);
  });

  it('has no limit of calls where none is known', () => {
    expect(cells({ queue: { depth: 0, wait_ms: 0, in_flight: 2, allowance: null } })?.[7]).toBe(
      '0 waiting, 2 in flight',
    );
  });

  it('keeps terminal sequences of others out of every line', () => {
    const view = createTargetsView(pipe, { json: false });
    view.show([target({ id: 'a/\u001B[2J\nb' })]);
    expect(String(pipe.read())).toMatch(/Z a\/ \[2J b healthy: closed\n$/);
  });
});

describe('a change of a target that is watched through a pipe', () => {
  it('is one of its health or its circuits, not of its numbers', () => {
    const pipe = new PassThrough();
    const view = createTargetsView(pipe, { json: false });
    const steps: readonly Partial<TargetView>[] = [
      {},
      { queue: { depth: 1, wait_ms: 5, in_flight: 1, allowance: 1 } },
      { score: { ...target({}).score, success: 0.5 } },
      { health: 'degraded' },
      { health: 'out', account: open('auth', 1_000) },
      { health: 'out', account: open('auth', 9_000) },
    ];
    for (const step of steps) view.show([target(step)]);
    const lines = String(pipe.read()).trimEnd().split('\n');
    expect(lines.map((line) => /(\w+): (?:account )?(\w+)/.exec(line.replace(TIME, ''))?.slice(1))).toEqual([
      ['healthy', 'closed'],
      ['degraded', 'closed'],
      ['out', 'open'],
      ['out', 'open'],
    ]);
  });
});

describe('on a terminal', () => {
  it('the table is redrawn in its place, with the note of a service that is away below it', () => {
    const { stream, written, screen } = terminal({ columns: 120, rows: 24 });
    const view = createTargetsView(stream, { json: false });
    view.show([target({}), target({ id: 'sim/b', breaker: open('auth', 0), health: 'out' })]);
    view.show([target({ health: 'degraded' })]);
    expect(screen()).toEqual([
      expect.stringMatching(/^TARGET +HEALTH/),
      expect.stringMatching(/^openai\/gpt-4o +degraded/),
      expect.stringMatching(/^As of .*Z\. Ctrl-C ends\.$/),
    ]);
    view.note('The service\nis away.');
    expect(screen().slice(1)).toEqual([expect.stringContaining('openai/gpt-4o'), 'The service is away.']);
    view.show([target({})]);
    expect(screen().at(-1)).toContain('As of');
    expect(written()).not.toContain('\u001B[?');
  });

  it('nothing is wider or taller than the window', () => {
    const { stream, screen } = terminal({ columns: 30, rows: 5 });
    const view = createTargetsView(stream, { json: false });
    for (let time = 0; time < 2; time++) {
      view.show(['a', 'b', 'c', 'd'].map((model) => target({ id: `sim/${model}`, breaker: open('server-error', 0) })));
    }
    expect(screen()).toEqual([
      'TARGET  HEALTH   BREAKER    …',
      'sim/a   healthy  open (serve…',
      'sim/b   healthy  open (serve…',
      '2 more need a taller window.…',
    ]);
  });

  it('without a width lines are printed, as into a pipe', () => {
    const { stream, written } = terminal({ columns: 0, rows: 0 });
    createTargetsView(stream, { json: false }).show([target({})]);
    expect(written()).toMatch(/^\S+ \S+Z openai\/gpt-4o healthy: closed\n$/);
  });

  it('JSON is printed as into a pipe', () => {
    const { stream, written } = terminal({ columns: 80, rows: 24 });
    createTargetsView(stream, { json: true }).show([target({})]);
    expect(JSON.parse(written())).toMatchObject({ id: 'openai/gpt-4o' });
  });
});

/** A stream that says it is a terminal, and what one would show of what was written. */
function terminal(size: { readonly columns: number; readonly rows: number }) {
  const stream = Object.assign(new PassThrough(), { isTTY: true as const, ...size });
  let written = '';
  stream.on('data', (chunk: Buffer) => (written += chunk.toString('utf8')));
  const screen = () => {
    const lines: string[] = [];
    let at = 0;
    for (const part of written.replaceAll('\u001B', '␛').split(/(\n|␛\[\d+A|␛\[J)/)) {
      const up = /^␛\[(\d+)A$/.exec(part)?.[1];
      if (part === '\n') at += 1;
      else if (up !== undefined) at -= Number(up);
      else if (part === '␛[J') lines.splice(at);
      else if (part !== '') lines[at] = part.replaceAll(/\r|␛\[\d*[a-zA-Z]/g, '');
    }
    return lines;
  };
  return { stream, written: () => written, screen };
}

function target(change: Partial<TargetView>): TargetView {
  const untimed = { p50: null, p95: null };
  return {
    object: 'target',
    id: 'openai/gpt-4o',
    provider: 'openai',
    region: null,
    model: 'gpt-4o',
    price: null,
    context_window: null,
    models: [],
    health: 'healthy',
    breaker: closed,
    account: closed,
    score: { calls: 0, success: null, quality: null, first_token_ms: untimed, total_ms: untimed, latency_spike: false },
    queue: null,
    ...change,
  };
}
