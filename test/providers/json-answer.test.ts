// Answers that ought to be JSON: what is taken off and put right, what is left alone, and what counts as cut.

import { describe, expect, it } from 'vitest';
import { isLeftOpen, readJsonAnswer } from '../../activities/providers/json-answer.ts';

const repaired = (text: string) => ({ type: 'json', text, isRepaired: true });

describe('plain JSON', () => {
  it.each(['{"a":1}', ' [1, 2]\n', '"text"', '12', 'null'])('stays as it came: %j', (text) => {
    expect(readJsonAnswer(text)).toEqual({ type: 'json', text, isRepaired: false });
  });
});

describe('an answer', () => {
  it.each([
    ['in a fence', '```json\n{"a":1}\n```', '{"a":1}'],
    ['in a fence without a name', '  ```\n[1]\n```  \n', '[1]'],
    ['in a fence with other line breaks', '```JSON\r\n{"a":\r\n1}\r\n```', '{"a":\r\n1}'],
    ['with a fence in a value', '```json\n{"a":"```"}\n```', '{"a":"```"}'],
    ['that is a text in a fence', '```json\n"a"\n```', '"a"'],
    ['behind words', 'Here is the JSON:\n{"a": 1}', '{"a":1}'],
    ['before words', '{"a": 1}\n\nIs there anything else?', '{"a":1}'],
    ['in a fence among words', 'Sure, "as asked":\n\n```json\n{"a": [1]}\n```\nI hope it helps.', '{"a":[1]}'],
    ['behind a byte order mark', '\uFEFF{"a":1}', '{"a":1}'],
    ['with trailing commas', '{"a":[1,2,],}', '{"a":[1,2]}'],
    ['with single quotes', `{'a': 'it\\'s "x"', 'b': ['c']}`, '{"a":"it\'s \\"x\\"","b":["c"]}'],
    [
      'as Python prints it',
      `{'a': True, 'b': None, 'c': False, 'd': "it's"}`,
      '{"a":true,"b":null,"c":false,"d":"it\'s"}',
    ],
    ['with comments', '{\n// first\n"a": 1, /* } */ "b": "// no"\n}', '{"a":1,"b":"// no"}'],
    ['with raw line breaks in a text', '{"a":"one\ntwo\tthree"}', '{"a":"one\\ntwo\\tthree"}'],
    [
      'with a number that no double holds',
      '{"id": 12345678901234567890, "x": 1.10,}',
      '{"id":12345678901234567890,"x":1.10}',
    ],
    ['behind a variable', 'const answer = {"a":1};', '{"a":1}'],
  ])('%s becomes plain JSON', (_title, answer, json) => {
    expect(readJsonAnswer(answer)).toEqual(repaired(json));
  });

  it.each([
    ['nothing', ''],
    ['words', 'I can not do that.'],
    ['words in brackets', 'I can not do that [sadly].'],
    ['a bracket in words', 'Hello {'],
    ['two values', '{"a":1}\n{"a":2}'],
    ['two lists', '[1] and [2]'],
    ['two values in two fences', '```json\n{"a":1}\n```\nor\n```json\n{"a":2}\n```'],
    ['a value and a scalar', '{"a":1}\n2'],
    ['a list without its brackets', '{"a":1},'],
    ['a member without its object', '"a": {"b":1}'],
    ['the rest of an object', '"items": [1,2], "n": 3}'],
    ['an object with a bracket too many', '{"a":1}}'],
    ['a fence that is not closed', '```json\n{"a":1}'],
    ['a text that holds JSON', '"it says {\\"a\\":1} there'],
    ['bare words as values', '{"a": yes}'],
    ['bare words as keys', '{a: 1}'],
    ['an apostrophe in single quotes', "{'a': 'it's'}"],
    ['an escape that Python and JavaScript read differently', "{'a': '1\\/2'}"],
    ['an escape that JSON has not', '{"a": "\\x41"}'],
    ['a missing comma', '{"a":1 "b":2}'],
    ['a comma without a value', '[,]'],
    ['two commas', '[1,,2]'],
    ['numbers of other languages', '{"a": 0x10, "b": .5, "c": +1, "d": 1_000}'],
    ['values that JSON has not', '{"a": NaN}'],
    ['an ellipsis', '{"a": [1, ...]}'],
    ['a set', "{'a', 'b'}"],
    ['a member of an object that is broken itself', '{"a": {"b":1}, "c": oops}'],
  ])('that is %s is none', (_title, answer) => {
    expect(readJsonAnswer(answer).type).toBe('none');
  });

  it.each([
    '{',
    '[1, 2',
    '{"a":"b',
    '{"a":"\\"}',
    '{"a":[1]',
    '```json\n{"a":1',
    '  {"a": "}"',
    'Here you are:\n{"a": 1, "b',
    "{'a': 'b",
    '{"a": Tru',
    '{"a": 1, // and',
  ])('that is left open is a cut, and is not closed: %j', (text) => {
    expect(readJsonAnswer(text)).toEqual({ type: 'open' });
  });

  it('nested deeper than anybody means is none, and does no harm', () => {
    expect(readJsonAnswer(`${'['.repeat(100_000)}1,${']'.repeat(100_000)}`).type).not.toBe('json');
  });
});

describe('an answer that is made to hold up its reader', () => {
  it.each([
    ['spaces in a fence that is left open', `\`\`\`\n${' '.repeat(100_000)}x`],
    ['spaces behind brackets', `{${' '.repeat(100_000)}`],
    ['quotes in words', `{"a":1} ${'" '.repeat(50_000)}`],
    ['fences', '```x\n'.repeat(20_000)],
  ])('takes no time: %s', (_title, answer) => {
    const beganAt = performance.now();
    expect(readJsonAnswer(answer).type).not.toBe('json');
    expect(performance.now() - beganAt).toBeLessThan(5_000);
  });
});

describe('the arguments of a tool', () => {
  it.each(['{', '[1, 2', '{"a":"b', '{"a":[1]'])('are left open: %j', (text) => expect(isLeftOpen(text)).toBe(true));

  it.each(['', '{}', '{"a":"{"}', '{"a":1}}', '"abc', '{"a":1} and more'])('are not left open: %j', (text) => {
    expect(isLeftOpen(text)).toBe(false);
  });
});
