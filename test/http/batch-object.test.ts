// A batch as clients see it, while it runs and when it has ended.

import { describe, expect, test } from 'vitest';
import type { BatchManifest, BatchStart, StepSummary } from '../../src/domain/batch.ts';
import { batchObject } from '../../src/http/batch-object.ts';

const NOTHING = { inputTokens: null, cachedInputTokens: null, outputTokens: null, reasoningTokens: null };

const start: BatchStart = {
  input: {
    id: `batch_${'0'.repeat(26)}`,
    inputFileId: 'file-in',
    endpoint: '/v1/chat/completions',
    model: 'm',
    settings: {
      strategy: 'failover',
      targets: [{ provider: 'a', model: 'x' }],
      attemptTimeoutMs: 1,
      firstTokenTimeoutMs: 1,
      stallTimeoutMs: 1,
      maxAttemptsPerTarget: 1,
      onRefusal: 'return',
    },
    lanes: [
      { provider: 'a', model: 'x' },
      { provider: 'b', model: 'y/z' },
    ],
    deadlineMs: 3_600_000,
    rescue: 'sync',
    maxCostUsd: 5,
    rules: { pollIntervalMs: 1, stuckAfterMs: 2, rescueConcurrency: 3 },
    owner: null,
    configHash: 'hash',
  },
  createdAt: '2026-01-01T00:00:00.900Z',
  metadata: null,
  completionWindow: '24h',
  fingerprint: 'f',
};

const step: StepSummary = {
  portion: 0,
  lane: 0,
  target: 'a/x',
  providerBatchId: 'pb-1',
  end: 'expired',
  lines: 10,
  answered: 7,
  failures: { truncated: 1, timeout: 2 },
  costUsd: 0.25,
  usage: NOTHING,
};

const manifest: BatchManifest = {
  id: start.input.id,
  status: 'completed',
  stop: null,
  faults: [],
  total: 10,
  answered: 9,
  failed: 1,
  outputFileId: 'file-out',
  errorFileId: 'file-err',
  steps: [step, { ...step, lane: null, target: null, providerBatchId: null, end: 'completed', lines: 3, answered: 2 }],
  usage: { inputTokens: 100, cachedInputTokens: null, outputTokens: 20, reasoningTokens: 4 },
  costUsd: 0.5,
  syncUsd: 0.75,
  estimateUsd: 0.4,
  endedAt: '2026-01-01T01:00:00.000Z',
  reachedAt: { in_progress: '2026-01-01T00:00:10.000Z', finalizing: '2026-01-01T00:59:00.000Z' },
};

const ended = (fields: Partial<BatchManifest> = {}) =>
  batchObject({ start, runId: 'run', state: { type: 'ended', manifest: { ...manifest, ...fields } } }, (id, runId) => {
    return `http://ui/${id}/${runId}`;
  });
const at = (time: string) => Date.parse(time) / 1000;

describe('one that has ended', () => {
  test('has its files, counts, bill and steps', () => {
    expect(ended()).toMatchObject({
      status: 'completed',
      errors: null,
      output_file_id: 'file-out',
      error_file_id: 'file-err',
      created_at: at('2026-01-01T00:00:00Z'),
      in_progress_at: at('2026-01-01T00:00:10Z'),
      finalizing_at: at('2026-01-01T00:59:00Z'),
      completed_at: at('2026-01-01T01:00:00Z'),
      failed_at: null,
      cancelled_at: null,
      request_counts: { total: 10, completed: 9, failed: 1 },
      usage: {
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: 20,
        output_tokens_details: { reasoning_tokens: 4 },
        total_tokens: 120,
      },
      lanes: [
        {
          target: 'a/x',
          provider_batch_id: 'pb-1',
          portion: 0,
          end: 'expired',
          lines: 10,
          done: 10,
          answered: 7,
          failures: { truncated: 1, timeout: 2 },
          cost_usd: 0.25,
        },
        { target: null, provider_batch_id: null, end: 'completed', lines: 3, answered: 2 },
      ],
      cost: { usd: 0.5, estimate_usd: 0.4, sync_usd: 0.75, saving_usd: 0.25 },
      stopped_by: null,
      temporal: { run_id: 'run', ui_url: `http://ui/${start.input.id}/run` },
    });
  });

  test('has null, never 0, for a cost and a usage that are not known', () => {
    expect(ended({ costUsd: null, usage: NOTHING })).toMatchObject({
      usage: null,
      cost: { usd: null, sync_usd: 0.75, saving_usd: null },
    });
  });

  test('lists what is wrong with its file', () => {
    const faults = [{ code: 'invalid_json_line', message: 'No.', param: null, line: 3 }];
    expect(ended({ status: 'failed', faults })).toMatchObject({
      status: 'failed',
      failed_at: at('2026-01-01T01:00:00Z'),
      completed_at: null,
      errors: { object: 'list', data: faults },
    });
  });

  test('says what stopped it', () => {
    expect(ended({ status: 'expired', stop: 'deadline' })).toMatchObject({
      status: 'expired',
      stopped_by: 'deadline',
      expired_at: at('2026-01-01T01:00:00Z'),
    });
  });
});

test('one that runs shows beside its steps what is waited for', () => {
  const shown = batchObject(
    {
      start,
      runId: null,
      state: {
        type: 'running',
        progress: { status: 'in_progress', total: 10, answered: 7, steps: [step], costUsd: 0.25 },
        lanes: [{ lane: 1, portion: 0, done: 2 }],
      },
    },
    () => 'http://ui',
  );
  expect(shown).toMatchObject({
    status: 'in_progress',
    output_file_id: null,
    in_progress_at: null,
    request_counts: { total: 10, completed: 7, failed: 0 },
    lanes: [
      { target: 'a/x', end: 'expired' },
      { target: 'b/y/z', end: null, lines: null, done: 2, answered: 0 },
    ],
    cost: { usd: 0.25, estimate_usd: null, sync_usd: null, saving_usd: null },
    temporal: { run_id: null, ui_url: null },
  });
});
