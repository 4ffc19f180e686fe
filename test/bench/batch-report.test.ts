// The figures of batches against their aims.

import { expect, test } from 'vitest';
import { type BatchFigures, reportOf } from '../../bench/batch-report.ts';

const small: BatchFigures = {
  lines: 1_000,
  firstLane: 'openai/gpt-4o',
  wallMs: 2_000,
  cpuUsPerLine: 120,
  peakBytes: 300 * 1024 * 1024,
  historyEvents: 40,
};
const large: BatchFigures = { ...small, lines: 100_000, cpuUsPerLine: 90, peakBytes: 513 * 1024 * 1024 };

const figuresOf = (bySize: readonly BatchFigures[]) => reportOf({ bySize, byLane: [] }).figures;

test('the largest batch has to keep the aim of CPU, and no batch may be over that of memory', () => {
  expect(figuresOf([small, large])).toMatchObject({
    targets: {
      cpuUsPerLine: { measured: 90, met: true },
      peakBytes: { met: false },
      historyEvents: { measured: 40, met: true },
      growth: { measured: 0.75, met: true },
    },
  });
});

test('a line of a large batch that costs more than one of a small batch is no linear growth', () => {
  const figures = figuresOf([small, { ...large, cpuUsPerLine: 121 }]);
  expect(figures).toMatchObject({ targets: { growth: { met: false }, cpuUsPerLine: { met: false } } });
});

test('what the system does not tell is neither met nor missed', () => {
  const figures = figuresOf([small, { ...large, cpuUsPerLine: null, peakBytes: null }]);
  expect(figures).toMatchObject({
    targets: { growth: { met: null }, cpuUsPerLine: { met: null }, peakBytes: { met: null } },
  });
});
