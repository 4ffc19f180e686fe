// JSON Schemas: which are understood, what they decide, and what is said of an answer that does not match.

import { describe, expect, it } from 'vitest';
import { schemaCheck } from '../../activities/expect/schema-check.ts';

describe('a schema', () => {
  const faultOf = (schema: Record<string, unknown>, text: string) => {
    const check = schemaCheck(schema);
    return check.type === 'checker' ? check.faultOf(text) : check.because;
  };

  it('decides with its formats', () => {
    const schema = { type: 'object', properties: { day: { type: 'string', format: 'date' } }, required: ['day'] };
    expect(faultOf(schema, '{"day":"2026-11-23"}')).toBeNull();
    expect(faultOf(schema, '{"day":"tomorrow"}')).toBe('/day must match format "date"');
    expect(faultOf(schema, '{}')).toBe("the value must have required property 'day'");
    expect(faultOf(schema, '{"day":')).toBe('it is no JSON');
  });

  it('may be of draft 2020-12, and have keywords that nobody knows', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      prefixItems: [{ type: 'integer' }],
      items: false,
      'x-note': 'ours',
    };
    expect(faultOf(schema, '[1]')).toBeNull();
    expect(faultOf(schema, '[1,2]')).toMatch(/must NOT have more than 1 items/);
  });

  it('may have the id of another one', () => {
    expect(faultOf({ $id: 'same', type: 'string' }, '"a"')).toBeNull();
    expect(faultOf({ $id: 'same', type: 'number' }, '"a"')).toBe('the value must be number');
  });

  it('says all that is wrong, with what a message leaves out, and no more than helps', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'integer' }, b: { enum: ['x', 'y'] } },
      required: ['a', 'b'],
      additionalProperties: false,
    };
    expect(faultOf(schema, '{"a":"5","b":"z","c":1}')).toBe(
      'the value must NOT have additional properties ("c"); /a must be integer; ' +
        '/b must be equal to one of the allowed values (["x","y"])',
    );
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`c${index}`, 1]));
    expect(faultOf(schema, JSON.stringify(many))?.split(';')).toHaveLength(8);
  });

  it('holds nobody up by a pattern that takes for ever', () => {
    const beganAt = performance.now();
    const schema = { type: 'string', pattern: '^(a+)+$' };
    expect(faultOf(schema, JSON.stringify(`${'a'.repeat(40)}b`))).toBe(
      'it could not be held against the schema within 500 ms',
    );
    expect(performance.now() - beganAt).toBeLessThan(5_000);
    expect(faultOf(schema, '"aaa"')).toBeNull();
  });

  it('is none when it is so large that compiling it would hold up everything else', () => {
    const beganAt = performance.now();
    const many = Array.from({ length: 20_000 }, (_, index) => [`p${index}`, { type: 'object', required: ['a'] }]);
    expect(schemaCheck({ properties: Object.fromEntries(many) }).type).toBe('invalid');
    const large = { properties: Object.fromEntries(many.slice(0, 100)) };
    const refers = Array.from({ length: 3_000 }, (_, index) => [`p${index}`, { $ref: '#/definitions/large' }]);
    const schema = { definitions: { large }, properties: Object.fromEntries(refers) };
    expect(faultOf(schema, '{"p0":{"p1":{"a":1}}}')).toBeNull();
    expect(performance.now() - beganAt).toBeLessThan(5_000);
  });
});
