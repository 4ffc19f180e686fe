// The numbers of equal requests: each goes to one, none is left out, and finding the next costs little.

import { describe, expect, test } from 'vitest';
import { firstFree, Sequences } from '../../src/temporal/sequences.ts';

/** Numbers that are taken, and how often somebody asked. */
function numbers(count: number) {
  const asked: number[] = [];
  const isTaken = async (sequence: number) => {
    asked.push(sequence);
    return sequence < count;
  };
  return { asked, isTaken };
}

describe('the first free number', () => {
  test.each([0, 1, 2, 3, 4, 7, 8, 9, 100, 1_023, 1_024])('after %i is found', async (count) => {
    expect(await firstFree(numbers(count).isTaken)).toBe(count);
  });

  test.each([0, 1, 5, 99, 100])('of 100 is found from %i', async (from) => {
    expect(await firstFree(numbers(100).isTaken, from)).toBe(100);
  });

  test('costs one question when there is none yet, and 40 when there are a million', async () => {
    const none = numbers(0);
    await firstFree(none.isTaken);
    expect(none.asked).toEqual([0]);
    const million = numbers(1_000_000);
    await firstFree(million.isTaken);
    expect(million.asked.length).toBeLessThanOrEqual(40);
  });

  test('was asked about the last that is taken', async () => {
    for (const count of [1, 2, 5, 6, 17, 1_000]) {
      const { asked, isTaken } = numbers(count);
      await firstFree(isTaken);
      expect(asked).toContain(count - 1);
    }
  });
});

describe('a process', () => {
  test('gives each request a number of its own, without a question', () => {
    const sequences = new Sequences();
    expect([sequences.take('a'), sequences.take('a'), sequences.take('b'), sequences.take('a')]).toEqual([0, 1, 0, 2]);
  });

  test('gives a number that was not used to the next', () => {
    const sequences = new Sequences();
    for (let count = 0; count < 5; count++) sequences.take('a');
    sequences.giveBack('a', 3);
    sequences.giveBack('a', 1);
    expect([sequences.take('a'), sequences.take('a'), sequences.take('a')]).toEqual([1, 3, 5]);
  });

  test('that finds others ahead looks once for all its requests, and goes on from there', async () => {
    const sequences = new Sequences();
    const { asked, isTaken } = numbers(50);
    const mine = Array.from({ length: 10 }, () => sequences.take('a'));
    const taken = await Promise.all(mine.map((sequence) => sequences.takeAfter('a', sequence, isTaken)));
    expect(taken.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, index) => 50 + index));
    expect(new Set(asked).size).toBe(asked.length);
    expect(sequences.take('a')).toBe(60);
  });

  test('looks again after a look that failed', async () => {
    const sequences = new Sequences();
    const sequence = sequences.take('a');
    const away = sequences.takeAfter('a', sequence, () => Promise.reject(new Error('away')));
    await expect(away).rejects.toThrow('away');
    expect(await sequences.takeAfter('a', sequence, numbers(3).isTaken)).toBe(3);
  });

  test('forgets the least recently used kind of request, and no more', () => {
    const sequences = new Sequences(2);
    for (const kind of ['a', 'b', 'a', 'c']) sequences.take(kind);
    expect([sequences.take('a'), sequences.take('c'), sequences.take('b')]).toEqual([2, 1, 0]);
  });
});
