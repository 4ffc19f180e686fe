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
    const words = array(
      constantFrom(
        'fox',
        'jumps.',
        '\n',
        '\n\n',
        ' \t',
        '\r\n',
        '\u3000',
        'über',
        '日本語の文章',
        '🦊🦊🦊',
        'x'.repeat(60),
      ),
      { maxLength: 200, size: 'max' },
    );
    assert(
      property(
        words,
        constantFrom('', ' '),
        string(),
        integer({ min: 12, max: 80 }),
        (some, between, noise, tokens) => {
          const text = `${some.join(between)}${noise}`;
          const parts = splitText(text, { tokens });
          expect(without(parts.join(''))).toBe(without(text));
          for (const part of parts) expect(textTokens(part)).toBeLessThanOrEqual(tokens);
        },
      ),
    );
  });
});

describe('a long document is split in time that grows with its length only', () => {
  const line = 'The quick brown fox jumps over the lazy dog. ';

  test.each([
    ['between paragraphs', `${line.repeat(8)}\n\n`, 4_000],
    ['between lines, into long parts', `${line}\n`, 50_000],
    ['between words, into long parts', 'fox ', 50_000],
  ])('%s', (_, piece, tokens) => {
    const ms = (characters: number) => {
      const text = piece.repeat(characters / piece.length);
      const started = performance.now();
      splitText(text, { tokens });
      return performance.now() - started;
    };
    ms(20_000);
    // Whole documents are split on the worker's own event loop: two million characters may not take seconds.
    expect(ms(2_000_000)).toBeLessThan(2_000);
  });
});
