// Texts that do not fit are split where people would, and nothing is lost.

import { array, assert, constantFrom, integer, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitText } from '../../src/documents/split-text.ts';
import { textTokens } from '../../src/domain/text-tokens.ts';

const without = (text: string) => text.replaceAll(/\s+/g, '');

describe('a text that is too long', () => {
  test('is split between paragraphs', () => {
    const paragraph = 'One two three four five six seven eight.';
    const parts = splitText([paragraph, paragraph, paragraph].join('\n\n'), { tokens: textTokens(paragraph) * 2.5 });
    expect(parts).toEqual([`${paragraph}\n\n${paragraph}`, paragraph]);
  });

  test('is split between sentences where a paragraph is too long', () => {
    const sentence = 'One two three four five six seven eight.';
    const parts = splitText(Array.from({ length: 4 }, () => sentence).join(' '), {
      tokens: textTokens(sentence) * 2.5,
    });
    expect(parts).toEqual([`${sentence} ${sentence}`, `${sentence} ${sentence}`]);
  });

  test('is one part where it fits, and none where there is nothing', () => {
    expect(splitText('A.\n\nB.', { tokens: 100 })).toEqual(['A.\n\nB.']);
    expect(splitText(' \n', { tokens: 100 })).toEqual([]);
  });

  test('has everything once, in order, in parts that fit', () => {
    const words = array(constantFrom('fox', 'jumps.', '\n\n', 'über', '日本語の文章', '🦊🦊🦊', 'x'.repeat(60)), {
      maxLength: 200,
    });
    assert(
      property(words, string(), integer({ min: 12, max: 80 }), (some, noise, tokens) => {
        const text = `${some.join(' ')}${noise}`;
        const parts = splitText(text, { tokens });
        expect(without(parts.join(''))).toBe(without(text));
        for (const part of parts) expect(textTokens(part)).toBeLessThanOrEqual(tokens);
      }),
    );
  });
});

test('a long document is split in time that grows with its length only', () => {
  const text = 'The quick brown fox jumps over the lazy dog. '.repeat(8).concat('\n\n');
  const seconds = (count: number) => {
    const started = performance.now();
    splitText(text.repeat(count), { tokens: 4_000 });
    return performance.now() - started;
  };
  seconds(50);
  expect(seconds(2_000) / Math.max(1, seconds(200))).toBeLessThan(40);
});
