// Answers that ought to be JSON: what is taken off, what counts as cut, which schemas are understood.

import { describe, expect, it } from 'vitest';
import { isLeftOpen, schemaCheck, withoutFences } from '../../activities/providers/json-answer.ts';

describe('a fence', () => {
  it.each([
    ['```json\n{"a":1}\n```', '{"a":1}'],
    ['  ```\n[1]\n```  \n', '[1]'],
    ['```JSON\r\n{"a":\r\n1}\r\n```', '{"a":\r\n1}'],
    ['```json\n{"a":"```"}\n```', '{"a":"```"}'],
  ])('around the whole answer is taken off: %j', (text, inner) => {
    expect(withoutFences(text)).toBe(inner);
  });

  it.each([
    '{"a":1}',
    'Here you are:\n```json\n{"a":1}\n```',
    '```json\n{"a":1}\n```\nAnything else?',
    '```json\n{"a":1}',
  ])('that is not around the whole answer stays: %j', (text) => expect(withoutFences(text)).toBe(text));
});

describe('JSON', () => {
  it.each([
    '{',
    '[1, 2',
    '{"a":"b',
    '{"a":"\\"}',
    '{"a":[1]',
    '```json\n{"a":1',
    '  {"a": "}"',
  ])('is left open: %j', (text) => {
    expect(isLeftOpen(text)).toBe(true);
  });

  it.each([
    '',
    'Hello {',
    '{}',
    '{"a":"{"}',
    '{"a":1}}',
    '"abc',
    '{"a":1} and more',
  ])('is not left open: %j', (text) => {
    expect(isLeftOpen(text)).toBe(false);
  });
});

describe('a schema', () => {
  const isValid = (schema: Record<string, unknown>, text: string) => {
    const check = schemaCheck(schema);
    return check.type === 'checker' ? check.isValid(text) : check.because;
  };

  it('decides with its formats', () => {
    const schema = { type: 'object', properties: { day: { type: 'string', format: 'date' } }, required: ['day'] };
    expect(isValid(schema, '{"day":"2026-11-23"}')).toBe(true);
    expect(isValid(schema, '{"day":"tomorrow"}')).toBe(false);
    expect(isValid(schema, '{}')).toBe(false);
    expect(isValid(schema, '{"day":')).toBe(false);
  });

  it('may be of draft 2020-12, and have keywords that nobody knows', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      prefixItems: [{ type: 'integer' }],
      items: false,
      'x-note': 'ours',
    };
    expect(isValid(schema, '[1]')).toBe(true);
    expect(isValid(schema, '[1,2]')).toBe(false);
  });

  it('may have the id of another one', () => {
    expect(isValid({ $id: 'same', type: 'string' }, '"a"')).toBe(true);
    expect(isValid({ $id: 'same', type: 'number' }, '"a"')).toBe(false);
  });
});
