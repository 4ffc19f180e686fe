// Analyses and their schedules as clients see them. Pure; an unknown count or cost is null.

import { z } from 'zod';
import type { AnalysisScheduleView, AnalysisView } from '../domain/analyses.ts';
import type { UiUrlOf } from './inference-object.ts';

const usdSchema = z.number().nullable();

export const analysisSchema = z
  .object({
    id: z.string().meta({ examples: ['analysis_01k9zv3m7x2c4d5e6f7g8h9j0k'] }),
    object: z.literal('analysis'),
    model: z.string(),
    status: z.enum([
      'scheduled',
      'reading',
      'in_progress',
      'finalizing',
      'cancelling',
      'completed',
      'failed',
      'expired',
      'cancelled',
    ]),
    stopped_by: z.enum(['cancelled', 'deadline', 'cost']).nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    created_at: z.string(),
    starts_at: z.string(),
    deadline_at: z.string().nullable(),
    ended_at: z.string().nullable(),
    document_counts: z.object({
      total: z.int().nullable(),
      unreadable: z.int(),
      answered: z.int(),
      failed: z.int(),
      split: z.int().meta({ description: 'Too long for one request, and read in parts.' }),
    }),
    failures: z.record(z.string(), z.int()).meta({ description: 'Failed documents, by the code of the reason.' }),
    redriven: z.int().meta({ description: 'Lines of its batches that went on to another lane or were rescued.' }),
    batch_ids: z.array(z.string()).meta({ description: 'One a round; the last may be running.' }),
    output_file_id: z.string().nullable(),
    cost: z.object({ usd: usdSchema, estimate_usd: usdSchema, sync_usd: usdSchema, saving_usd: usdSchema }),
    temporal: z.object({ workflow_id: z.string(), run_id: z.string().nullable(), ui_url: z.string().nullable() }),
  })
  .meta({ id: 'Analysis' });

export type AnalysisObject = z.output<typeof analysisSchema>;

export function analysisObject(view: AnalysisView, uiUrlOf: UiUrlOf): AnalysisObject {
  const { id, model, createdAt, startsAt, runId, state } = view;
  const manifest = state.type === 'ended' ? state.manifest : null;
  const progress = state.type === 'running' ? state.progress : null;
  const { costUsd: usd = null, syncUsd = null, estimateUsd = null } = manifest ?? {};
  return {
    id,
    object: 'analysis',
    model,
    status: progress?.status ?? manifest?.status ?? 'failed',
    stopped_by: manifest?.stop ?? null,
    error: manifest?.fault ?? null,
    created_at: createdAt,
    starts_at: startsAt,
    deadline_at: progress?.deadlineAt ?? null,
    ended_at: manifest?.endedAt ?? null,
    document_counts: {
      total: manifest ? manifest.documents : (progress?.documents ?? null),
      unreadable: manifest ? (manifest.failures['unreadable_document'] ?? 0) : (progress?.unreadable ?? 0),
      answered: manifest?.answered ?? 0,
      failed: manifest?.failed ?? 0,
      split: manifest?.split ?? 0,
    },
    failures: { ...manifest?.failures },
    redriven: manifest?.redriven ?? 0,
    batch_ids: [...(manifest?.batchIds ?? progress?.batchIds ?? [])],
    output_file_id: manifest?.outputFileId ?? null,
    cost: {
      usd,
      estimate_usd: estimateUsd,
      sync_usd: syncUsd,
      saving_usd: usd === null || syncUsd === null ? null : syncUsd - usd,
    },
    temporal: { workflow_id: id, run_id: runId, ui_url: runId && uiUrlOf(id, runId) },
  };
}

export const scheduleSchema = z
  .object({
    name: z.string(),
    object: z.literal('analysis_schedule'),
    at: z.string(),
    timezone: z.string(),
    folder: z.string(),
    model: z.string(),
    paused: z.boolean(),
    next_at: z.string().nullable(),
    recent_analysis_ids: z.array(z.string()).meta({ description: 'Oldest first.' }),
  })
  .meta({ id: 'AnalysisSchedule' });

export function scheduleObject(view: AnalysisScheduleView): z.output<typeof scheduleSchema> {
  const { name, at, timezone, folder, model, isPaused, nextAt, recent } = view;
  return {
    name,
    object: 'analysis_schedule',
    at,
    timezone,
    folder,
    model,
    paused: isPaused,
    next_at: nextAt,
    recent_analysis_ids: [...recent],
  };
}
