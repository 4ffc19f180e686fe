// What a person sees of an analysis that runs.

import { expect, test } from 'vitest';
import type { AnalysisView, BatchView } from '../../src/cli/api-client.ts';
import { createBatchView, lengthOf, money, progressText } from '../../src/cli/batch-view.ts';
import type { AnalysisSchedule } from '../../src/domain/analyses.ts';
import { NO_ANALYSIS_PROGRESS } from '../../src/domain/analysis.ts';
import { analysisObject } from '../../src/http/analysis-object.ts';

const NOW_MS = Date.parse('2026-11-25T01:10:00Z');

const analysis = (change: Partial<AnalysisView> = {}): AnalysisView => ({
  ...analysisObject(
    {
      id: 'analysis_1',
      owner: null,
      model: 'default' satisfies AnalysisSchedule['input']['model'],
      createdAt: '2026-11-25T01:00:00Z',
      startsAt: '2026-11-25T01:00:00Z',
      runId: null,
      state: {
        type: 'running',
        progress: { ...NO_ANALYSIS_PROGRESS, status: 'in_progress', documents: 40, batchIds: ['b'] },
      },
    },
    () => null,
  ),
  ...change,
});

const lane = { provider_batch_id: null, portion: 0, failures: {}, error: null, cost_usd: null };
const batch = {
  status: 'in_progress',
  created_at: NOW_MS / 1000 - 600,
  request_counts: { total: 40, completed: 8, failed: 0 },
  cost: { usd: 0.5, estimate_usd: 2, sync_usd: null, saving_usd: null },
  lanes: [
    { ...lane, target: 'one/m', end: 'expired', lines: 40, done: 40, answered: 8 },
    { ...lane, target: 'two/m', end: null, lines: null, done: 12, answered: 0 },
  ],
} as unknown as BatchView;

test('says lines, lanes, cost and the time left', () => {
  expect(progressText(analysis(), batch, NOW_MS)).toBe(
    'analysis_1 in_progress · 40 documents · 20 of 40 lines · one/m 8 · two/m 12 · 0.5 USD of about 2.00 USD · about 10 min left',
  );
});

test('while nothing can be said of the time left, it says the deadline', () => {
  const early = { ...batch, lanes: [], cost: { ...batch.cost, usd: null } };
  const text = progressText(analysis({ deadline_at: '2026-11-25T07:00:00Z' }), early, NOW_MS);
  expect(text).toMatch(/^analysis_1 in_progress · 40 documents · 0 of 40 lines · until .* at the latest$/);
});

test('says when it begins', () => {
  expect(progressText(analysis({ status: 'scheduled' }), null, NOW_MS)).toMatch(/^analysis_1 begins at /);
});

test('into a pipe it writes a line when something has changed, and not more often than every ten seconds', () => {
  const written: string[] = [];
  let nowMs = NOW_MS;
  const stream = { write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WritableStream;
  const view = createBatchView(stream, () => nowMs);
  view.reading(1, 'a\u001b[31m.txt');
  view.show(analysis(), null);
  view.show(analysis(), null);
  nowMs += 1_000;
  view.show(analysis({ document_counts: { ...analysis().document_counts, total: 41 } }), null);
  nowMs += 10_000;
  view.show(analysis({ document_counts: { ...analysis().document_counts, total: 42 } }), null);
  expect(written).toEqual([
    'reading document 1: a [31m.txt\n',
    'analysis_1 in_progress · 40 documents\n',
    'analysis_1 in_progress · 42 documents\n',
  ]);
});

test.each([
  [42_000, '42 s'],
  [600_000, '10 min'],
  [11_520_000, '3 h 12 min'],
])('%d ms are %s', (ms, text) => {
  expect(lengthOf(ms)).toBe(text);
});

test.each([
  [1.5, '1.50 USD'],
  [0.001234, '0.0012 USD'],
  [0, '0 USD'],
])('%d USD are %s', (usd, text) => {
  expect(money(usd)).toBe(text);
});
