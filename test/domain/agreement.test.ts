// Which votes agree: by their texts, and by their tool calls.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Agreement } from '../../src/domain/agreement.ts';
import { agreementOf, agreementOfGroups } from '../../src/domain/agreement.ts';
import type { Answer } from '../../src/domain/answer.ts';
import type { Compare, TextRules } from '../../src/domain/model-settings.ts';
import { answerOf, jsonCompare, LENIENT_TEXT, STRICT_TEXT, toolAnswer } from '../support/votes.ts';

type Comparable = Exclude<Compare, { readonly type: 'judge' }>;

const textCompare = (more: Partial<TextRules> = {}): Comparable => ({ type: 'text', ...STRICT_TEXT, ...more });
const lenient = textCompare(LENIENT_TEXT);
const number = (relativeTolerance: number): Comparable => ({ type: 'number', relativeTolerance });
const EVERY_TYPE: readonly Comparable[] = [
  { type: 'exact' },
  textCompare(),
  lenient,
  textCompare({ similarity: 0.8 }),
  number(0),
  number(0.1),
  jsonCompare(),
  jsonCompare({ ...LENIENT_TEXT, similarity: 0.7, relativeTolerance: 0.1, threshold: 0.6 }),
];

const of = (compare: Comparable, answers: readonly Answer[]) => agreementOf({ answers, compare, schema: null });
const agree = (compare: Comparable, a: Answer | string, b: Answer | string) =>
  of(
    compare,
    [a, b].map((one) => (typeof one === 'string' ? answerOf(one) : one)),
  ).agrees[0]?.[1];
const isReadable = (compare: Comparable, text: string) => of(compare, [answerOf(text)]).readable[0];

describe('an answer that holds nothing to compare', () => {
  const NOTHING: readonly (readonly [string, Answer])[] = [
    ['no text', answerOf(null)],
    ['a refusal', answerOf(null, { refusal: 'No.' })],
    ['a refusal beside a text', answerOf('42', { refusal: 'No.' })],
    ['an empty text', answerOf('')],
    ['white space', answerOf(' \u00a0\n')],
  ];

  test.each(NOTHING)('is one with %s, in every type, and agrees not even with itself', (_, answer) => {
    for (const compare of EVERY_TYPE) {
      expect(of(compare, [answer, answer])).toEqual({
        readable: [false, false],
        agrees: [
          [false, false],
          [false, false],
        ],
      });
    }
  });

  test('is also a text of which nothing remains, one without a number, and one that is no JSON', () => {
    expect(isReadable(lenient, '?! …')).toBe(false);
    expect(isReadable(textCompare(), '?! …')).toBe(true);
    expect(isReadable(number(0), 'none at all')).toBe(false);
    expect(isReadable(jsonCompare(), '{"a":1')).toBe(false);
    expect(isReadable(jsonCompare(), 'null')).toBe(true);
  });

  test('leaves the others to agree', () => {
    const { readable, agrees } = of(number(0), [answerOf('5'), answerOf('what?'), answerOf('5.0')]);
    expect(readable).toEqual([true, false, true]);
    expect(agrees).toEqual([
      [true, false, true],
      [false, false, false],
      [true, false, true],
    ]);
  });
});

describe('tool calls', () => {
  const AGREEING: readonly (readonly [string, Answer, Answer])[] = [
    ['the same', toolAnswer(['f', '{"a":1}']), toolAnswer(['f', '{"a":1}'])],
    [
      'keys in another order',
      toolAnswer(['f', '{"a":1,"b":{"c":2,"d":3}}']),
      toolAnswer(['f', '{"b":{"d":3,"c":2},"a":1.0}']),
    ],
    ['no arguments and empty ones', toolAnswer(['f', '']), toolAnswer(['f', '{}'])],
    ['the same broken arguments', toolAnswer(['f', '{"a":']), toolAnswer(['f', '{"a":'])],
  ];
  const DISAGREEING: readonly (readonly [string, Answer, Answer])[] = [
    ['another name', toolAnswer(['f', '{}']), toolAnswer(['g', '{}'])],
    ['another value', toolAnswer(['f', '{"a":1}']), toolAnswer(['f', '{"a":2}'])],
    ['another kind of value', toolAnswer(['f', '{"a":1}']), toolAnswer(['f', '{"a":"1"}'])],
    ['an array in another order', toolAnswer(['f', '[1,2]']), toolAnswer(['f', '[2,1]'])],
    ['calls in another order', toolAnswer(['f', '{}'], ['g', '{}']), toolAnswer(['g', '{}'], ['f', '{}'])],
    ['one call more', toolAnswer(['f', '{}']), toolAnswer(['f', '{}'], ['f', '{}'])],
    ['other broken arguments', toolAnswer(['f', '{"a":']), toolAnswer(['f', '{"b":'])],
    ['a text that looks like the broken arguments', toolAnswer(['f', '{']), toolAnswer(['f', '"{"'])],
    ['no tool call but the same text', toolAnswer(['f', '{"a":1}']), answerOf('{"a":1}')],
  ];

  test.each(AGREEING)('agree in every type: %s', (_, a, b) => {
    for (const compare of EVERY_TYPE) expect(agree(compare, a, b)).toBe(true);
  });

  test.each(DISAGREEING)('disagree in every type: %s', (_, a, b) => {
    for (const compare of EVERY_TYPE) expect(agree(compare, a, b)).toBe(false);
  });

  test('count alone: what is said beside them does not', () => {
    const [a, b] = [toolAnswer(['f', '{}']), { ...toolAnswer(['f', '{}']), text: 'Let me see.' }];
    for (const compare of EVERY_TYPE) expect(agree(compare, a, b)).toBe(true);
  });

  test('may be nested however deep', () => {
    const deep = (levels: number, core: string) => toolAnswer(['f', '['.repeat(levels) + core + ']'.repeat(levels)]);
    for (const levels of [900, 100_000]) {
      expect(agree({ type: 'exact' }, deep(levels, '1'), deep(levels, '1'))).toBe(true);
      expect(agree({ type: 'exact' }, deep(levels, '1'), deep(levels, '2'))).toBe(false);
    }
  });
});

test('exact is to the character', () => {
  expect(agree({ type: 'exact' }, 'Yes', 'Yes')).toBe(true);
  for (const other of ['yes', 'Yes ', 'Yes.', 'Ｙes']) expect(agree({ type: 'exact' }, 'Yes', other)).toBe(false);
});

describe('a text', () => {
  test.each([
    ['full-width letters', 'ＡＢＣ １２', 'ABC 12'],
    ['accents, combined or not', 'cafe\u0301', 'caf\u00e9'],
    ['ligatures', 'ﬁne', 'fine'],
    ['non-breaking spaces', '5\u00a0km', '5 km'],
  ])('is in its normal form: %s', (_, a, b) => {
    expect(agree(textCompare(), a, b)).toBe(true);
  });

  test.each<[keyof TextRules, string, string]>([
    ['ignoreWhitespace', ' a \n\t b\u2009c ', 'a b c'],
    ['ignoreCase', 'STRASSE İ', 'strasse i\u0307'],
    ['ignorePunctuation', '«Yes», "he" said - twice… 👍', 'Yes he said  twice '],
    ['ignorePunctuation', 'GPT-4, item (2)!', 'GPT4 item 2'],
    ['ignorePunctuation', 'It is 5. Or 6, or 7%.', 'It is 5 Or 6 or 7%'],
  ])('may differ with %s, and not without', (rule, a, b) => {
    expect(agree(textCompare({ [rule]: true }), a, b)).toBe(true);
    expect(agree(textCompare(), a, b)).toBe(false);
  });

  test.each([
    ['1.5', '15'],
    ['1,5', '15'],
    ['.5', '5'],
    ['-5', '5'],
    ['−5', '5'],
    ['it is -5', 'it is 5'],
    ['(-5)', '(5)'],
    ['+5', '5'],
    ['$5', '€5'],
    ['5€', '5$'],
    ['5 €', '5 $'],
    ['-$5', '$5'],
    ['US$5', 'US€5'],
    ['5%', '5'],
    ['1/2', '12'],
    ['10:30', '1030'],
    ['1...5', '15'],
    ['2026-01-31', '20260131'],
    ['٣٫٥', '٣٥'],
  ])('keeps what belongs to a number: %s is not %s', (a, b) => {
    expect(agree(lenient, a, b)).toBe(false);
  });

  test('has one minus, however it is written', () => {
    for (const minus of ['\u2212', '\u2011', '－', '﹣']) expect(agree(lenient, `${minus}5`, '-5')).toBe(true);
  });
});

describe('the similarity of two texts', () => {
  const similar = (similarity: number) => textCompare({ similarity });

  test('is the share of their pairs of characters that both have', () => {
    // "night" and "nacht" share "ht" among four pairs each.
    expect(agree(similar(0.25), 'night', 'nacht')).toBe(true);
    expect(agree(similar(0.26), 'night', 'nacht')).toBe(false);
  });

  test('counts a pair as often as both have it', () => {
    expect(agree(similar(0.5), 'aaaaaaa', 'aaa')).toBe(true);
    expect(agree(similar(0.51), 'aaaaaaa', 'aaa')).toBe(false);
  });

  test('is none for texts of a single character, unless they are equal', () => {
    expect(agree(similar(0), 'a', 'b')).toBe(false);
    expect(agree(similar(0), 'a', 'ab')).toBe(false);
    expect(agree(similar(0.9), 'a', 'a')).toBe(true);
  });

  test('is found quickly for 200 KB', () => {
    const text = (sentence: string) => sentence.repeat(Math.ceil(200_000 / sentence.length));
    const startedAt = performance.now();
    expect(agree(similar(0.6), text('The quick brown fox jumps. '), text('The quick brown dog jumps! '))).toBe(true);
    expect(agree(similar(0.6), text('The quick brown fox jumps. '), text('Nobody jumps over her own shadow, '))).toBe(
      false,
    );
    expect(performance.now() - startedAt).toBeLessThan(400);
  });
});

test('no text takes the square of its length to compare', () => {
  const HOSTILE = [
    '-',
    '-*',
    '$',
    '5-',
    '1 234 ',
    '1,234,',
    '.',
    'a-',
    'USD',
    '\u2212$',
    '2026-01-31T10:00:00.',
    ' \n',
  ];
  const startedAt = performance.now();
  for (const part of HOSTILE) {
    const text = `5${part.repeat(Math.ceil(200_000 / part.length))}#7`;
    for (const compare of [textCompare({ ...LENIENT_TEXT, similarity: 0.9 }), number(0)])
      agree(compare, text, `${text}8`);
  }
  // Some 50 ms each; by the square it would be minutes.
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

describe('groups that a judge has made', () => {
  test('agree within themselves', () => {
    expect(agreementOfGroups([[0, 2], [1]], 3)).toEqual({
      readable: [true, true, true],
      agrees: [
        [true, false, true],
        [false, true, false],
        [true, false, true],
      ],
    });
  });

  test('need not be a partition: the first one counts, and who is in none is alone', () => {
    expect(
      agreementOfGroups(
        [
          [0, 1],
          [1, 7],
        ],
        3,
      ).agrees,
    ).toEqual([
      [true, true, false],
      [true, true, false],
      [false, false, true],
    ]);
    expect(agreementOfGroups([], 0)).toEqual({ readable: [], agrees: [] });
  });
});

describe('whatever the answers', () => {
  const scalar = fc.constantFrom(
    0,
    1,
    1.05,
    100,
    'yes',
    'Yes!',
    'no',
    '2026-01-31',
    '2026-01-31T00:00:00Z',
    true,
    null,
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      scalar,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'constructor', 'tags'), tie('value'), { maxKeys: 4 }),
    ),
  }));
  const text = fc.oneof(
    value.map((one) => JSON.stringify(one)),
    fc.constantFrom('5', '5.2', '5 apples', 'about -5', 'FIVE', 'five ', 'fıve', '', ' '),
    fc.string(),
  );
  const answer = fc.oneof(
    { arbitrary: text.map((one) => answerOf(one)), weight: 5 },
    { arbitrary: text.map((one) => toolAnswer(['f', one])), weight: 1 },
    { arbitrary: fc.constant(answerOf(null)), weight: 1 },
  );
  const answers = fc.array(answer, { maxLength: 5 });
  const schema = fc.constantFrom(null, {
    properties: { a: { format: 'date-time' }, tags: { uniqueItems: true }, b: { enum: ['yes'] } },
  });
  const fields = { a: { weight: 3 }, 'b[]': { as: 'set' as const }, constructor: { free: true } };
  const compare = fc.constantFrom(...EVERY_TYPE, jsonCompare({ fields, threshold: 0.5 }));
  const indices = (agreement: Agreement) => [...agreement.readable.keys()];

  test('agreement is symmetric, and true of each that is readable with itself', () => {
    fc.assert(
      fc.property(answers, compare, schema, (given, by, shape) => {
        const { readable, agrees } = agreementOf({ answers: given, compare: by, schema: shape });
        for (const [a, row] of agrees.entries()) {
          expect(row[a]).toBe(readable[a]);
          for (const [b, isAlike] of row.entries()) {
            expect(isAlike).toBe(agrees[b]?.[a]);
            if (isAlike) expect(readable[a] && readable[b]).toBe(true);
          }
        }
      }),
    );
  });

  test('their order makes no difference', () => {
    const shuffled = answers.chain((given) =>
      fc.tuple(fc.constant(given), fc.shuffledSubarray([...given.keys()], { minLength: given.length })),
    );
    fc.assert(
      fc.property(shuffled, compare, schema, ([given, order], by, shape) => {
        const before = agreementOf({ answers: given, compare: by, schema: shape });
        const moved = order.map((index) => given[index] as Answer);
        const after = agreementOf({ answers: moved, compare: by, schema: shape });
        expect(after.readable).toEqual(order.map((index) => before.readable[index]));
        expect(after.agrees).toEqual(order.map((a) => order.map((b) => before.agrees[a]?.[b])));
      }),
      { numRuns: 500 },
    );
  });

  test('it is an equivalence where nothing is tolerated', () => {
    const strict = fc.constantFrom(
      { type: 'exact' } as const,
      textCompare(),
      lenient,
      number(0),
      jsonCompare(),
      jsonCompare(LENIENT_TEXT),
    );
    fc.assert(
      fc.property(answers, strict, schema, (given, by, shape) => {
        const agreement = agreementOf({ answers: given, compare: by, schema: shape });
        const { agrees } = agreement;
        for (const a of indices(agreement)) {
          for (const b of indices(agreement)) {
            for (const c of indices(agreement)) if (agrees[a]?.[b] && agrees[b]?.[c]) expect(agrees[a]?.[c]).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
