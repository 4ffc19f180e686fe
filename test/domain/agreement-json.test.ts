// When two JSON answers agree: field by field, by rules and by the schema.

import { describe, expect, test } from 'vitest';
import { agreementOf } from '../../src/domain/agreement.ts';
import type { JsonCompare } from '../../src/domain/model-settings.ts';
import type { JsonSchema } from '../../src/domain/prompt.ts';
import { answerOf, jsonAnswer, jsonCompare, LENIENT_TEXT } from '../support/votes.ts';

interface By {
  readonly schema?: JsonSchema;
  readonly compare?: Partial<JsonCompare>;
}

const agreeAsTexts = (a: string, b: string, { schema, compare }: By = {}) =>
  agreementOf({
    answers: [a, b].map((text) => answerOf(text)),
    compare: jsonCompare(compare),
    schema: schema ?? null,
  }).agrees[0]?.[1];
const agree = (a: unknown, b: unknown, by: By = {}) => agreeAsTexts(JSON.stringify(a), JSON.stringify(b), by);
/** The highest threshold at which they agree: the share of them that does, in hundredths. */
function share(a: unknown, b: unknown, { schema, compare }: By = {}): number {
  const isAt = (threshold: number) => agree(a, b, { ...(schema && { schema }), compare: { ...compare, threshold } });
  let [low, high] = [0, 100];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (isAt(middle / 100)) low = middle;
    else high = middle - 1;
  }
  return low;
}

describe('without a schema', () => {
  test.each<[string, unknown, unknown]>([
    ['keys in another order', { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }],
    ['null and absent', { a: 1, b: null }, { a: 1 }],
    ['null here and null there', { a: null }, { b: null }],
    ['numbers written otherwise', { a: 1 }, { a: 1.0 }],
    ['empty objects', {}, {}],
    ['empty arrays', [], []],
    ['texts in normal form', 'cafe\u0301', 'café'],
    ['null alone', null, null],
  ])('agree: %s', (_, a, b) => {
    expect(agree(a, b)).toBe(true);
  });

  test.each<[string, unknown, unknown]>([
    ['another value', { a: 1, b: 2 }, { a: 1, b: 3 }],
    ['a number and its text', { a: 5 }, { a: '5' }],
    ['a boolean and its text', true, 'true'],
    ['false and null', { a: false }, { a: null }],
    ['zero and null', { a: 0 }, {}],
    ['an empty text and null', { a: '' }, { a: null }],
    ['an empty array and null', { a: [] }, { a: null }],
    ['an empty object and null', { a: {} }, { a: null }],
    ['an object and an array', {}, []],
    ['an object and a text', { a: { b: 1 } }, { a: '{"b":1}' }],
    ['an array in another order', [1, 2], [2, 1]],
    ['an element more, though null', [1], [1, null]],
    ['texts of other case', 'Yes', 'yes'],
    ['large numbers', 1e21, 1e22],
  ])('disagree: %s', (_, a, b) => {
    expect(agree(a, b)).toBe(false);
  });

  test('a number too large for JSON is equal to itself alone', () => {
    expect(agreeAsTexts('[1e999]', '[1e999]', { compare: { relativeTolerance: 0.5 } })).toBe(true);
    expect(agreeAsTexts('[1e999]', '[5]', { compare: { relativeTolerance: 0.5 } })).toBe(false);
    expect(agreeAsTexts('[1e999]', '[null]')).toBe(false);
    expect(agreeAsTexts('[-0]', '[0]')).toBe(true);
  });
});

describe('the rules of a comparison', () => {
  test('hold for texts and numbers wherever they are', () => {
    const compare = { ...LENIENT_TEXT, relativeTolerance: 0.01 };
    const [a, b] = [
      { name: ' ACME, Inc.', items: [{ price: 100 }] },
      { name: 'Acme Inc', items: [{ price: 99.5 }] },
    ];
    expect(agree(a, b, { compare })).toBe(true);
    expect(agree(a, b)).toBe(false);
  });

  test('do not make a text of nothing but marks the same as another', () => {
    expect(agree({ currency: '$' }, { currency: '€' }, { compare: LENIENT_TEXT })).toBe(false);
    expect(agree({ currency: ' $' }, { currency: '$' }, { compare: LENIENT_TEXT })).toBe(true);
  });

  test('are overridden by those of a path, for all below it', () => {
    const compare = {
      fields: {
        buyer: { ignoreCase: true },
        'items[].price': { relativeTolerance: 0.1 },
        'buyer.vat': { ignoreCase: false },
      },
    };
    const answer = (name: string, vat: string, price: number) => ({
      buyer: { name, vat },
      items: [{ price: 1 }, { price }],
    });
    expect(agree(answer('A', 'X', 100), answer('a', 'X', 95), { compare })).toBe(true);
    expect(agree(answer('A', 'X', 100), answer('a', 'x', 100), { compare })).toBe(false);
    expect(agree(answer('A', 'X', 100), answer('A', 'X', 80), { compare })).toBe(false);
  });

  test('are merged option by option, the deepest first', () => {
    const compare = { fields: { a: { ignoreCase: true, ignoreWhitespace: true }, 'a.b': { ignoreWhitespace: false } } };
    expect(agree({ a: { b: 'X' } }, { a: { b: 'x' } }, { compare })).toBe(true);
    expect(agree({ a: { b: 'x ' } }, { a: { b: 'x' } }, { compare })).toBe(false);
  });

  test.each(['$', '$[]', '[]', '$[].a', '[].a'])('may name the root and what is below it: %s', (path) => {
    expect(agree([{ a: 'X' }], [{ a: 'x' }], { compare: { fields: { [path]: { ignoreCase: true } } } })).toBe(true);
  });

  test('may name a field of an object with its root, and a key with a dot', () => {
    const compare = { fields: { '$.a.b': { ignoreCase: true } } };
    expect(agree({ a: { b: 'X' } }, { a: { b: 'x' } }, { compare })).toBe(true);
    expect(agree({ 'a.b': 'X' }, { 'a.b': 'x' }, { compare })).toBe(true);
    expect(agree({ a: 'X' }, { a: 'x' }, { compare })).toBe(false);
  });
});

describe('a free field', () => {
  const compare = { fields: { note: { free: true }, 'items[].id': { free: true } } };

  test('need not agree, nor what is below it, nor be there', () => {
    const a = { total: 1, note: { text: 'x', by: [1, 2] }, items: [{ id: 1, n: 1 }] };
    expect(agree(a, { total: 1, note: 'y', items: [{ id: 2, n: 1 }] }, { compare })).toBe(true);
    expect(agree(a, { total: 1, items: [{ n: 1 }] }, { compare })).toBe(true);
    expect(agree(a, { total: 2, note: a.note, items: a.items }, { compare })).toBe(false);
  });

  test('counts for nothing', () => {
    expect(share({ a: 1, b: 1, note: 1 }, { a: 1, b: 2, note: 1 }, { compare })).toBe(50);
  });

  test('stays so, whatever the rules below it', () => {
    const fields = { note: { free: true }, 'note.text': { free: false } };
    expect(agree({ note: { text: 1 } }, { note: { text: 2 } }, { compare: { fields } })).toBe(true);
  });

  test('leaves nothing to disagree on when it is all there is', () => {
    expect(agree({ note: 1 }, { note: 2 }, { compare })).toBe(true);
    expect(agree([1], { a: 2 }, { compare: { fields: { $: { free: true } } } })).toBe(true);
  });
});

describe('the share of fields that agree', () => {
  test('counts leaves, by their weight', () => {
    const [a, b] = [
      { x: 1, y: { z: 2, t: 3 } },
      { x: 9, y: { z: 2, t: 3 } },
    ];
    expect(share(a, b)).toBe(66);
    expect(share(a, b, { compare: { fields: { x: { weight: 2 } } } })).toBe(50);
    expect(share(a, b, { compare: { fields: { y: { weight: 2 } } } })).toBe(80);
    expect(share(a, b, { compare: { fields: { x: { weight: 0 } } } })).toBe(100);
  });

  test.each([0.1, 0.3, 0.7, 1])('reaches a threshold that is met exactly: %d', (threshold) => {
    const fields = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`k${index}`, { weight: 0.1 }]));
    const answer = (differing: number) =>
      Object.fromEntries(Object.keys(fields).map((key, index) => [key, index < differing ? `${differing}` : '']));
    const differing = Math.round(10 - threshold * 10);
    expect(agree(answer(0), answer(differing), { compare: { threshold, fields } })).toBe(true);
    expect(agree(answer(0), answer(differing + 1), { compare: { threshold, fields } })).toBe(false);
  });

  test('counts all leaves of what only one has', () => {
    expect(share({ a: 1, b: { c: 1, d: 1 } }, { a: 1 })).toBe(33);
    expect(share({ a: 1, b: { c: 1, d: 1 } }, { a: 1, b: 'text' })).toBe(33);
    expect(share({ a: 1, b: [1, 1, 1] }, { a: 1, b: [] })).toBe(25);
  });
});

describe('arrays', () => {
  test('are aligned: an element that one lacks puts none out of step', () => {
    expect(share([1, 2, 3, 4], [1, 3, 4])).toBe(75);
    expect(share([1, 2, 3, 4], [0, 1, 2, 3, 4])).toBe(80);
    expect(share(['a', 'b', 'c'], ['b', 'c', 'd'])).toBe(50);
  });

  test('of objects are aligned by what they have in common', () => {
    const [x, y, z] = [1, 2, 3].map((n) => ({ name: `item ${n}`, price: n, unit: 'kg' }));
    expect(share([x, y, z], [x, { ...z, price: 9 }])).toBe(55);
  });

  test('replace an element rather than lose one and gain another', () => {
    expect(share([1, 2, 3], [1, 9, 3])).toBe(66);
  });

  test('are compared position by position when they are long, but for what is equal at both ends', () => {
    const long = Array.from({ length: 1_000 }, (_, index) => index);
    expect(share(long, [...long.slice(0, 500), -1, ...long.slice(500)])).toBe(99);
    const [a, b] = [
      [-1, ...long, -2],
      [...long, -3],
    ];
    expect(share(a, b)).toBe(0);
    expect(share(a.slice(0, 300), b.slice(0, 300))).toBe(99);
  });

  test('are compared in good time when they are large and all different', () => {
    const rows = (seed: number) =>
      Array.from({ length: 600 }, (_, row) => ({
        a: row * seed,
        b: `${row}-${seed}`,
        c: [seed, row],
        d: { e: -seed },
      }));
    const startedAt = performance.now();
    agreementOf({
      answers: [2, 3, 5, 7].map((seed) => jsonAnswer(rows(seed))),
      compare: jsonCompare({ ...LENIENT_TEXT, similarity: 0.9, relativeTolerance: 0.01 }),
      schema: null,
    });
    // Some 100 ms; without a bound it would be many seconds.
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});

describe('sets', () => {
  const byRule: By = { compare: { fields: { tags: { as: 'set' } } } };
  const bySchema: By = { schema: { properties: { tags: { type: 'array', uniqueItems: true } } } };

  test.each([
    ['a rule', byRule],
    ['the schema', bySchema],
  ])('by %s know no order and no repetition', (_, by) => {
    expect(agree({ tags: ['a', 'b', 'a'] }, { tags: ['b', 'a'] }, by)).toBe(true);
    expect(agree({ tags: ['a', 'b'] }, { tags: ['a', 'c'] }, by)).toBe(false);
    expect(agree({ tags: ['a', 'b'] }, { tags: ['a'] }, by)).toBe(false);
    expect(agree({ tags: [] }, { tags: ['a'] }, by)).toBe(false);
    expect(agree({ tags: [] }, { tags: [] }, by)).toBe(true);
    expect(agree({ other: [1, 2] }, { other: [2, 1] }, by)).toBe(false);
  });

  test('count each element', () => {
    expect(share({ tags: ['a', 'b', 'c'] }, { tags: ['c', 'b', 'd'] }, byRule)).toBe(50);
  });

  test('compare their elements as any others', () => {
    const compare = { ignoreCase: true, relativeTolerance: 0.1, fields: { $: { as: 'set' as const } } };
    expect(agree([{ n: 'A', p: null }, 'X'], ['x', { n: 'a' }], { compare })).toBe(true);
    // Both are like 100; that they are matched does not depend on who comes first.
    expect(agree([95, 105], [100], { compare })).toBe(true);
    expect(agree([100, 1], [95, 105, 1], { compare })).toBe(true);
    expect(agree([95, 105, 200], [100], { compare })).toBe(false);
  });

  test('may lie in each other, however deep', () => {
    const deep = (core: number) => `${'['.repeat(90)}${core}${']'.repeat(90)}`;
    const by: By = { compare: { relativeTolerance: 0.1, fields: { $: { as: 'set' } } } };
    expect(agreeAsTexts(deep(100), deep(101), by)).toBe(true);
    expect(agreeAsTexts(deep(100), deep(200), by)).toBe(false);
  });
});

describe('dates', () => {
  const schema = {
    properties: { at: { type: 'string', format: 'date-time' }, on: { type: 'string', format: 'date' } },
  };

  test.each([
    ['an offset', '2026-01-31T12:00:00+02:00', '2026-01-31T10:00:00Z'],
    ['an offset over midnight', '2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00Z'],
    ['an offset over a leap day', '2024-03-01T00:30:00+01:00', '2024-02-29T23:30:00Z'],
    ['a negative offset', '2026-01-31T05:00:00-0500', '2026-01-31T10:00:00Z'],
    ['no offset', '2026-01-31T10:00:00', '2026-01-31T10:00:00Z'],
    ['a space', '2026-01-31 10:00', '2026-01-31T10:00:00z'],
    ['a fraction', '2026-01-31T10:00:00.500Z', '2026-01-31T10:00:00.5Z'],
    ['a fraction of nothing', '2026-01-31T10:00:00.000Z', '2026-01-31T10:00:00Z'],
    ['no time', '2026-01-31', '2026-01-31T00:00:00Z'],
    ['white space', ' 2026-01-31', '2026-01-31'],
    ['years before 1970', '1900-03-01T00:00:00+01:00', '1900-02-28T23:00:00Z'],
  ])('agree by their instant: %s', (_, a, b) => {
    expect(agree({ at: a }, { at: b }, { schema })).toBe(true);
    expect(agree({ on: a }, { on: b }, { compare: { fields: { on: { as: 'date' } } } })).toBe(true);
    expect(agree({ at: a }, { at: b })).toBe(false);
  });

  test.each([
    ['another day', '2026-01-31', '2026-01-30'],
    ['another offset', '2026-01-31T10:00:00+01:00', '2026-01-31T10:00:00Z'],
    ['a thousandth of a second', '2026-01-31T10:00:00.001Z', '2026-01-31T10:00:00Z'],
    ['a billionth of a billionth', '2026-01-31T10:00:00.000000000000000001Z', '2026-01-31T10:00:00Z'],
    ['a day that does not exist', '2026-02-29', '2026-03-01'],
    ['a month that does not exist', '2026-13-01', '2027-01-01'],
    ['a time that does not exist', '2026-01-31T24:00:00Z', '2026-02-01T00:00:00Z'],
    ['an offset that does not exist', '2026-01-31T00:00:00+00:60', '2026-01-30T23:00:00Z'],
    ['no ISO date', '31 January 2026', '2026-01-31'],
    ['no date at all', 'soon', '2026-01-31'],
  ])('disagree: %s', (_, a, b) => {
    expect(agree({ at: a }, { at: b }, { schema })).toBe(false);
  });

  test('are texts where they are no ISO dates', () => {
    expect(agree({ on: 'Early 2026' }, { on: 'early 2026' }, { schema, compare: { ignoreCase: true } })).toBe(true);
    expect(agree({ on: 5 }, { on: 5 }, { schema })).toBe(true);
  });

  test('mean the same in every time zone of the machine', () => {
    const before = process.env['TZ'];
    try {
      for (const zone of ['America/New_York', 'Pacific/Kiritimati', 'UTC']) {
        process.env['TZ'] = zone;
        expect(agree({ at: '2026-03-08T02:30:00' }, { at: '2026-03-08T02:30:00Z' }, { schema })).toBe(true);
        expect(agree({ at: '2026-03-08' }, { at: '2026-03-08T00:00:00Z' }, { schema })).toBe(true);
      }
    } finally {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    }
  });
});

describe('the schema', () => {
  const date = { type: 'string', format: 'date-time' };
  const [A, B] = ['2026-01-31T12:00:00+02:00', '2026-01-31T10:00:00Z'];

  test.each<[string, JsonSchema]>([
    ['a local reference', { properties: { at: { $ref: '#/$defs/a~1b' } }, $defs: { 'a/b': date } }],
    [
      'references in a row',
      { properties: { at: { $ref: '#/definitions/x' } }, definitions: { x: { $ref: '#/definitions/y' }, y: date } },
    ],
    ['a reference at the root', { $ref: '#/$defs/root', $defs: { root: { properties: { at: date } } } }],
    [
      'allOf',
      { allOf: [{ properties: { other: {} } }, { properties: { at: { allOf: [{ type: 'string' }, date] } } }] },
    ],
    ['anyOf with null', { properties: { at: { anyOf: [{ type: 'null' }, date] } } }],
    [
      'oneOf by type',
      { properties: { at: { oneOf: [{ type: 'integer' }, { type: 'object' }, date, { type: 'string' }] } } },
    ],
    ['oneOf at the root', { oneOf: [{ type: 'array' }, { properties: { at: date } }] }],
    [
      'oneOf by a tag',
      { oneOf: [{ properties: { kind: { const: 'x' } } }, { properties: { kind: { enum: ['y'] }, at: date } }] },
    ],
    [
      'anyOf through references',
      {
        properties: { at: { anyOf: [{ $ref: '#/$defs/n' }, { $ref: '#/$defs/d' }] } },
        $defs: { n: { type: 'number' }, d: date },
      },
    ],
    [
      'a list of types',
      { type: ['object', 'null'], properties: { at: { type: ['null', 'string'], format: 'date-time' } } },
    ],
    [
      'types in capitals',
      { type: 'OBJECT', properties: { at: { anyOf: [{ type: 'INTEGER' }, { ...date, type: 'STRING' }] } } },
    ],
    ['additional properties', { properties: { kind: {} }, additionalProperties: date }],
  ])('is followed through %s', (_, schema) => {
    expect(agree({ kind: 'y', at: A }, { kind: 'y', at: B }, { schema })).toBe(true);
    expect(agree({ kind: 'y', at: A }, { kind: 'y', at: A.replace('12', '13') }, { schema })).toBe(false);
  });

  test.each<[string, JsonSchema]>([
    ['items', { items: date }],
    ['the first items', { prefixItems: [date], items: false }],
    ['the first items of older drafts', { items: [date] }],
    ['items that refer to themselves', { items: { anyOf: [date, { $ref: '#' }] } }],
  ])('is followed to %s', (_, schema) => {
    expect(agree([A], [B], { schema })).toBe(true);
    expect(agree([[A]], [[B]], { schema })).toBe(_ === 'items that refer to themselves');
  });

  test('makes an enumeration exact, whatever the rules for texts', () => {
    const compare = { ignoreCase: true, similarity: 0.1 };
    for (const of of [{ enum: ['paid', 'Paid', 'unpaid'] }, { const: 'paid' }]) {
      const schema = { properties: { state: of } };
      expect(agree({ state: 'paid' }, { state: 'paid' }, { schema, compare })).toBe(true);
      expect(agree({ state: 'paid' }, { state: 'Paid' }, { schema, compare })).toBe(false);
      expect(agree({ state: 'paid' }, { state: 'unpaid' }, { schema, compare })).toBe(false);
    }
  });

  test.each<[string, JsonSchema]>([
    ['refers to itself', { $ref: '#' }],
    [
      'refers in a circle',
      { allOf: [{ $ref: '#/$defs/a' }], $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }] }, b: { $ref: '#/$defs/a' } } },
    ],
    ['refers to nothing', { $ref: '#/nowhere/at/all' }],
    ['refers elsewhere', { $ref: 'https://example.com/schema.json' }],
    ['refers to a prototype', { $ref: '#/constructor/prototype' }],
    [
      'has keywords of other types',
      { type: 5, properties: [], items: 'x', anyOf: {}, allOf: [null, 1, 'x'], enum: {} },
    ],
    ['is nothing but false', { allOf: [false], anyOf: [false] }],
    ['names no place of its own', { properties: { __proto__: { format: 'date' }, constructor: { format: 'date' } } }],
    [
      'branches without end',
      {
        anyOf: Array.from({ length: 50_000 }, () => ({ $ref: '#' })),
        allOf: Array.from({ length: 150_000 }, () => ({})),
      },
    ],
  ])('says less when it %s', (_, schema) => {
    expect(agree({ a: { a: [1] } }, { a: { a: [1] } }, { schema })).toBe(true);
    expect(agree({ a: { a: [1] } }, { a: { a: [2] } }, { schema })).toBe(false);
  });
});

describe('hostile answers', () => {
  test.each(['[', '{"a":'])('that are nested deeply are compared all the same: %s', (open) => {
    const deep = (levels: number, core: string) =>
      open.repeat(levels) + core + (open === '[' ? ']' : '}').repeat(levels);
    for (const levels of [99, 100, 101, 900]) {
      expect(agreeAsTexts(deep(levels, '{"x":1,"y":2}'), deep(levels, '{"y":2,"x":1}'))).toBe(true);
      expect(agreeAsTexts(deep(levels, '1'), deep(levels, '2'))).toBe(false);
      expect(agreeAsTexts(deep(levels, '1'), deep(levels + 1, '1'))).toBe(false);
    }
  });

  test('that are nested beyond all sense are unreadable', () => {
    for (const levels of [1_001, 200_000]) {
      const answer = answerOf(`${'['.repeat(levels)}1${']'.repeat(levels)}`);
      expect(agreementOf({ answers: [answer], compare: jsonCompare(), schema: null }).readable).toEqual([false]);
    }
  });

  test('have no key that is more than a key', () => {
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '$', 'a.b', '[]']) {
      const [a, b] = [1, 2].map((value) => `{${JSON.stringify(key)}:{"x":${value}}}`) as [string, string];
      expect(agreeAsTexts(a, a)).toBe(true);
      expect(agreeAsTexts(a, b)).toBe(false);
      expect(agreeAsTexts(a, '{}')).toBe(false);
    }
    const fields = JSON.parse('{"__proto__":{"free":true}}');
    expect(agreeAsTexts('{"__proto__":1}', '{"__proto__":2}', { compare: { fields } })).toBe(true);
    expect(agreeAsTexts('{"a":1}', '{"a":2}', { compare: { fields } })).toBe(false);
  });

  test('with very many elements or keys do not exhaust the stack', () => {
    const many = (last: number) => `[${'0,'.repeat(200_000)}${last}]`;
    expect(agreeAsTexts(many(1), many(1))).toBe(true);
    expect(agreeAsTexts(many(1), many(2))).toBe(false);
    expect(agreeAsTexts(many(1), '[1]')).toBe(false);
  });
});
