// What is expected of an answer: bounds as they are given, what does not fit together, and the words for what was found.

import { describe, expect, it } from 'vitest';
import type { Expect } from '../../src/domain/expectation.ts';
import { boundsFaults, contradiction, countFault, expectOf } from '../../src/domain/expectation.ts';
import { isChecked } from '../../src/domain/prompt.ts';

describe('a bound', () => {
  it('that is a number is exact', () => {
    expect(expectOf({ bullets: 3, words: { max: 9 }, syntax: 'sql' })).toEqual({
      bullets: { min: 3, max: 3 },
      words: { max: 9 },
      syntax: 'sql',
    });
  });

  it.each<[Expect, string, string | null]>([
    [{ bullets: { min: 3, max: 3 } }, '- a\n- b', 'it has 2 bullet points, exactly 3 are expected'],
    [{ bullets: { min: 1, max: 1 } }, '- a\n- b', 'it has 2 bullet points, exactly 1 is expected'],
    [{ bullets: { min: 3, max: 3 } }, '- a\n- b\n- c', null],
    [{ words: { max: 2 } }, 'one two three', 'it has 3 words, at most 2 are expected'],
    [{ words: { min: 2 } }, 'one', 'it has 1 word, at least 2 are expected'],
    [{ characters: { min: 2, max: 4 } }, 'abcde', 'it has 5 characters, 2 to 4 are expected'],
    [{ paragraphs: { min: 0, max: 1 } }, 'a\n\nb', 'it has 2 paragraphs, at most 1 is expected'],
    [{ words: { min: 1, max: 1 } }, 'one', null],
    [{}, 'anything', null],
  ])('%j of %j: %s', (expected, text, fault) => expect(countFault(expected, text)).toBe(fault));

  it('has no min above its max', () => {
    expect(boundsFaults({ words: { min: 3, max: 2 }, bullets: { min: 1, max: 1 } })).toEqual([
      { path: ['words'], message: 'has a min (3) above its max (2)' },
    ]);
  });
});

describe('two expectations', () => {
  it('may narrow each other', () => {
    expect(contradiction([{ words: { min: 3 } }, { words: { max: 3 } }])).toBeNull();
  });

  it('must leave room for an answer', () => {
    expect(contradiction([{ words: { min: 4 } }, { words: { max: 3 } }])).toEqual({
      path: ['words'],
      message: "contradicts the model's own: at least 4 and at most 3",
    });
  });
});

describe('a prompt', () => {
  it.each([
    [{}, false],
    [{ responseFormat: { type: 'text' } as const }, false],
    [{ responseFormat: { type: 'json' } as const }, true],
    [{ responseFormat: { type: 'json-schema', name: 'x', schema: {} } as const }, true],
    [{ expect: [{ words: { min: 1 } }] }, true],
    [{ expect: [] }, false],
  ])('%j is checked: %s', (fields, isWhole) => {
    expect(isChecked({ messages: [], params: {}, ...fields })).toBe(isWhole);
  });
});
