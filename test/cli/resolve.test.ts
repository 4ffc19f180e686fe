// Votes at the command line: what `get` shows of them, and how `resolve` decides one that is held.

import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Verdict, Vote } from '../../src/domain/verdict.ts';
import { errorLine, runCli } from './run-cli.ts';
import { call, startService, TestInferences } from './service.ts';
import type { TestService } from './service.ts';

const ID = `inf-${'0'.repeat(26)}`;
const OTHER = `inf-${'1'.repeat(26)}`;

const vote = (target: string, text: string, more: Partial<Vote> = {}): Vote => ({
  standing: 'counted',
  target,
  answer: {
    text,
    refusal: null,
    toolCalls: [],
    finishReason: { unified: 'stop', raw: 'stop' },
    usage: null,
    model: 'm',
  },
  weight: 1,
  latencyMs: 10,
  costUsd: null,
  agrees: false,
  ...more,
});

const split: Verdict = {
  outcome: 'split',
  decidedBy: null,
  quorum: 2,
  votes: [
    vote('one/alpha', 'Bern,\nof course.'),
    vote('two/beta', '', { standing: 'failed', answer: null }),
    vote('three/gamma', 'Paris\u001B[2J'),
  ],
  winner: null,
  agreement: 0.5,
  fields: null,
  openFields: [],
  because: 'No two agree.',
  approvals: [],
};

let inferences: TestInferences;
let service: TestService;

beforeEach(async () => {
  inferences = new TestInferences();
  inferences.add({ id: ID, status: 'waiting', waitingFor: 'resolution', heldVerdict: split });
  service = await startService(inferences);
});

afterEach(() => service.close());

const run = (...args: readonly string[]) => runCli(args, { env: { HOLDFAST_URL: service.url } });
const resolve = (...args: readonly string[]) => run('resolve', ID, ...args);

describe('resolve', () => {
  it('takes a vote by its number, and prints the answer and who decided', async () => {
    const { code, stdout, stderr } = await resolve('--vote', '2', '--reason', 'Looked it up.');
    expect(inferences.resolutions).toEqual([{ vote: 2, reason: 'Looked it up.' }]);
    expect({ code, stdout: stdout.slice(0, 5) }).toEqual({ code: 0, stdout: 'Paris' });
    expect(stderr).toContain('Answered by three/gamma · split, decided by person');
  });

  it('takes the first vote, whose number is 0', async () => {
    expect(await resolve('--vote', '0', '--reason', 'r')).toMatchObject({ code: 0, stdout: 'Bern,\nof course.\n' });
    expect(inferences.resolutions).toEqual([{ vote: 0, reason: 'r' }]);
  });

  it('takes an answer of the own', async () => {
    const { code, stdout, stderr } = await resolve('--answer', 'Vienna', '--reason', 'None is right.');
    expect(inferences.resolutions).toEqual([{ answer: 'Vienna', reason: 'None is right.' }]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Vienna\n' });
    expect(stderr).toContain('Answered by a person · split, decided by person');
  });

  it('prints the inference with --json', async () => {
    const { code, stdout, stderr } = await resolve('--vote', '2', '--reason', 'r', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ id: ID, status: 'succeeded', verdict: { decided_by: 'person' } });
  });

  describe('where another key has to decide alike', () => {
    const approval = {
      by: 'olga',
      via: 'api',
      at: '2026-01-01T00:00:01.000Z',
      reason: 'r',
      choice: { vote: 0 },
    } as const;

    beforeEach(() => {
      inferences.decides = false;
      inferences.change(ID, { heldVerdict: { ...split, approvals: [approval] } });
    });

    it('says that it waits for one', async () => {
      const line = `Noted. ${ID} waits for another key that decides alike; 1 decided so far.\n`;
      expect(await resolve('--vote', '0', '--reason', 'r')).toEqual({ code: 0, stdout: line, stderr: '' });
    });

    it('prints the inference with --json', async () => {
      const { stdout, stderr } = await resolve('--vote', '0', '--reason', 'r', '--json');
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toMatchObject({
        status: 'waiting',
        verdict: { approvals: [{ by: 'olga', vote: 0 }] },
      });
    });
  });

  it.each([
    ['neither vote nor answer', ['--reason', 'r'], 'Give either --vote'],
    ['both', ['--vote', '0', '--answer', 'x', '--reason', 'r'], 'Give either --vote'],
    ['no reason', ['--vote', '0'], "required option '--reason <text>' not specified"],
    ['a vote that is no number', ['--vote', 'first', '--reason', 'r'], 'It must be a whole number.'],
    ['a vote below 0', ['--vote', '-1', '--reason', 'r'], 'It must be a whole number.'],
  ])('is refused with %s before it asks', async (_, args, problem) => {
    const finished = await resolve(...args);
    expect(finished).toMatchObject({ code: 1, stdout: '' });
    expect(errorLine(finished)).toContain(problem);
    expect(inferences.resolutions).toEqual([]);
  });

  it("fails with the service's words when nothing is held, or there is no such inference", async () => {
    inferences.add({ id: OTHER });
    const args = ['--vote', '0', '--reason', 'r'];
    expect(errorLine(await run('resolve', OTHER, ...args))).toBe('error: It is not held.');
    const nobody = `inf-${'2'.repeat(26)}`;
    expect(errorLine(await run('resolve', nobody, ...args))).toBe(`error: There is no inference ${nobody}.`);
    expect(errorLine(await run('resolve', ...args))).toContain("missing required argument 'id'");
  });

  it("needs an operator's key", async () => {
    const sha256 = createHash('sha256').update('key-a').digest('hex');
    const guarded = await startService(inferences, { apiKeys: [{ name: 'a', sha256, operator: false }] });
    inferences.change(ID, { memo: { owner: 'a', model: 'm', deadlineMs: 1, metadata: {}, fingerprint: 'f' } });
    const env = { HOLDFAST_URL: guarded.url, HOLDFAST_API_KEY: 'key-a' };
    const finished = await runCli(['resolve', ID, '--vote', '0', '--reason', 'r'], { env });
    await guarded.close();
    expect(errorLine(finished)).toContain("needs an operator's API key");
    expect(inferences.resolutions).toEqual([]);
  });
});

describe('get', () => {
  it('prints the votes of one that is held with their numbers, each in a line, and how to decide', async () => {
    const { code, stdout, stderr } = await run('get', ID);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      '0  one/alpha: Bern, of course.',
      '   two/beta: failed',
      '2  three/gamma: Paris [2J',
      '',
    ]);
    expect(stderr).toBe(
      `Inference ${ID} waits for a person: its votes are split. To decide: npx holdfast resolve ${ID} --vote <number> --reason <text>\n`,
    );
  });

  it('prints the tool calls of a vote', async () => {
    const toolCalls = [
      { id: 'c1', name: 'pay', arguments: '{"amount":3}' },
      { id: 'c2', name: 'file', arguments: '{}' },
    ];
    const [first] = split.votes;
    const answer = first?.answer ? { ...first.answer, text: null, toolCalls } : null;
    inferences.change(ID, { heldVerdict: { ...split, votes: [vote('one/alpha', '', { answer })] } });
    expect((await run('get', ID)).stdout).toBe('0  one/alpha: pay({"amount":3}) file({})\n');
  });

  it('prints a held one with --json as it is', async () => {
    const { stdout, stderr } = await run('get', ID, '--json');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ waiting_for: 'resolution', verdict: { outcome: 'split' } });
  });

  it.each<[string, Partial<Verdict>, string]>([
    ['agreed', { outcome: 'agreed', decidedBy: 'votes' }, 'agreed: 2 of 3 votes'],
    ['partial', { outcome: 'partial', decidedBy: 'votes' }, 'partial: 2 of 3 votes'],
    [
      'decided field by field',
      { outcome: 'partial', decidedBy: 'majority-field' },
      'partial, decided by majority-field',
    ],
    ['escalated', { outcome: 'split', decidedBy: 'escalation' }, 'split, decided by escalation'],
  ])('says of an answer that was %s who has won and how', async (_, verdict, text) => {
    inferences.succeed(
      ID,
      'Bern',
      ['one/alpha', 'two/beta', 'three/gamma'].map((target) => call({ target })),
    );
    const { result } = await found();
    if (!result) throw new Error('There is no result.');
    const votes = [
      vote('one/alpha', 'Bern', { agrees: true }),
      vote('two/beta', 'Paris'),
      vote('three/gamma', 'Bern', { agrees: true }),
      vote('four/alpha', 'Bern', { standing: 'same-model', agrees: true }),
    ];
    inferences.change(ID, {
      waitingFor: null,
      heldVerdict: null,
      result: { ...result, target: 'one/alpha', verdict: { ...split, votes, winner: 0, ...verdict } },
    });
    const { stdout, stderr } = await run('get', ID);
    expect(stdout).toBe('Bern\n');
    expect(stderr).toContain(`Answered by one/alpha · ${text} · 3 calls · ${ID}`);
  });
});

async function found() {
  const outcome = await inferences.get(ID);
  if (outcome.type !== 'found') throw new Error(`There is no ${ID}.`);
  return outcome.inference;
}
