// Tokens of a text without a tokeniser, beside what two of OpenAI's tokenisers (o200k, cl100k) make of the same text.

import { expect, test } from 'vitest';
import { fewestTextTokens, textTokens } from '../../src/domain/text-tokens.ts';

/** Counted once with gpt-tokenizer 4.0.0: the text, `o200k_base`, `cl100k_base`. */
const counted: readonly (readonly [name: string, text: string, o200k: number, cl100k: number])[] = [
  [
    'English prose',
    'Four score and seven years ago our fathers brought forth on this continent, a new nation, conceived in Liberty, and dedicated to the proposition that all men are created equal.',
    34,
    34,
  ],
  [
    'German prose',
    'Der Vertrag über die Lieferung von Waren wird zwischen den Vertragsparteien geschlossen. Die Geschwindigkeitsbegrenzung auf Autobahnen beträgt einhundertdreißig Kilometer pro Stunde.',
    38,
    53,
  ],
  [
    'French prose',
    "L'inférence est une opération par laquelle on passe d'une assertion considérée comme vraie à une autre assertion au moyen d'un système de règles.",
    29,
    36,
  ],
  [
    'Russian prose',
    'Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.',
    25,
    49,
  ],
  [
    'Chinese prose',
    '长江发源于青藏高原的唐古拉山脉，干流流经十一个省级行政区，于崇明岛以东注入东海，全长六千三百余公里。',
    47,
    61,
  ],
  ['Japanese prose', '吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。', 32, 39],
  [
    'Korean prose',
    '대한민국은 동아시아의 한반도 군사 분계선 남부에 위치한 나라이다. 수도는 서울특별시이며, 국기는 태극기이다.',
    38,
    66,
  ],
  [
    'code',
    'export function listedOrder(targets: readonly Target[]): readonly number[] {\n  return targets.map((_, index) => index);\n}\n\nconst FIRST_PARKING_MS = 30_000;\n',
    38,
    37,
  ],
  [
    'indented code',
    'def visit(node):\n    if node is not None:\n        for child in node.children:\n            visit(child)\n',
    22,
    22,
  ],
  [
    'JSON',
    '{"id":"inf-01","model":"gpt-4o","usage":{"prompt_tokens":21,"completion_tokens":14,"total_tokens":35},"tags":["a","b"],"done":true}',
    43,
    42,
  ],
  [
    'a table',
    '1,2026-11-02,ACME Corp,37.50,EUR\n2,2026-11-03,ACME Corp,75.00,EUR\n3,2026-11-04,ACME Corp,112.50,EUR\n',
    57,
    57,
  ],
  ['capitals', 'THIS IS A CONTRACT BETWEEN THE SELLER AND THE BUYER WHEREAS THE PARTIES AGREE.', 20, 21],
  ['odd: one letter', 'a'.repeat(400), 50, 50],
  ['odd: one capital', 'A'.repeat(400), 50, 50],
  ['odd: dashes', '-'.repeat(400), 6, 6],
  ['odd: spaces', ' '.repeat(400), 4, 4],
  ['odd: line ends', '\n'.repeat(400), 25, 13],
  ['odd: one name', 'getElementById '.repeat(40), 161, 81],
  ['odd: one name with signs', 'getElementById();'.repeat(40), 200, 120],
  ['odd: long words', 'internationalization responsibilities characteristics '.repeat(10), 41, 41],
  ['odd: common Chinese', '我们可以看到这个问题的解决方案是非常简单的', 12, 19],
  ['odd: emoji', '🌊🔥👍😀🎉🚀'.repeat(10), 90, 170],
  ['odd: Thai', 'มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกัน', 20, 41],
  ['odd: digits', '31415926535897932384626433832795'.repeat(4), 43, 43],
  ['odd: base64', 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9eyJzdWIiOiIxMjM0NTY3ODkwIn0', 41, 41],
];

test.each(counted)('of %s are never more than the fewest guess says', (_name, text, o200k, cl100k) => {
  expect(fewestTextTokens(text)).toBeLessThanOrEqual(Math.min(o200k, cl100k));
});

test.each(
  counted.filter(([name]) => !name.startsWith('odd')),
)('of %s are guessed to within a third of one of them', (_name, text, o200k, cl100k) => {
  const guess = textTokens(text);
  expect(guess).toBeGreaterThan(Math.min(o200k, cl100k) * 0.66);
  expect(guess).toBeLessThan(Math.max(o200k, cl100k) * 1.34);
});

test('of nothing are none', () => {
  expect([textTokens(''), fewestTextTokens('')]).toEqual([0, 0]);
});

test('of prose in English and in Chinese are not the same for the same length', () => {
  const length = 400;
  const english = 'The river flows to the sea. '.repeat(20).slice(0, length);
  const chinese = '长江发源于青藏高原的唐古拉山脉'.repeat(40).slice(0, length);
  expect(textTokens(chinese)).toBeGreaterThan(textTokens(english) * 3);
});
