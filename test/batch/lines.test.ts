// Lines as batches read and write them: in groups, out of streams whose pieces end anywhere.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineWalk } from '../../activities/batch/line-walk.ts';
import { inPieces, inputGroups, inputLines } from '../../activities/batch/lines.ts';
import { outcomeRow, readOutcomeRow } from '../../activities/batch/outcome-rows.ts';
import { ResultSpool } from '../../activities/batch/result-spool.ts';
import { lineId } from '../../activities/batch/line-id.ts';
import { lineGroups, textLines } from '../../activities/batch/text-lines.ts';
import type { Files } from '../../src/domain/files.ts';
import { eachLine, type LineSet, lineSetOf } from '../../src/domain/line-set.ts';

const line = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replaceAll('\n', ' '));

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  // One buffer for all pieces, as some streams have it.
  const piece = Buffer.alloc(64);
  for (let from = 0, turn = 0; from < bytes.length; turn++) {
    const size = Math.min(sizes[turn % sizes.length] ?? 1, bytes.length - from);
    bytes.copy(piece, 0, from, from + size);
    yield piece.subarray(0, size);
    from += size;
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 5 });

test('lines come out of pieces that end anywhere, also within a character', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1 }), sizes, fc.boolean(), async (lines, pieces, endsWithBreak) => {
      const text = lines.join('\n') + (endsWithBreak || lines.at(-1) === '' ? '\n' : '');
      const found = await all(textLines(cut(Buffer.from(text), pieces)));
      expect(found).toEqual(lines);
      const groups = await all(lineGroups(cut(Buffer.from(text), pieces)));
      expect(groups.flat()).toEqual(lines);
    }),
  );
});

test('what is written of lines and of groups of them is the lines', async () => {
  const written = Buffer.concat(await all(inPieces(['a', ['b', 'ü'], [], 'c'])));
  expect(written.toString('utf8')).toBe('a\nb\nü\nc\n');
});

describe('lines of an input file', () => {
  const texts = Array.from({ length: 2_000 }, (_, number) => `${number} ${'x'.repeat((number % 7) * 100)}`);
  const bytes = Buffer.from(`${texts.join('\n')}\n`);
  const index = new Float64Array(texts.length + 1);
  for (const [number, text] of texts.entries()) index[number + 1] = (index[number] ?? 0) + text.length + 1;
  let opened = 0;
  const files: Pick<Files, 'read'> = {
    async read(_, range) {
      opened += 1;
      return cut(bytes.subarray(range?.start, range?.end), [64]);
    },
  };
  const asked = (lines: LineSet) => ({ fileId: 'file-1', index, lines });

  test('are the wanted ones, with their numbers', async () => {
    const numbers = fc.uniqueArray(fc.nat({ max: texts.length - 1 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(numbers, async (wanted) => {
        const lines = lineSetOf(wanted);
        const found = await all(inputLines(files as Files, asked(lines)));
        expect(found).toEqual([...eachLine(lines)].map((number) => ({ line: number, text: texts[number] })));
      }),
      { numRuns: 20 },
    );
  });

  test('are read in one go when they lie near each other, and far ones are not read past', async () => {
    opened = 0;
    await all(inputGroups(files as Files, asked(lineSetOf([1, 3, 5, 40, 1_990]))));
    expect(opened).toBe(2);
  });
});

describe('a walk beside results', () => {
  const groups = async function* () {
    yield [0, 1, 2].map((number) => ({ line: number, text: `${number}` }));
    yield [5, 6, 9].map((number) => ({ line: number, text: `${number}` }));
  };

  test('takes each line as its result comes, and knows those that it has passed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 5, 6, 9]), async (results) => {
        const walk = new LineWalk(groups());
        const taken: number[] = [];
        let furthest = -1;
        for (const result of results) {
          while (walk.isBefore(result)) await walk.goOn();
          const found = walk.take(result);
          expect(found?.line ?? null).toBe(result > furthest ? result : null);
          furthest = Math.max(furthest, result);
          if (found) taken.push(found.line);
        }
        const passed = await walk.passed();
        expect([...taken, ...passed].sort((a, b) => a - b)).toEqual([0, 1, 2, 5, 6, 9]);
      }),
    );
  });
});

describe('results that wait', () => {
  test.each<[string, LineSet]>([
    ['one range', [[3, 9]]],
    [
      'several',
      [
        [3, 4],
        [6, 9],
      ],
    ],
  ])('of %s are found by their line, once each', async (_, lines) => {
    const spool = await ResultSpool.open({ key: 'k', lines });
    try {
      const result = (number: number, body: unknown) =>
        ({ type: 'answer', id: lineId('k', number), body, requestId: null }) as const;
      for (const number of [8, 3, 7]) {
        const given = result(number, { text: `ü ${number}` });
        expect(spool.claim(given)).toBe(number);
        spool.hold(number, given);
        if (number === 3) await spool.flush();
      }
      expect([spool.claim(result(8, 'again')), spool.claim(result(2, 'unasked'))]).toEqual([null, null]);
      expect(spool.claim({ type: 'expired', id: 'of somebody else' })).toBeNull();
      expect([spool.duplicates, spool.unknown]).toEqual([1, 2]);
      await spool.flush();
      expect(await spool.take([3, 6, 7, 8])).toEqual([
        result(3, { text: 'ü 3' }),
        null,
        result(7, { text: 'ü 7' }),
        result(8, { text: 'ü 8' }),
      ]);
    } finally {
      await spool.remove();
    }
  });
});

test('a row holds the line of the output file, or why there is none', () => {
  const base = { line: 12, customId: 'a "b"', target: 'one/m', costUsd: 0 };
  const { line: number, output } = readOutcomeRow(outcomeRow('batch_x', { ...base, body: { text: 'ü\n' } })) as {
    line: number;
    output: string;
  };
  expect(number).toBe(12);
  expect(JSON.parse(output)).toEqual({
    id: 'batch_req_x12',
    custom_id: 'a "b"',
    response: { status_code: 200, request_id: 'batch_req_x12', body: { text: 'ü\n' } },
    error: null,
  });
  const failed = { ...base, kind: 'timeout', message: 'It took too long.' } as const;
  expect(readOutcomeRow(outcomeRow('batch_x', failed))).toEqual(failed);
});
