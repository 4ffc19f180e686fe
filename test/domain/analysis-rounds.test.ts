// How much of a document one request takes, and how answers of parts are merged.

import { array, assert, integer, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentRoom, mergeGroups, pieceId, roundTimeMs } from '../../src/domain/analysis-rounds.ts';

describe('room for a document', () => {
  const of = (...contextWindows: readonly number[]) =>
    documentRoom({ targets: contextWindows.map((contextWindow) => ({ contextWindow })), instructions: '' });

  test('is that of the smallest window, less the answer', () => {
    expect(of(200_000, 100_000)).toBe(Math.floor((100_000 - 4_096) * 0.8));
    expect(of(8_000)).toBe(Math.floor(6_000 * 0.8));
  });

  test('is smaller by the instructions and by what an answer may have', () => {
    const targets = [{ contextWindow: 10_000 }];
    const plain = documentRoom({ targets, instructions: '', maxTokens: 100 });
    expect(plain).toBe(7_920);
    expect(documentRoom({ targets, instructions: 'Say what it is about. '.repeat(50), maxTokens: 100 })).toBeLessThan(
      plain,
    );
    expect(documentRoom({ targets, instructions: '', maxTokens: 1_000 })).toBeLessThan(plain);
  });
});

describe('answers of parts', () => {
  const answer = (words: number) => 'word '.repeat(words);

  test('that fit together are one group', () => {
    expect(mergeGroups([answer(10), answer(10), answer(10)], 1_000)).toEqual([0]);
  });

  test('that do not fit are several, each of neighbours', () => {
    expect(mergeGroups([answer(30), answer(30), answer(30), answer(30)], 90)).toEqual([0, 2]);
  });

  test('of which not even two fit together cannot be merged', () => {
    expect(mergeGroups([answer(30), answer(30), answer(30)], 40)).toBeNull();
  });

  test('always come closer to one', () => {
    assert(
      property(
        array(integer({ min: 1, max: 60 }), { minLength: 2, maxLength: 40 }),
        integer({ min: 20, max: 400 }),
        (words, room) => {
          const begins = mergeGroups(words.map(answer), room);
          if (begins === null) return;
          expect(begins[0]).toBe(0);
          expect(begins.length).toBeLessThan(words.length);
          expect(begins).toEqual([...new Set(begins)].toSorted((a, b) => a - b));
        },
      ),
    );
  });
});

test('a round that others follow leaves them time', () => {
  expect(roundTimeMs(1_000, false)).toBe(1_000);
  expect(roundTimeMs(1_000, true)).toBe(700);
  expect(roundTimeMs(-5, false)).toBe(1);
});

test('a piece is named by its document and its part', () => {
  expect(pieceId({ document: 7, part: 2, parts: 3 })).toBe('d7.p2');
});
