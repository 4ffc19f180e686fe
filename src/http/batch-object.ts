// A batch as clients see it: OpenAI's object, and what is ours beside it. Pure; an unknown count or cost is null.

import { z } from 'zod';
import type { Usage } from '../domain/answer.ts';
import type {
  BatchManifest,
  BatchProgress,
  BatchStatus,
  ReachedAt,
  StepFailure,
  StepSummary,
} from '../domain/batch.ts';
import type { BatchView, RunningLane } from '../domain/batches.ts';
import { formatDuration } from '../domain/duration.ts';
import type { Target } from '../domain/target.ts';
import { targetName } from '../domain/target.ts';
import type { UiUrlOf } from './inference-object.ts';

const secondsSchema = z.int().nullable().meta({ description: 'Seconds since the epoch.' });
const usdSchema = z.number().nullable();

const laneSchema = z.object({
  target: z.string().nullable().meta({ description: '`provider/model`; null: the rescue, in the ordinary way.' }),
  provider_batch_id: z.string().nullable(),
  portion: z.int().meta({ description: 'Lines go through the lanes in portions, numbered from 0.' }),
  end: z.string().nullable().meta({ description: 'How it ended; null: it is waited for.' }),
  lines: z.int().nullable(),
  done: z.int().nullable().meta({ description: 'As far as the provider tells while it is waited for.' }),
  answered: z.int(),
  failures: z.record(z.string(), z.int()).meta({ description: 'Lines that go on to the next lane, by why.' }),
  error: z
    .object({ code: z.string(), message: z.string(), provider_message: z.string().optional() })
    .nullable()
    .meta({ description: 'Why the whole of it came to nothing.' }),
  cost_usd: usdSchema,
});

export const batchSchema = z
  .object({
    id: z.string().meta({ examples: ['batch_01k9zv3m7x2c4d5e6f7g8h9j0k'] }),
    object: z.literal('batch'),
    endpoint: z.string(),
    model: z.string(),
    errors: z
      .object({
        object: z.literal('list'),
        data: z.array(
          z.object({
            code: z.string(),
            message: z.string(),
            param: z.string().nullable(),
            line: z.int().nullable(),
          }),
        ),
      })
      .nullable(),
    input_file_id: z.string(),
    completion_window: z.string(),
    status: z.enum([
      'validating',
      'failed',
      'in_progress',
      'finalizing',
      'completed',
      'expired',
      'cancelling',
      'cancelled',
    ]),
    output_file_id: z.string().nullable(),
    error_file_id: z.string().nullable(),
    created_at: z.int(),
    in_progress_at: secondsSchema,
    expires_at: z.int(),
    finalizing_at: secondsSchema,
    completed_at: secondsSchema,
    failed_at: secondsSchema,
    expired_at: secondsSchema,
    cancelling_at: secondsSchema,
    cancelled_at: secondsSchema,
    request_counts: z.object({ total: z.int(), completed: z.int(), failed: z.int() }),
    usage: z
      .object({
        input_tokens: z.int(),
        input_tokens_details: z.object({ cached_tokens: z.int() }),
        output_tokens: z.int(),
        output_tokens_details: z.object({ reasoning_tokens: z.int() }),
        total_tokens: z.int(),
      })
      .nullable(),
    metadata: z.record(z.string(), z.string()).nullable(),
    lanes: z.array(laneSchema).meta({ description: 'Every step that lines have gone through or are in.' }),
    deadline: z.string(),
    rescue: z.enum(['sync', 'none']),
    max_cost_usd: usdSchema,
    webhook_url: z.string().nullable(),
    cost: z.object({
      usd: usdSchema,
      estimate_usd: usdSchema,
      sync_usd: usdSchema.meta({ description: 'What the same answers would have cost one by one.' }),
      saving_usd: usdSchema,
    }),
    stopped_by: z.enum(['cancelled', 'deadline', 'cost']).nullable(),
    temporal: z.object({ workflow_id: z.string(), run_id: z.string().nullable(), ui_url: z.string().nullable() }),
  })
  .meta({ id: 'Batch' });

export const batchListSchema = z
  .object({
    object: z.literal('list'),
    data: z.array(batchSchema),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  })
  .meta({ id: 'BatchList' });

export type BatchObject = z.output<typeof batchSchema>;

export function batchObject({ start, runId, state }: BatchView, uiUrlOf: UiUrlOf): BatchObject {
  const { input, createdAt, metadata, completionWindow } = start;
  const { id, endpoint, model, inputFileId, deadlineMs, rescue, maxCostUsd, webhookUrl } = input;
  const manifest = state.type === 'ended' ? state.manifest : null;
  const progress = state.type === 'ended' ? state.manifest : state.progress;
  const { status, total, answered, steps } = progress;
  const running = state.type === 'running' ? state.lanes : [];
  const faults = manifest?.faults ?? [];
  return {
    id,
    object: 'batch',
    endpoint,
    model,
    errors: faults.length === 0 ? null : { object: 'list', data: faults.map((fault) => ({ ...fault })) },
    input_file_id: inputFileId,
    completion_window: completionWindow,
    status,
    output_file_id: manifest?.outputFileId ?? null,
    error_file_id: manifest?.errorFileId ?? null,
    created_at: seconds(createdAt),
    expires_at: seconds(createdAt) + Math.ceil(deadlineMs / 1000),
    ...reachedFields(progress.reachedAt ?? {}, manifest),
    request_counts: { total, completed: answered, failed: manifest?.failed ?? 0 },
    usage: manifest && usageOf(manifest.usage),
    metadata: metadata && { ...metadata },
    lanes: [...steps.map(stepObject), ...running.map((lane) => runningObject(lane, input.lanes))],
    deadline: formatDuration(deadlineMs),
    rescue,
    max_cost_usd: maxCostUsd,
    webhook_url: webhookUrl ?? null,
    cost: costOf(progress, manifest?.syncUsd ?? null),
    stopped_by: manifest?.stop ?? null,
    temporal: { workflow_id: id, run_id: runId, ui_url: runId && uiUrlOf(id, runId) },
  };
}

function stepObject(step: StepSummary): BatchObject['lanes'][number] {
  const { target, providerBatchId, portion, end, lines, answered, failures, failure, costUsd } = step;
  return {
    target,
    provider_batch_id: providerBatchId,
    portion,
    end,
    lines,
    done: lines,
    answered,
    failures: { ...failures },
    error: failure ? errorOf(failure) : null,
    cost_usd: costUsd,
  };
}

function errorOf({ kind, message, providerMessage }: StepFailure): BatchObject['lanes'][number]['error'] {
  const words = providerMessage === undefined ? {} : { provider_message: providerMessage };
  return { code: kind.replaceAll('-', '_'), message, ...words };
}

function runningObject({ lane, portion, done }: RunningLane, lanes: readonly Target[]): BatchObject['lanes'][number] {
  const target = lanes[lane];
  return {
    target: target ? targetName(target) : null,
    provider_batch_id: null,
    portion,
    end: null,
    lines: null,
    done,
    answered: 0,
    failures: {},
    error: null,
    cost_usd: null,
  };
}

function costOf(progress: BatchProgress | BatchManifest, syncUsd: number | null): BatchObject['cost'] {
  const { costUsd: usd, estimateUsd = null } = progress;
  const saving = usd === null || syncUsd === null ? null : syncUsd - usd;
  return { usd, estimate_usd: estimateUsd, sync_usd: syncUsd, saving_usd: saving };
}

type Reached = Extract<keyof BatchObject, `${BatchStatus}_at`>;

/** When it came to its end is known also where nothing else is. */
function reachedFields(reachedAt: ReachedAt, manifest: BatchManifest | null): Pick<BatchObject, Reached> {
  const at = (status: BatchStatus) => {
    const time = manifest?.status === status ? manifest.endedAt : reachedAt[status];
    return time === undefined ? null : seconds(time);
  };
  return {
    in_progress_at: at('in_progress'),
    finalizing_at: at('finalizing'),
    completed_at: at('completed'),
    failed_at: at('failed'),
    expired_at: at('expired'),
    cancelling_at: at('cancelling'),
    cancelled_at: at('cancelled'),
  };
}

function usageOf(usage: Usage): BatchObject['usage'] {
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = usage;
  if (inputTokens === null || outputTokens === null) return null;
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedInputTokens ?? 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens ?? 0 },
    total_tokens: inputTokens + outputTokens,
  };
}

function seconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}
