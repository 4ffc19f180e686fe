// Analyses of documents end to end: the program `holdfast batch`, the service, and simulated providers.

import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startCli } from '../cli/run-cli.ts';
import { eventually } from '../support/polling.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';

let service: TestService;
let root: string;

const PRICE = { input: 1, output: 2 };

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-documents-'));
  service = await startTestService({
    config: (simulator) => ({
      providers: {
        one: { type: 'openai', apiKey: 'k', baseUrl: simulator.baseUrl('one', 'openai') },
        two: { type: 'anthropic', apiKey: 'k', baseUrl: simulator.baseUrl('two', 'anthropic') },
      },
      targets: {
        'one/gpt-4o': { price: PRICE },
        'two/claude-haiku-4-5': { price: PRICE },
        'one/small': { price: PRICE, contextWindow: 1_500 },
        'one/tiny': { price: PRICE, contextWindow: 60 },
      },
      models: {
        default: { targets: ['one/gpt-4o', 'two/claude-haiku-4-5'] },
        small: { targets: ['one/small'] },
        tiny: { targets: ['one/tiny'] },
      },
      batch: { pollInterval: '100ms', stuckAfter: '3s' },
      documents: { folders: [root] },
    }),
  });
  await writeFile(join(root, 'prompt.txt'), 'What is the document about?\n');
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());
afterEach(() => service.clear());

async function folderWith(documents: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(root, 'night-'));
  await mkdir(join(folder, 'deeper'));
  for (const [name, content] of Object.entries(documents)) await writeFile(join(folder, name), content);
  return folder;
}

const run = (...args: readonly string[]) =>
  startCli(['batch', ...args], { env: { HOLDFAST_URL: service.url }, cwd: root }).finished;
const prompt = () => ['--prompt', join(root, 'prompt.txt')];

interface Row {
  readonly document: string;
  readonly status: string;
  readonly answer: unknown;
  readonly parts: number;
  readonly error: { readonly code: string; readonly message: string; readonly attempts?: readonly object[] } | null;
}

async function rowsOf(path: string): Promise<readonly Row[]> {
  const text = await readFile(path, 'utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Row);
}

const paragraphs = (count: number) =>
  Array.from(
    { length: count },
    (_, n) => `Paragraph ${n} tells of the fox. ${'It jumps over the dog. '.repeat(20)}`,
  ).join('\n\n');

describe('batch run', () => {
  test('ends with one line a document, and with a report', async () => {
    const folder = await folderWith({
      'a.txt': 'The rent is 100 EUR.',
      'b.md': '# Report\n\nRevenue grew.',
      'deeper/c.html': '<p>Hello</p><script>alert(1)</script>',
      'broken.pdf': 'This is no PDF.',
    });
    const out = join(folder, 'results.jsonl');
    const { code, stdout } = await run('run', folder, ...prompt(), '--out', out, '--csv');
    expect(code).toBe(0);
    const rows = await rowsOf(out);
    expect(rows.map(({ document, status }) => [document, status])).toEqual([
      ['a.txt', 'answered'],
      ['b.md', 'answered'],
      ['broken.pdf', 'failed'],
      ['deeper/c.html', 'answered'],
    ]);
    expect(rows[2]).toMatchObject({ answer: null, error: { code: 'unreadable_document' } });
    expect(rows[3]?.answer).not.toContain('alert');
    expect(stdout).toMatch(/^4 documents in .*: 3 answered, 1 failed\nFailed: +1 unreadable_document\n/);
    expect(stdout).toMatch(/Lanes: +one\/gpt-4o: 3 of 3 lines\nCost: .* USD; one by one .* USD: .* saved \(50 %\)\n/);
    const table = await readFile(join(folder, 'results.csv'), 'utf8');
    expect(table.split('\r\n')).toHaveLength(6);
    expect(table).toMatch(/^document,status,answer,error\r\na\.txt,answered,/);
  });

  test('answers by a schema are values, and columns', async () => {
    const folder = await folderWith({ 'a.txt': 'The rent is 100 EUR.', 'b.txt': 'Nothing.' });
    const schema = {
      type: 'object',
      properties: { rent: { type: 'number' }, city: { type: 'string' } },
      required: ['rent', 'city'],
      additionalProperties: false,
    };
    await writeFile(join(root, 'schema.json'), JSON.stringify(schema));
    const out = join(folder, 'out.jsonl');
    const { code } = await run(
      'run',
      folder,
      ...prompt(),
      '--schema',
      join(root, 'schema.json'),
      '--out',
      out,
      '--csv',
    );
    expect(code).toBe(0);
    for (const { answer } of await rowsOf(out)) {
      expect(answer).toEqual({ rent: expect.any(Number), city: expect.any(String) });
    }
    expect(await readFile(join(folder, 'out.csv'), 'utf8')).toMatch(/^document,status,rent,city,error\r\n/);
  });

  test('a document that is too long is read in parts, and its answers are merged, in as many rounds as it needs', async () => {
    const folder = await folderWith({ 'long.txt': paragraphs(40), 'short.txt': 'Short.' });
    const out = join(folder, 'out.jsonl');
    const { code, stdout } = await run(
      'run',
      folder,
      ...prompt(),
      '--model',
      'small',
      '--out',
      out,
      '--max-tokens',
      '50',
    );
    expect(code).toBe(0);
    const [long, short] = await rowsOf(out);
    expect(long).toMatchObject({ document: 'long.txt', status: 'answered', error: null });
    expect(long?.parts).toBeGreaterThan(3);
    expect(short).toMatchObject({ document: 'short.txt', parts: 1, status: 'answered' });
    expect(stdout).toMatch(/In parts: +1, too long for one request\n/);
    const asked = service.simulator.batches.flatMap(({ lines }) => lines);
    // The parts and the short one; then all of the answers.
    expect(asked[0]).toBe((long?.parts ?? 0) + 1);
    expect(asked.at(-1)).toBe(1);
  });

  test('when a part is not answered, its document has failed, with the part and all reasons', async () => {
    const folder = await folderWith({ 'long.txt': paragraphs(40), 'short.txt': 'Short.' });
    service.simulator.injectBatch({
      fault: { type: 'line-error', share: { of: 1 }, status: 400, body: { error: { message: 'No.' } } },
    });
    const out = join(folder, 'out.jsonl');
    const { code } = await run('run', folder, ...prompt(), '--model', 'small', '--out', out, '--no-rescue');
    expect(code).toBe(0);
    const [long, short] = await rowsOf(out);
    expect(long).toMatchObject({ status: 'failed', error: { message: expect.stringMatching(/^Part 1 of \d+: /) } });
    expect(long?.error?.attempts).toHaveLength(1);
    expect(short).toMatchObject({ status: 'failed', answer: null });
    expect(short?.error?.message).not.toContain('Part');
  });

  test('what no lane has answered is driven again, and counted', async () => {
    const folder = await folderWith({ 'a.txt': 'One.', 'b.txt': 'Two.' });
    service.simulator.injectBatch({ account: 'one', fault: { type: 'failed', code: 'invalid_model' } });
    const { code, stdout } = await run('run', folder, ...prompt(), '--out', join(folder, 'out.jsonl'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/: 2 answered, 0 failed\nRe-driven: +2 lines\n/);
    expect(stdout).toMatch(/one\/gpt-4o: 0 of 2 lines\n +two\/claude-haiku-4-5: 2 of 2 lines\n/);
  });

  test('can be left, and joined again', async () => {
    const folder = await folderWith({ 'a.txt': 'One.' });
    service.simulator.injectBatch({ fault: { type: 'slow', ms: 4_000 } });
    const cli = startCli(['batch', 'run', folder, ...prompt()], { env: { HOLDFAST_URL: service.url }, cwd: root });
    const shown = await eventually(() => /(analysis_\S+) in_progress .*1 documents/.exec(cli.stderr), 15_000);
    cli.interrupt();
    const left = await cli.finished;
    expect(left.code).toBe(130);
    expect(left.stderr).toContain(`npx holdfast batch watch ${shown[1]} --out results.jsonl`);
    const out = join(folder, 'joined.jsonl');
    const watched = await run('watch', shown[1] ?? '', '--out', out);
    expect(watched.code).toBe(0);
    expect(await rowsOf(out)).toMatchObject([{ document: 'a.txt', status: 'answered' }]);
  });

  test('can be stopped; what is not done says so', async () => {
    const folder = await folderWith({ 'a.txt': 'One.', 'b.pdf': 'broken' });
    service.simulator.injectBatch({ fault: { type: 'stuck' } });
    const { stdout: started } = await run('run', folder, ...prompt(), '--detach');
    const id = started.trim();
    await eventually(() => service.simulator.batches.length > 0, 15_000);
    expect(await run('cancel', id)).toMatchObject({ code: 0 });
    const out = join(folder, 'out.jsonl');
    const { code, stderr } = await run('watch', id, '--out', out);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`Analysis ${id} was stopped (cancelled).`)]);
    expect(await rowsOf(out)).toMatchObject([
      { document: 'a.txt', error: { code: 'batch_cancelled' } },
      { document: 'b.pdf', error: { code: 'unreadable_document' } },
    ]);
  });

  test('a cap on the cost stops it', async () => {
    const folder = await folderWith({ 'a.txt': paragraphs(5) });
    const { code, stderr } = await run(
      'run',
      folder,
      ...prompt(),
      '--model',
      'small',
      '--max-cost',
      '0.0000001',
      '--out',
      join(folder, 'out.jsonl'),
    );
    expect(code).toBe(1);
    expect(stderr).toContain('was stopped (cost)');
    expect(await rowsOf(join(folder, 'out.jsonl'))).toMatchObject([{ error: { code: 'cost_limit_reached' } }]);
  });

  test('begins at a time of day, and can be stopped before', async () => {
    const folder = await folderWith({ 'a.txt': 'One.' });
    const hour = String((new Date().getUTCHours() + 12) % 24).padStart(2, '0');
    const { stdout } = await run('run', folder, ...prompt(), '--at', `${hour}:00`, '--timezone', 'UTC', '--detach');
    const id = stdout.trim();
    const { body } = await service.request(`/v1/analyses/${id}`);
    expect(body).toMatchObject({ status: 'scheduled', document_counts: { total: null } });
    expect(new Date(body.starts_at).getUTCHours()).toBe(Number(hour));
    expect(await run('cancel', id)).toMatchObject({ code: 0 });
    await eventually(async () => (await service.request(`/v1/analyses/${id}`)).body.status === 'cancelled', 10_000);
  });

  test.each<[what: string, args: readonly string[], says: string]>([
    ['a folder that is not there', ['absent'], 'Cannot read absent (ENOENT).'],
    ['a pattern without documents', ['nothing/*.txt'], 'There are no documents there.'],
    ['a model that is not there', ['prompt.txt', '--model', 'gone'], 'There is no model "gone".'],
    ['a time that is none', ['prompt.txt', '--at', '25:00'], 'at must be a time of day such as 01:00'],
    ['a time zone that is none', ['prompt.txt', '--timezone', 'Mars/One'], 'must be a time zone'],
    ['instructions that leave no room', ['prompt.txt', '--model', 'tiny'], 'leaves no room for a document'],
  ])('refuses %s', async (_what, args, says) => {
    const { code, stderr } = await run('run', ...args, ...prompt());
    expect(code).toBe(1);
    expect(stderr).toContain(says);
  });
});

describe('batch schedule', () => {
  const trigger = (name: string) => service.temporal.schedule.getHandle(`analysis_${name}`).trigger();

  async function results(folder: string, count: number): Promise<readonly (readonly Row[])[]> {
    const files = await eventually(async () => {
      const found = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'));
      return found.length === count && found.toSorted();
    }, 20_000);
    return Promise.all(files.map((name) => rowsOf(join(folder, name))));
  }

  test('every night analyses what is new or has changed, and puts the results into a folder', async () => {
    const folder = await folderWith({ 'a.txt': 'One.', 'b.pdf': 'broken' });
    const out = join(folder, 'results');
    await mkdir(out);
    const { code, stdout } = await run(
      'schedule',
      folder,
      ...prompt(),
      '--name',
      'contracts',
      '--at',
      '01:00',
      '--timezone',
      'Europe/Berlin',
      '--deadline',
      '07:00',
      '--out',
      out,
    );
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^contracts: every day at 01:00 \(Europe\/Berlin\), next /),
    ]);
    expect((await run('schedules')).stdout).toMatch(/contracts +01:00 Europe\/Berlin/);

    await trigger('contracts');
    const [first] = await results(out, 1);
    expect(first).toMatchObject([
      { document: 'a.txt', status: 'answered' },
      { document: 'b.pdf', status: 'failed' },
    ]);
    // The results are there before its workflow has ended, and while it runs another night is left out.
    await eventually(async () => {
      const [running] = (await service.temporal.schedule.getHandle('analysis_contracts').describe()).info
        .runningActions;
      return !running;
    }, 20_000);
    await writeFile(join(folder, 'a.txt'), 'One, changed.');
    await writeFile(join(folder, 'c.txt'), 'Three.');
    await trigger('contracts');
    const [, second] = await results(out, 2);
    expect(second?.map(({ document }) => document)).toEqual(['a.txt', 'c.txt']);

    const { body } = await service.request('/v1/analysis_schedules/contracts');
    expect(body.recent_analysis_ids).toHaveLength(2);
    const analysis = await eventually(async () => {
      const answer = await service.request(`/v1/analyses/${encodeURIComponent(body.recent_analysis_ids[1])}`);
      return answer.body.ended_at !== null && answer.body;
    }, 20_000);
    expect(analysis).toMatchObject({ status: 'completed', document_counts: { total: 2, answered: 2 } });
    expect((await run('unschedule', 'contracts')).code).toBe(0);
    expect((await service.request('/v1/analysis_schedules/contracts')).status).toBe(404);
  });

  test('a folder that the configuration does not name is not read', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'holdfast-outside-'));
    await writeFile(join(outside, 'a.txt'), 'One.');
    const { body } = await service.request('/v1/analyses', {
      method: 'POST',
      body: { folder: outside, model: 'default', prompt: 'What?' },
    });
    const ended = await eventually(async () => {
      const { body: analysis } = await service.request(`/v1/analyses/${body.id}`);
      return analysis.status === 'failed' && analysis;
    }, 15_000);
    expect(ended.error).toMatchObject({
      code: 'folder_not_allowed',
      message: expect.stringContaining('documents.folders'),
    });
  });
});
