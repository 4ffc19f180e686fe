// Which number an answer holds, and which numbers agree.

import { describe, expect, test } from 'vitest';
import { agreementOf } from '../../src/domain/agreement.ts';
import { answerOf } from '../support/votes.ts';

const agreement = (texts: readonly string[], relativeTolerance = 0) =>
  agreementOf({
    answers: texts.map((text) => answerOf(text)),
    compare: { type: 'number', relativeTolerance },
    schema: null,
  });
const isReadable = (text: string) => agreement([text]).readable[0];
const agree = (a: string, b: string, relativeTolerance = 0) => agreement([a, b], relativeTolerance).agrees[0]?.[1];

describe('a number', () => {
  test.each<[string, string]>([
    ['42', '42'],
    ['The answer is 42.', '42'],
    ['**42**', '42'],
    ['$\\boxed{42}$', '42'],
    ['_42_', '42'],
    ['answer=42;', '42'],
    ['(42)', '42'],
    ['42, that is 42.0 exactly', '42'],
    ['+42', '42'],
    ['-5', '-5'],
    ['\u22125', '-5'],
    ['\u20115', '-5'],
    ['The sum is:-5', '-5'],
    ['0', '-0'],
    ['.5', '0.5'],
    ['-.5', '-0.5'],
    ['So the answer is...5', '5'],
    ['1,234', '1234'],
    ['1.234', '1234e-3'],
    ['1,234.56', '1234.56'],
    ['1.234,56', '1234.56'],
    ['1 234,56', '1234.56'],
    ['1 234 567', '1234567'],
    ['1\u00a0234,56', '1234.56'],
    ['1\u202f234,56', '1234.56'],
    ["1'234", '1234'],
    ['1’234.5', '1234.5'],
    ['1.234.567', '1234567'],
    ['1.234.567,8', '1234567.8'],
    ['1,234,567.8', '1234567.8'],
    ['12,34,567', '1234567'],
    ['1,5', '1.5'],
    ['1,2345', '1.2345'],
    ['0,123', '0.123'],
    ['1234,567', '1234.567'],
    ['1.5e3', '1500'],
    ['1.5E+3', '1500'],
    ['25e-1', '2.5'],
    ['5%', '5'],
    ['5 %', '5'],
    ['$5', '5'],
    ['€ 5', '5'],
    ['-$5.00', '-5'],
    ['$-5', '-5'],
    ['US$ 5', '5'],
    ['EUR 1.234,50', '1234.5'],
    ['USD5', '5'],
    ['5 EUR', '5'],
    ['5km', '5'],
    ['5 m', '5'],
    ['5-fold', '5'],
    ['５', '5'],
    ['－１，２３４．５', '-1234.5'],
    ['5 m²', '5'],
  ])('is read in %j as %s', (text, number) => {
    expect(agree(text, number)).toBe(true);
  });

  test.each([
    ['the answer of a model by GPT-4.1: 42'],
    ['COVID-19 item2 item_3 v1.2 0x1F 1a2b: 42'],
    ['On 2026-01-31 it was 42'],
    ['As of 2026-01-31T10:30:00.123+02:00, 42'],
    ['As of 2026-01-31 10:30 it is 42'],
    ['31.01.2026 10:30: 42'],
    ['1/31/2026: 42'],
    ['Python 3.12.1 says 42'],
    ['see example.com/7 for 42'],
  ])('is told from what only looks like one: %s', (text) => {
    expect(agree(text, '42')).toBe(true);
  });

  test.each([
    ['several numbers', 'the total is 42 for 3 items'],
    ['a number and its opposite', '5 or -5'],
    ['none', 'forty-two'],
    ['a date', '2026-01-31'],
    ['a date and a time', '2026-01-31T10:30:00Z'],
    ['a date of another form', '31/01/2026'],
    ['a date in words', 'January 31, 2026'],
    ['a time of day', '10:30'],
    ['a version', '1.2.3'],
    ['a name', 'GPT-4'],
    ['a range', '5-10'],
    ['a range with an en dash', '5–10 km'],
    ['a fraction', '3/4'],
    ['a fraction of something', '3/4 of 8'],
    ['a mixed number', '1½'],
    ['a power', '10²'],
    ['a power written out', '10^6'],
    ['a product', '1.5 × 10^6'],
    ['an equation', '2+2=4'],
    ['a list', '1,2,3'],
    ['a list with spaces', '1, 2, 3'],
    ['thousands', '5k'],
    ['millions', '5 million'],
    ['millions of money', '$5m'],
    ['millions in German', '5 Mio. Euro'],
    ['ten thousands', '3万円'],
    ['digits of another script', '٤٢'],
    ['groups that are none', '1,23,45'],
    ['an exponent too large', '1e999'],
    ['digits without end', '9'.repeat(400)],
  ])('is not guessed from %s: %s', (_, text) => {
    expect(isReadable(text)).toBe(false);
  });
});

describe('numbers agree', () => {
  test('when they are equal, without a tolerance', () => {
    expect(agree('0.3', '0.30')).toBe(true);
    expect(agree('0.3', '0.3000001')).toBe(false);
  });

  test.each<[string, string, number, boolean]>([
    ['100', '99', 0.01, true],
    ['99', '100', 0.01, true],
    ['100', '98.9', 0.01, false],
    ['-100', '-99', 0.01, true],
    ['-1', '1', 0.5, false],
    ['0', '0.001', 0.5, false],
    ['1e308', '-1e308', 0.1, false],
  ])('%s and %s within %d of the larger: %j', (a, b, tolerance, expected) => {
    expect(agree(a, b, tolerance)).toBe(expected);
  });

  test('pair by pair: what lies between two makes them no more alike', () => {
    expect(agreement(['100', '109', '118'], 0.1).agrees).toEqual([
      [true, true, false],
      [true, true, true],
      [false, true, true],
    ]);
  });
});
