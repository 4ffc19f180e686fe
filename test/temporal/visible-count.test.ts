// The count of inferences between two answers of visibility, and when it does not answer.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { VisibleCount } from '../../src/temporal/visible-count.ts';

const settled = () => vi.advanceTimersByTimeAsync(0);

let answer: () => Promise<number>;
let lines: string[];
let running: VisibleCount;

beforeEach(() => {
  vi.useFakeTimers();
  answer = async () => 0;
  lines = [];
  running = new VisibleCount({
    count: () => answer(),
    logger: { warn: (...said: unknown[]) => void lines.push(String(said.at(-1))) },
  });
});

afterEach(() => void vi.useRealTimers());

test('a count is carried on by what was started since it was asked for', async () => {
  let count: ((running: number) => void) | undefined;
  answer = () => new Promise((resolve) => (count = resolve));
  running.noteStart();
  running.estimate();
  running.noteStart();
  count?.(7);
  await settled();

  expect(running.estimate()).toBe(8);
});

test('it is asked for again after five seconds, and not before', async () => {
  running.estimate();
  await settled();
  answer = async () => 3;

  await vi.advanceTimersByTimeAsync(4_999);
  running.estimate();
  await settled();
  expect(running.estimate()).toBe(0);

  await vi.advanceTimersByTimeAsync(1);
  running.estimate();
  await settled();
  expect(running.estimate()).toBe(3);
});

test.each([
  { name: 'Temporal is away', code: 14, said: [] },
  { name: 'Temporal refuses', code: 7, said: ['Inferences could not be counted.'] },
])('when $name, the last count stands and the process goes on', async ({ code, said }) => {
  answer = async () => 5;
  running.estimate();
  await settled();
  answer = () => Promise.reject(Object.assign(new Error('no'), { code }));

  await vi.advanceTimersByTimeAsync(5_000);
  running.estimate();
  await settled();

  expect(running.estimate()).toBe(5);
  expect(lines).toEqual(said);
});
