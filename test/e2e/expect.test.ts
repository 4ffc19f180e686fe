// `expect` of a model and of a request, end to end: each kind of expectation fails under its own words and fails over.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/fault.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { callLine } from './support-faults.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({
    config: (simulator) => {
      const provider = (account: string) => [
        account,
        { type: 'openai', apiKey: 'test-key', baseUrl: simulator.baseUrl(account, 'openai') },
      ];
      const targets = ['first/m', 'spare/m'];
      return {
        providers: Object.fromEntries(['first', 'spare', 'third'].map(provider)),
        models: {
          once: { targets, maxAttemptsPerTarget: 1 },
          twice: { targets },
          bullets: { targets, maxAttemptsPerTarget: 1, expect: { bullets: 3, words: { max: 20 } } },
          vote: {
            strategy: 'consensus',
            targets: ['first/a', 'spare/b', 'third/c'],
            compare: { type: 'text' },
            maxAttemptsPerTarget: 1,
            expect: { pattern: '^Bern$' },
          },
        },
      };
    },
  });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());

let marks = 0;

async function ask(
  name: string,
  said: { readonly first: string | Fault; readonly spare?: string; readonly third?: string },
  body: object = {},
) {
  const mark = `mark-${marks++}-`;
  const { simulator } = service;
  const isMine = (request: { readonly body: unknown }) => JSON.stringify(request.body).includes(mark);
  const restore = Object.entries(said).map(([account, fault]) =>
    simulator.inject({
      account,
      matches: isMine,
      fault: typeof fault === 'string' ? { type: 'answer', text: fault } : fault,
    }),
  );
  const answer = await service.request('/v1/chat/completions', {
    body: { model: name, messages: [{ role: 'user', content: `${mark} Answer.` }], ...body },
  });
  for (const undo of restore) undo();
  const id = answer.headers.get('x-holdfast-inference-id');
  const inference = id === null ? null : (await service.request(`/v1/inferences/${id}`)).body;
  return {
    ...answer,
    content: answer.body.choices?.[0].message.content,
    calls: inference?.calls ?? [],
    lines: (inference?.calls ?? []).map(callLine),
    requests: simulator.requests.filter(isMine),
    verdict: inference?.verdict,
  };
}

describe('an answer that is not what a request expects', () => {
  test.each<[object, string, string, string]>([
    [{ pattern: '^\\d+$' }, 'about 12', '12', 'it does not match the pattern'],
    [{ characters: { max: 5 } }, 'too long', 'short', 'it has 8 characters, at most 5 are expected'],
    [{ words: { min: 2 } }, 'one', 'one two', 'it has 1 word, at least 2 are expected'],
    [{ bullets: 2 }, '- a', '- a\n- b', 'it has 1 bullet point, exactly 2 are expected'],
    [{ paragraphs: { min: 1, max: 2 } }, 'a\n\nb\n\nc', 'a\n\nb', 'it has 3 paragraphs, 1 to 2 are expected'],
    [{ syntax: 'json' }, '[1,]', '[1]', 'it is not valid JSON'],
    [{ syntax: 'sql' }, 'SELECT a FROM t WHERE', 'SELECT 1', 'it is not valid SQL'],
    [{ syntax: 'python' }, 'print(', '```python\nprint(1)\n```', 'it is not valid Python'],
    [{ syntax: 'typescript' }, 'let a: = 1', 'let a: number = 1', 'it is not valid TypeScript'],
    [{ schema: { type: 'array' } }, '{"a":1}', '[1]', 'its JSON does not match the expected schema'],
    [{ schema: { type: 'array' } }, 'No.', '[1]', 'JSON was asked for, and it is none'],
  ])('%j fails over under its own words', async (expected, first, spare, words) => {
    const { lines, calls, content, status } = await ask('once', { first, spare }, { expect: expected });
    expect(lines).toEqual(['first/m 1 expectation-failed', 'spare/m 1 succeeded']);
    expect(calls[0].message).toBe(`first/m gave an answer that is not what is expected of it (${words}).`);
    expect({ status, content }).toEqual({ status: 200, content: spare });
  });

  test('is asked for once more, with what is wrong, where the target has another attempt', async () => {
    const { lines, requests, content } = await ask(
      'twice',
      { first: '- a', spare: '- a\n- b' },
      { expect: { bullets: 2 } },
    );
    expect(lines).toEqual(['first/m 1 expectation-failed', 'first/m 2 expectation-failed', 'spare/m 1 succeeded']);
    expect(requests[1]?.text).toContain('it has 1 bullet point, exactly 2 are expected');
    expect(content).toBe('- a\n- b');
  });

  test('leaves the client with an error that names every call when nobody does better', async () => {
    const { status, body } = await ask('once', { first: 'a', spare: 'b' }, { expect: { words: 5 } });
    expect(status).toBe(502);
    expect(body.error.code).toBe('all_targets_failed');
    expect(body.error.calls.map(({ kind }: { kind: string }) => kind)).toEqual([
      'expectation-failed',
      'expectation-failed',
    ]);
  });
});

describe('what an expectation does not touch', () => {
  test('a call of a tool', async () => {
    const tools = [{ type: 'function', function: { name: 'find', parameters: { type: 'object', properties: {} } } }];
    const first: Fault = { type: 'tool-call', name: 'find', arguments: {} };
    expect((await ask('once', { first }, { tools, expect: { words: 5 } })).lines).toEqual(['first/m 1 succeeded']);
  });

  test.each([
    ['words', { words: { min: 8 } }],
    ['JSON', { schema: { type: 'object' } }],
    ['syntax', { syntax: 'json' }],
  ])('an answer that was cut at the limit of the client, whatever %s it lacks', async (_what, expected) => {
    const first: Fault = { type: 'answer', text: 'one two three four five six seven eight nine' };
    const { status, body, lines } = await ask('once', { first }, { expect: expected, max_tokens: 4 });
    expect([status, lines]).toEqual([200, ['first/m 1 succeeded']]);
    expect(body.choices[0].finish_reason).toBe('length');
  });

  test('a refusal', async () => {
    const { status, body } = await ask('once', { first: { type: 'refusal' } }, { expect: { words: 50 } });
    expect(status).toBe(200);
    expect(body.choices[0].message.refusal).toMatch(/can't help/);
  });
});

describe('JSON that is expected of a text', () => {
  test('is plain when it comes, whoever answered', async () => {
    const body = { expect: { schema: { type: 'array' } } };
    const { content, calls } = await ask('once', { first: 'Sure:\n```json\n[1, 2,]\n```' }, body);
    expect(content).toBe('[1,2]');
    expect(calls).toMatchObject([{ outcome: 'succeeded', repaired: true }]);
  });

  test('that is left open is a cut', async () => {
    const { lines } = await ask('once', { first: '[1, 2', spare: '[1]' }, { expect: { schema: { type: 'array' } } });
    expect(lines).toEqual(['first/m 1 truncated', 'spare/m 1 succeeded']);
  });

  test('has to match the response format as well', async () => {
    const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] };
    const response_format = { type: 'json_schema', json_schema: { name: 'x', schema } };
    const body = { response_format, expect: { schema: { properties: { a: { minimum: 5 } } } } };
    const { lines, content } = await ask('once', { first: '{"a":1}', spare: '{"a":7}' }, body);
    expect(lines).toEqual(['first/m 1 expectation-failed', 'spare/m 1 succeeded']);
    expect(content).toBe('{"a":7}');
  });
});

describe('what a model expects', () => {
  test('holds without a word in the request', async () => {
    const { lines } = await ask('bullets', { first: '- a\n- b', spare: '- a\n- b\n- c' });
    expect(lines).toEqual(['first/m 1 expectation-failed', 'spare/m 1 succeeded']);
  });

  test('holds beside what the request expects', async () => {
    const spare = '- The a\n- b\n- c';
    const asked = (first: string) => ask('bullets', { first, spare }, { expect: { pattern: 'The' } });
    for (const first of ['- The a', '- a\n- b\n- c', `- The a\n- b\n- c ${'word '.repeat(20)}`]) {
      expect((await asked(first)).lines).toEqual(['first/m 1 expectation-failed', 'spare/m 1 succeeded']);
    }
    expect((await asked(spare)).lines).toEqual(['first/m 1 succeeded']);
  });

  test('and what the request expects must leave room for an answer', async () => {
    const { status, body } = await ask('bullets', { first: 'x' }, { expect: { bullets: { max: 2 } } });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'invalid_value', param: 'expect.bullets' });
  });

  test('is checked of each vote: one that is not so is no vote', async () => {
    const { content, verdict } = await ask('vote', { first: 'Bern', spare: 'Paris', third: 'Bern' });
    expect(content).toBe('Bern');
    const standings = verdict.votes.map(({ target, standing }: { target: string; standing: string }) => [
      target,
      standing,
    ]);
    expect(Object.fromEntries(standings)).toEqual({ 'first/a': 'counted', 'spare/b': 'failed', 'third/c': 'counted' });
  });
});
