// JSON answers decided field by field, and how far the others agree with one of them.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/domain/answer.ts';
import { fieldAgreement, majorityByField } from '../../src/domain/majority-field.ts';
import type { JsonCompare } from '../../src/domain/model-settings.ts';
import type { JsonSchema } from '../../src/domain/prompt.ts';
import { answerOf, jsonAnswer, jsonCompare, toolAnswer } from '../support/votes.ts';

interface By {
  readonly weights?: readonly number[];
  readonly compare?: Partial<JsonCompare>;
  readonly schema?: JsonSchema;
  readonly quorum?: number;
  readonly winner?: number;
}

function ballots(answers: readonly Answer[], { weights, compare, schema }: By) {
  return {
    answers,
    weights: weights ?? answers.map(() => 1),
    compare: jsonCompare(compare),
    schema: schema ?? null,
  };
}
const majority = (values: readonly unknown[], by: By = {}) =>
  majorityByField({ ...ballots(values.map(jsonAnswer), by), quorum: by.quorum ?? 2 });
const shares = (values: readonly unknown[], by: By = {}) =>
  fieldAgreement({ ...ballots(values.map(jsonAnswer), by), winner: by.winner ?? 0 });

const A_THIRD = 1 / 3;
const TWO_THIRDS = 2 / 3;

describe('the agreement on each field', () => {
  test('is the share of the weight that agrees with the winner', () => {
    const values = [
      { total: 5, buyer: { name: 'A', vat: null } },
      { total: 5, buyer: { name: 'B' } },
      { total: 6, buyer: { name: 'A', vat: 'X' } },
    ];
    expect(shares(values, { weights: [1, 2, 1] })).toEqual({ total: 0.75, 'buyer.name': 0.5, 'buyer.vat': 0.75 });
    expect(shares(values, { weights: [1, 2, 1], winner: 2 })).toEqual({
      total: 0.25,
      'buyer.name': 0.5,
      'buyer.vat': 0.25,
    });
  });

  test('has the fields that only others have: those without it agree with the winner', () => {
    expect(shares([{ a: 1 }, { a: 1, b: { c: 2 } }, { a: 1, b: null }])).toEqual({ a: 1, b: TWO_THIRDS });
  });

  test.each<[string, unknown]>([
    ['$', 5],
    ['$', 'text'],
    ['$', []],
    ['$', {}],
    ['$', null],
  ])('has the path %s at the root of %j', (path, value) => {
    expect(shares([value, value])).toEqual({ [path]: 1 });
  });

  test('has the indices of the winner, and those of others are aligned to them', () => {
    const [x, y, z] = [1, 2, 3].map((n) => ({ n, unit: 'kg' }));
    expect(
      shares([
        [x, y, z],
        [x, z],
        [x, y, { n: 9, unit: 'kg' }],
      ]),
    ).toEqual({
      '$[0].n': 1,
      '$[0].unit': 1,
      '$[1].n': TWO_THIRDS,
      '$[1].unit': TWO_THIRDS,
      '$[2].n': TWO_THIRDS,
      '$[2].unit': 1,
    });
  });

  test('shows where others have more elements than the winner', () => {
    const values = [{ items: [1, 3] }, { items: [1, 2, 3] }, { items: [1, 3] }];
    expect(shares(values)).toEqual({ 'items[0]': 1, 'items[1]': 1, 'items[]': TWO_THIRDS });
    expect(shares([{ items: [] }, { items: [1] }])).toEqual({ items: 0.5 });
  });

  test('is one for a whole set', () => {
    const compare = { fields: { tags: { as: 'set' as const } } };
    expect(shares([{ tags: ['a', 'b'] }, { tags: ['b', 'a', 'b'] }, { tags: ['a'] }], { compare })).toEqual({
      'tags[]': TWO_THIRDS,
    });
    expect(shares([{ tags: [] }, { tags: ['a'] }], { compare })).toEqual({ 'tags[]': 0.5 });
  });

  test('is none where the others hold something else', () => {
    expect(shares([{ a: { b: 1, c: null } }, { a: 'text' }, { a: null }, {}])).toEqual({ 'a.b': 0.25, 'a.c': 0.75 });
    expect(shares([{ a: [1] }, { a: { 0: 1 } }])).toEqual({ 'a[0]': 0.5 });
  });

  test('leaves out what is free', () => {
    const compare = { fields: { note: { free: true }, 'items[].id': { free: true } } };
    const values = [
      { a: 1, note: 'x', items: [{ id: 1, n: 1 }] },
      { a: 1, items: [{ id: 2, n: 1 }] },
    ];
    expect(shares(values, { compare })).toEqual({ a: 1, 'items[0].n': 1 });
  });

  test('counts the weight of answers that hold no JSON: they agree with nothing', () => {
    const answers = [jsonAnswer({ a: 1 }), jsonAnswer({ a: 1 }), answerOf('no idea'), answerOf(null)];
    expect(fieldAgreement({ ...ballots(answers, {}), winner: 0 })).toEqual({ a: 0.5 });
  });

  test('is empty when the winner holds no JSON', () => {
    const answers = [answerOf('{'), toolAnswer(['f', '{"a":1}']), jsonAnswer({ a: 1 })];
    for (const winner of [0, 1, 7]) expect(fieldAgreement({ ...ballots(answers, {}), winner })).toEqual({});
  });

  test('has no share of nothing when no answer has weight', () => {
    expect(shares([{ a: 1 }], { weights: [0] })).toEqual({ a: 0 });
  });
});

describe('a field', () => {
  test('has the value of the majority, each field its own', () => {
    const values = [
      { a: 1, b: 'x', c: { d: true } },
      { a: 1, b: 'y', c: { d: false } },
      { a: 2, b: 'y', c: { d: true } },
    ];
    expect(majority(values)).toEqual({
      value: { a: 1, b: 'y', c: { d: true } },
      openFields: [],
      fields: { a: TWO_THIRDS, b: TWO_THIRDS, 'c.d': TWO_THIRDS },
    });
  });

  test('without a majority is null, and open', () => {
    expect(
      majority([
        { a: 1, b: 1 },
        { a: 1, b: 2 },
        { a: 1, b: 3 },
      ]),
    ).toEqual({
      value: { a: 1, b: null },
      openFields: ['b'],
      fields: { a: 1, b: A_THIRD },
    });
  });

  test('needs the quorum, however much one answer weighs', () => {
    const values = [{ a: 1 }, { a: 2 }, { a: 2 }];
    expect(majority(values, { weights: [1.5, 1, 1] }).value).toEqual({ a: 2 });
    expect(majority(values, { weights: [9, 1, 1] })).toMatchObject({ value: { a: null }, openFields: ['a'] });
    expect(majority(values, { quorum: 3 })).toMatchObject({ value: { a: null }, openFields: ['a'] });
    expect(majority([{ a: 1 }], {})).toMatchObject({ value: { a: null }, openFields: ['a'] });
  });

  test('leaves a tie open, also where the sums of the weights are not exact', () => {
    const values = [{ a: 1 }, { a: 1 }, { a: 2 }, { a: 2 }];
    expect(0.1 + 0.2).toBeGreaterThan(0.3);
    expect(majority(values, { weights: [0.1, 0.2, 0.15, 0.15] })).toMatchObject({
      value: { a: null },
      openFields: ['a'],
    });
  });

  test('needs more weight than any rival', () => {
    const values = [{ a: 1 }, { a: 1 }, { a: 2 }, { a: 2 }];
    expect(majority(values)).toMatchObject({ value: { a: null }, openFields: ['a'] });
    expect(majority(values, { weights: [1, 1, 1, 1.1] })).toMatchObject({ value: { a: 2 }, openFields: [] });
  });

  test('has a value that was cast: the one that most agree with, whether or not those agree among each other', () => {
    const compare = { relativeTolerance: 0.1 };
    expect(majority([{ a: 91 }, { a: 110 }, { a: 100 }], { compare })).toEqual({
      value: { a: 100 },
      openFields: [],
      fields: { a: 1 },
    });
    expect(majority([{ a: 100 }, { a: 105 }, { a: 50 }], { compare }).value).toEqual({ a: 100 });
  });

  test('is left out, or null, as the majority has it', () => {
    expect(majority([{ a: 1 }, { a: 1 }, { a: 1, b: 2 }]).value).toEqual({ a: 1 });
    expect(majority([{ a: 1 }, { a: 1, b: null }, { a: 1, b: 2 }]).value).toEqual({ a: 1, b: null });
    expect(majority([{ a: 1 }, { a: 1, b: 2 }, { a: 1, b: 2 }]).value).toEqual({ a: 1, b: 2 });
    expect(majority([{ a: 1 }, { a: 1, b: 2 }])).toMatchObject({ value: { a: 1, b: null }, openFields: ['b'] });
  });

  test('that is free has the value of the answer with the most support', () => {
    const compare = { fields: { note: { free: true } } };
    const values = [
      { a: 9, b: 9, note: 'x' },
      { a: 1, b: 1, note: { by: 'y' } },
      { a: 1, b: 1, note: 'z' },
    ];
    expect(majority(values, { compare })).toEqual({
      value: { a: 1, b: 1, note: { by: 'y' } },
      openFields: [],
      fields: { a: TWO_THIRDS, b: TWO_THIRDS },
    });
  });

  test('may have any name', () => {
    const text = '{"__proto__":{"x":1},"constructor":2,"a.b":3,"":4}';
    const answers = [text, text, '{"__proto__":{"x":2}}'].map((one) => answerOf(one));
    const { value, openFields, fields } = majorityByField({ ...ballots(answers, {}), quorum: 2 });
    expect(JSON.stringify(value)).toBe(text);
    expect(openFields).toEqual([]);
    expect(Object.keys(fields)).toEqual(['__proto__.x', 'constructor', 'a.b', '']);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

describe('an object', () => {
  test('that some lack is merged when a majority has one', () => {
    const values = [{ buyer: { name: 'A', vat: 1 } }, { buyer: { name: 'A', vat: 2 } }, { buyer: null }];
    expect(majority(values)).toMatchObject({ value: { buyer: { name: 'A', vat: null } }, openFields: ['buyer.vat'] });
    expect(majority([values[0], values[2], {}]).value).toEqual({ buyer: null });
    expect(majority([values[0], values[2]])).toMatchObject({ value: { buyer: null }, openFields: ['buyer'] });
  });

  test('is one value where others hold another kind', () => {
    const values = [{ a: { b: 1 } }, { a: { b: 1 } }, { a: 'text' }];
    expect(majority(values)).toEqual({ value: { a: { b: 1 } }, openFields: [], fields: { a: TWO_THIRDS } });
    expect(majority([{ a: { b: 1 } }, { a: { b: 2 } }, { a: 'text' }])).toEqual({
      value: { a: null },
      openFields: ['a'],
      fields: { a: A_THIRD },
    });
  });

  test('has its keys in the order of the answer with the most support', () => {
    const values = [
      { b: 1, a: 2 },
      { a: 2, c: 3, b: 1 },
      { a: 2, c: 3, b: 1 },
    ];
    expect(JSON.stringify(majority(values).value)).toBe('{"a":2,"c":3,"b":1}');
  });
});

describe('a list', () => {
  test('has the elements that a majority has, in order', () => {
    expect(
      majority([
        [1, 2, 3],
        [1, 3],
        [1, 3],
      ]).value,
    ).toEqual([1, 3]);
    expect(
      majority([
        [1, 3],
        [1, 2, 3],
        [1, 2, 3],
      ]).value,
    ).toEqual([1, 2, 3]);
    expect(
      majority([
        [0, 1, 2],
        [1, 2, 3],
        [1, 2],
      ]),
    ).toEqual({
      value: [1, 2],
      openFields: [],
      fields: { '$[0]': 1, '$[1]': 1 },
    });
  });

  test('of objects is merged element by element, and the paths are those of what comes out', () => {
    const item = (name: string, price: number) => ({ name, price });
    const values = [
      { items: [item('x', 1), item('extra', 7), item('y', 2)] },
      { items: [item('x', 1), item('y', 3)] },
      { items: [item('x', 5), item('y', 4)] },
    ];
    expect(majority(values)).toEqual({
      value: { items: [item('x', 1), { name: 'y', price: null }] },
      openFields: ['items[1].price'],
      fields: {
        'items[0].name': 1,
        'items[0].price': TWO_THIRDS,
        'items[1].name': 1,
        'items[1].price': A_THIRD,
      },
    });
  });

  test('has an open element where there is a majority for one, and for none that it could be', () => {
    for (const values of [
      [
        [1, 2],
        [1, 2, 3],
        [1, 2, 4],
      ],
      [
        [1, 2, 3],
        [1, 2, 4],
        [1, 2],
      ],
    ]) {
      expect(majority(values)).toMatchObject({ value: [1, 2, null], openFields: ['$[2]'] });
    }
  });

  test('has an open element where neither having it nor lacking it has a majority', () => {
    expect(majority([[1, 2], [1]])).toMatchObject({ value: [1, null], openFields: ['$[1]'] });
  });

  test('keeps elements that are null, where more have them than lack them', () => {
    expect(majority([[1, null], [1, null], [1]]).value).toEqual([1, null]);
    expect(majority([[1, null], [1], [1]]).value).toEqual([1]);
  });

  test('comes out empty when that is what the majority has', () => {
    expect(majority([{ a: [] }, { a: [] }, { a: [1] }])).toEqual({
      value: { a: [] },
      openFields: [],
      fields: { a: TWO_THIRDS },
    });
    expect(majority([{ a: [] }, { a: [] }, { a: null }]).value).toEqual({ a: [] });
    expect(majority([{ a: [] }, { a: null }, {}]).value).toEqual({ a: null });
  });
});

describe('a set', () => {
  const by: By = { schema: { properties: { tags: { uniqueItems: true } } } };

  test('has the elements that a majority has, in the order of the answer with the most support', () => {
    const values = [{ tags: ['c', 'a'] }, { tags: ['a', 'b'] }, { tags: ['b', 'c', 'd'] }];
    expect(majority(values, by)).toEqual({ value: { tags: ['c', 'a', 'b'] }, openFields: [], fields: { 'tags[]': 0 } });
    expect(majority([{ tags: ['a', 'b'] }, { tags: ['b', 'a'] }, { tags: ['z'] }], by)).toEqual({
      value: { tags: ['a', 'b'] },
      openFields: [],
      fields: { 'tags[]': TWO_THIRDS },
    });
  });

  test('is open when an element has a majority neither for nor against it', () => {
    const values = [{ tags: ['a', 'b'] }, { tags: ['a'] }];
    expect(majority(values, by)).toMatchObject({ value: { tags: ['a'] }, openFields: ['tags[]'] });
  });

  test('has each element once, of those that agree', () => {
    const compare = { ignoreCase: true };
    const values = [{ tags: ['A'] }, { tags: ['a', 'b'] }, { tags: ['B', 'a'] }];
    expect(majority(values, { ...by, compare }).value).toEqual({ tags: ['a', 'b'] });
  });

  test('that is empty is one that was cast', () => {
    expect(majority([{ tags: [] }, { tags: [] }, { tags: ['a'] }], by).value).toEqual({ tags: [] });
    expect(majority([{ tags: [] }], by)).toMatchObject({ value: { tags: null }, openFields: ['tags[]'] });
  });
});

describe('answers that hold no JSON', () => {
  test('have no vote on any field, but their weight counts', () => {
    const answers = [jsonAnswer({ a: 1 }), jsonAnswer({ a: 1 }), answerOf('what?'), toolAnswer(['f', '{}'])];
    expect(majorityByField({ ...ballots(answers, {}), quorum: 2 })).toEqual({
      value: { a: 1 },
      openFields: [],
      fields: { a: 0.5 },
    });
  });

  test('alone leave all open', () => {
    for (const answers of [[], [answerOf('what?'), answerOf(null)]]) {
      expect(majorityByField({ ...ballots(answers, {}), quorum: 2 })).toEqual({
        value: null,
        openFields: ['$'],
        fields: {},
      });
    }
  });
});

test('deep and large answers are decided all the same', () => {
  const deep = (core: number) => answerOf('[{"a":'.repeat(450) + core + '}]'.repeat(450));
  const { value, openFields } = majorityByField({ ...ballots([deep(1), deep(2), deep(2)], {}), quorum: 2 });
  expect(JSON.stringify(value)).toBe(deep(2).text);
  expect(openFields).toEqual([]);
  const long = (last: number) => answerOf(`[${'0,'.repeat(50_000)}${last}]`);
  const decided = majorityByField({ ...ballots([answerOf('[1]'), long(2), long(2)], {}), quorum: 2 });
  expect(decided.value).toEqual(JSON.parse(long(2).text ?? ''));
});

describe('whatever the answers', () => {
  const keys = fc.constantFrom('a', 'b', 'tags', '__proto__', 'constructor', 'x.y');
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(0, 1, 1.05, 'yes', 'Yes', '', '2026-01-31', true, false, null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(keys, tie('value'), { maxKeys: 4 }),
    ),
  }));
  const by = fc.constantFrom<By>(
    {},
    { compare: { ignoreCase: true, relativeTolerance: 0.1, similarity: 0.5 } },
    { compare: { fields: { a: { free: true }, b: { weight: 0 }, tags: { as: 'set' } } } },
    { schema: { properties: { tags: { uniqueItems: true }, a: { format: 'date' } }, items: { uniqueItems: true } } },
  );

  test('identical ones come out as they are, with no open fields', () => {
    fc.assert(
      fc.property(value, by, fc.integer({ min: 1, max: 4 }), (one, how, count) => {
        const given = Array.from({ length: count }, () => one);
        const { value: decided, openFields, fields } = majority(given, { ...how, quorum: count });
        expect(JSON.stringify(decided)).toBe(JSON.stringify(one));
        expect(openFields).toEqual([]);
        for (const share of Object.values(fields)) expect(share).toBe(1);
        for (const share of Object.values(shares(given, how))) expect(share).toBe(1);
      }),
      { numRuns: 500 },
    );
  });

  test('one that the quorum gave alike comes out against a single other', () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        const { value: decided, openFields } = majority([other, one, one]);
        expect(openFields).toEqual([]);
        // As the comparison has it: what is null may be absent.
        expect(shares([decided, one])).toEqual(
          Object.fromEntries(Object.keys(shares([decided, one])).map((p) => [p, 1])),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('shares are from 0 to 1, and every open field has one', () => {
    const given = fc.array(fc.tuple(value, fc.constantFrom(0, 0.5, 1, 3)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(given, by, (votes, how) => {
        const values = votes.map(([one]) => one);
        const weights = votes.map(([, weight]) => weight);
        const { openFields, fields } = majority(values, { ...how, weights });
        for (const path of openFields) expect(Object.keys(fields)).toContain(path);
        for (const share of [...Object.values(fields), ...Object.values(shares(values, { ...how, weights }))]) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 500 },
    );
  });
});
