// From a parsed request to a started analysis, or to a schedule of analyses. What can be seen to be wrong is refused here:
// nobody looks at it again before the night.

import { createHash, randomBytes } from 'node:crypto';
import { msUntil } from '../clock-time.ts';
import type { AnalysisView } from '../domain/analyses.ts';
import type { AnalysisDeadline, AnalysisInput, DocumentSource } from '../domain/analysis.ts';
import { findModel } from '../domain/catalog.ts';
import { parseDuration } from '../domain/duration.ts';
import { isFileId, newAnalysisId } from '../domain/ids.ts';
import type { AnalysisBody, ScheduleBody } from './analysis-schema.ts';
import type { Caller } from './auth.ts';
import { readBatchLine } from './batch-line.ts';
import { ApiError, temporalUnavailable } from './errors.ts';
import type { HttpContext } from './http-context.ts';
import { fingerprintOf } from './idempotency.ts';
import { readOwnFile } from './own-file.ts';
import { refuseDuringShutdown } from './start-inference.ts';
import { checkWebhookUrl } from './webhook-url.ts';

export async function startAnalysis(
  context: HttpContext,
  wanted: { readonly body: AnalysisBody; readonly caller: Caller; readonly idempotencyKey: string | undefined },
): Promise<AnalysisView> {
  const { analyses, waiting, now } = context;
  const { body, caller, idempotencyKey } = wanted;
  refuseDuringShutdown(waiting);
  const source = await sourceOf(context, body, caller);
  const timezone = body.timezone ?? 'UTC';
  const outcome = await analyses.start({
    id:
      idempotencyKey === undefined
        ? newAnalysisId({ nowMs: now(), random: randomBytes(10) })
        : idempotentAnalysisId(caller, idempotencyKey),
    input: analysisInput(context, { body, caller, source }),
    delayMs: body.at == null ? 0 : msUntil(body.at, { timezone, nowMs: now() }),
    fingerprint: fingerprintOf('analyses', body),
  });
  if (outcome.type === 'unavailable') throw temporalUnavailable({ shouldRetry: idempotencyKey !== undefined });
  if (outcome.type === 'started') return outcome.analysis;
  throw new ApiError({
    code: 'idempotency_key_reused',
    message: 'This Idempotency-Key was used for another request. Nothing was started or changed.',
    param: 'idempotency-key',
  });
}

/** The same key of the same caller always names the same analysis. */
function idempotentAnalysisId(caller: Caller, idempotencyKey: string): string {
  const hash = createHash('sha256').update(JSON.stringify([caller.name, idempotencyKey]));
  return `analysis_${hash.digest('hex').slice(0, 48)}`;
}

async function sourceOf({ files }: HttpContext, body: AnalysisBody, caller: Caller): Promise<DocumentSource> {
  const { input_file_id: fileId, folder } = body;
  if (folder != null) return { type: 'folder', folder, newFor: null };
  const param = 'input_file_id';
  if (fileId == null || !isFileId(fileId)) {
    throw new ApiError({ code: 'file_not_found', message: `There is no file ${JSON.stringify(fileId)}.`, param });
  }
  const { purpose } = await readOwnFile(files, fileId, caller);
  if (purpose !== 'user_data') {
    const message = `The purpose of file ${fileId} is ${purpose}, and must be user_data. Nothing was started.`;
    throw new ApiError({ code: 'invalid_value', message, param });
  }
  return { type: 'file', fileId };
}

/** Also for a schedule, whose analyses look up what the model means when they begin. */
export function analysisInput(
  context: HttpContext,
  wanted: { readonly body: AnalysisBody | ScheduleBody; readonly caller: Caller; readonly source: DocumentSource },
): AnalysisInput {
  const { body, caller, source } = wanted;
  const { model, prompt, schema, max_tokens: maxTokens, output_folder: folder, webhook_url: webhookUrl } = body;
  if (!findModel(context.catalog, model)) {
    throw new ApiError({
      code: 'model_not_found',
      message: `There is no model ${JSON.stringify(model)}.`,
      param: 'model',
    });
  }
  if ((source.type === 'folder' || folder != null) && !caller.isOperator) {
    throw new ApiError({
      code: 'operator_required',
      message: "To use folders of the workers needs an operator's API key.",
    });
  }
  if (webhookUrl != null) checkWebhookUrl(context, webhookUrl);
  checkRequest(context, body);
  return {
    source,
    model,
    prompt,
    ...(schema != null && { schema }),
    ...(maxTokens != null && { maxTokens }),
    deadline: deadlineOf(body),
    maxCostUsd: body.max_cost_usd ?? null,
    rescue: body.rescue ?? 'sync',
    ...(webhookUrl != null && { webhookUrl }),
    ...(folder != null && { output: { folder, csv: body.csv ?? false } }),
    owner: caller.name,
  };
}

/** By what a line of its batches will be judged by. */
function checkRequest(
  { expectFaults }: HttpContext,
  { model, prompt, schema, max_tokens: maxTokens }: AnalysisBody | ScheduleBody,
): void {
  const [fault] = schema == null ? [] : expectFaults({ schema });
  if (fault) throw new ApiError({ code: 'invalid_value', message: `schema ${fault.message}.`, param: 'schema' });
  const body = {
    model,
    messages: [{ role: 'user', content: prompt }],
    ...(maxTokens != null && { max_completion_tokens: maxTokens }),
    ...(schema != null && { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } } }),
  };
  const line = { custom_id: 'probe', method: 'POST', url: '/v1/chat/completions', body };
  const read = readBatchLine(JSON.stringify(line), { endpoint: '/v1/chat/completions', model });
  if (!('fault' in read)) return;
  throw new ApiError({ code: 'invalid_value', message: read.fault.message });
}

function deadlineOf({ deadline, timezone }: AnalysisBody | ScheduleBody): AnalysisDeadline {
  if (deadline == null) return { type: 'duration', ms: DEFAULT_DEADLINE_MS };
  const ms = parseDuration(deadline);
  return ms === null ? { type: 'clock', time: deadline, timezone: timezone ?? 'UTC' } : { type: 'duration', ms };
}

const DEFAULT_DEADLINE_MS = 24 * 60 * 60_000;
