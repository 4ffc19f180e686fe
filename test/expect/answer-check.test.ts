// What an answer is held against: schema, pattern, counts, syntax; each fault in its own words, and all of them at once.

import { describe, expect, it } from 'vitest';
import { answerCheck } from '../../activities/expect/answer-check.ts';
import { expectFaults } from '../../activities/expect/expect-faults.ts';
import { withinTime } from '../../activities/expect/within-time.ts';
import type { Expect, Syntax } from '../../src/domain/expectation.ts';

async function faultOf(expects: Expect | readonly Expect[], text: string) {
  const check = await answerCheck([expects].flat());
  if (typeof check === 'string') throw new Error(check);
  return check.faultOf(text);
}

describe('a schema', () => {
  const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] };

  it('is matched or not, and only the detail quotes the answer', async () => {
    expect(await faultOf({ schema }, '{"a":1}')).toBeNull();
    expect(await faultOf({ schema }, '{"a":"1"}')).toEqual({
      because: 'its JSON does not match the expected schema',
      detail: 'its JSON does not match the expected schema: /a must be integer',
    });
  });
});

describe('a pattern', () => {
  it.each([
    ['^[A-Z]{3}-\\d+$', 'ABC-12', true],
    ['^[A-Z]{3}-\\d+$', 'see ABC-12', false],
    ['(?i)conclusion', 'The Conclusion is', true],
    ['(?m)^Answer: (yes|no)$', 'Well.\nAnswer: yes\n', true],
    ['\\p{L}+', '123', false],
  ])('%s of %j: %s', async (pattern, text, matches) => {
    const because = 'it does not match the pattern';
    const expected = matches ? null : { because, detail: `${because} ${pattern}` };
    expect(await faultOf({ pattern }, text)).toEqual(expected);
  });

  it('that would hold up another engine for years takes no time', async () => {
    const beganAt = performance.now();
    expect(await faultOf({ pattern: '^(a+)+$' }, `${'a'.repeat(100_000)}b`)).not.toBeNull();
    expect(performance.now() - beganAt).toBeLessThan(2_000);
  });
});

describe('a syntax', () => {
  it.each<[Syntax, string, boolean]>([
    ['json', '[1]', true],
    ['json', '[1,]', false],
    ['sql', 'SELECT a, count(*) FROM t WHERE x > 5 GROUP BY a;', true],
    ['sql', 'SELECT sum(x) OVER (PARTITION BY y ORDER BY z ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t', true],
    ['sql', 'SELECT `a` FROM `b` LIMIT 1, 2', true],
    ['sql', 'SELECT TOP 5 [a] FROM [b]', true],
    ['sql', "SELECT date_trunc('month', d)::date FROM t WHERE x ILIKE '%a%'", true],
    ['sql', 'SELECT a FROM t WHERE', false],
    ['sql', 'Here is your query.', false],
    ['python', 'def f(x: int) -> int:\n    return x + 1\n', true],
    ['python', 'match x:\n    case [1, *rest] if rest:\n        print(f"{x!r:>10}")\n', true],
    ['python', 'def f(x)\n    return x', false],
    ['python', 'print "hi"', false],
    ['python', 'if x:\nprint(1)', false],
    ['python', 'x = 1\n  y = 2', false],
    ['typescript', 'const a: number = 1; interface B<T> { c?: T }', true],
    ['typescript', 'export const C = (p: P) => <div>{p.a}</div>;', true],
    ['typescript', 'const x = <number>y;', true],
    ['typescript', '@d class A { constructor(private readonly a: string) {} }', true],
    ['typescript', 'const a: = 1', false],
    ['typescript', 'function f( {', false],
    ['typescript', 'Here is the code.', false],
  ])('%s of %j: %s', async (syntax, text, isValid) => {
    const fault = await faultOf({ syntax }, text);
    if (isValid) expect(fault).toBeNull();
    else expect(fault?.because).toMatch(/^it is not valid (?:JSON|SQL|Python|TypeScript)$/);
  });

  it('is looked for in the fence, when there is one', async () => {
    const text = 'Here it is:\n\n```python\nprint(1)\n```\nIt prints 1.';
    expect(await faultOf({ syntax: 'python' }, text)).toBeNull();
    expect(await faultOf({ syntax: 'python' }, text.replace('print(1)', 'print(1'))).not.toBeNull();
    expect(await faultOf({ syntax: 'python' }, `${text}\n\n${text}`)).not.toBeNull();
  });

  it('is looked for in no time among fences that are left open', async () => {
    const beganAt = performance.now();
    expect(await faultOf({ syntax: 'json' }, '```x\n'.repeat(39_000))).not.toBeNull();
    expect(performance.now() - beganAt).toBeLessThan(5_000);
  });

  it.each<Syntax>([
    'json',
    'sql',
    'python',
    'typescript',
  ])('of %s reads nothing that would harm its parser', async (syntax) => {
    const beganAt = performance.now();
    for (const text of [
      '('.repeat(100_000),
      `x = ${'['.repeat(5_000)}`,
      `SELECT ${'(SELECT '.repeat(400)}1`,
      'a '.repeat(200_000),
    ]) {
      expect((await faultOf({ syntax }, text))?.because).toMatch(/^it is not valid/);
    }
    expect(performance.now() - beganAt).toBeLessThan(5_000);
    const valid = { json: '1', sql: 'SELECT 1', python: 'x = 1', typescript: 'let x = 1' }[syntax];
    expect(await faultOf({ syntax }, valid)).toBeNull();
  });
});

describe('several expectations', () => {
  it('must all hold, and all that do not are told', async () => {
    const expects = [{ bullets: { min: 2 } }, { pattern: '^The', words: { max: 2 } }];
    expect(await faultOf(expects, 'The\n- a\n- b')).toMatchObject({
      because: 'it has 3 words, at most 2 are expected',
    });
    expect((await faultOf(expects, '- a b c'))?.because).toBe(
      'it has 1 bullet point, at least 2 are expected; it does not match the pattern; ' +
        'it has 3 words, at most 2 are expected',
    );
  });
});

describe('an expectation that is none', () => {
  it.each<[Expect, string]>([
    [{ schema: { type: 'nonsense' } }, 'schema'],
    [{ pattern: '(' }, 'pattern'],
    [{ pattern: '(?=a)' }, 'pattern'],
    [{ pattern: '(a)\\1' }, 'pattern'],
    [{ pattern: '(?:a{1000}){1000}' }, 'pattern'],
    [{ characters: { min: 2, max: 1 } }, 'characters'],
  ])('%j is found before any answer', (expected, field) => {
    expect(expectFaults(expected).map(({ path }) => path)).toEqual([[field]]);
  });

  it('has no fault otherwise', () => {
    expect(expectFaults({ schema: { type: 'object' }, pattern: 'a|b', words: { min: 1 }, syntax: 'sql' })).toEqual([]);
  });
});

describe('a limit of time', () => {
  it('ends what would go on for ever, and nothing else', () => {
    expect(withinTime(50, () => 7)).toEqual({ value: 7 });
    expect(
      withinTime(50, () => {
        for (;;);
      }),
    ).toBeNull();
    expect(() =>
      withinTime(50, () => {
        throw new RangeError('its own');
      }),
    ).toThrow('its own');
    expect(withinTime(50, () => 8)).toEqual({ value: 8 });
  });
});
