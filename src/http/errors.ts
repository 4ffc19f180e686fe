// Every error a client can get: its stable code, status and body. The only place that knows statuses of errors;
// must not decide when an error happens.

import type { CallRecord } from '../domain/call.ts';
import type { Verdict } from '../domain/verdict.ts';
import { callObject } from './call-object.ts';
import { verdictObject } from './verdict-object.ts';

interface ErrorRule {
  readonly status: number;
  /** The coarse class, as OpenAI's clients know it. */
  readonly type: string;
}

export const errorTable = {
  invalid_json: { status: 400, type: 'invalid_request_error' },
  invalid_value: { status: 400, type: 'invalid_request_error' },
  missing_required_parameter: { status: 400, type: 'invalid_request_error' },
  unknown_parameter: { status: 400, type: 'invalid_request_error' },
  unsupported_parameter: { status: 400, type: 'invalid_request_error' },
  /** A provider says that the request itself is invalid. */
  invalid_request: { status: 400, type: 'invalid_request_error' },
  /** What was decided of a vote is no decision about it. */
  invalid_resolution: { status: 400, type: 'invalid_request_error' },
  content_filter: { status: 400, type: 'invalid_request_error' },
  context_length_exceeded: { status: 400, type: 'invalid_request_error' },
  previous_response_not_found: { status: 400, type: 'invalid_request_error' },
  bad_http: { status: 400, type: 'invalid_request_error' },
  invalid_api_key: { status: 401, type: 'authentication_error' },
  operator_required: { status: 403, type: 'permission_error' },
  /** A vote is resolved by API keys that are known by name. */
  approvals_needed: { status: 403, type: 'permission_error' },
  submitter_may_not_resolve: { status: 403, type: 'permission_error' },
  model_not_found: { status: 404, type: 'invalid_request_error' },
  inference_not_found: { status: 404, type: 'invalid_request_error' },
  file_not_found: { status: 404, type: 'invalid_request_error' },
  batch_not_found: { status: 404, type: 'invalid_request_error' },
  analysis_not_found: { status: 404, type: 'invalid_request_error' },
  schedule_not_found: { status: 404, type: 'invalid_request_error' },
  response_not_found: { status: 404, type: 'invalid_request_error' },
  route_not_found: { status: 404, type: 'invalid_request_error' },
  request_timeout: { status: 408, type: 'invalid_request_error' },
  idempotency_key_reused: { status: 409, type: 'invalid_request_error' },
  /** A schedule of this name is another API key's. */
  schedule_name_taken: { status: 409, type: 'invalid_request_error' },
  not_replayable: { status: 409, type: 'invalid_request_error' },
  /** The vote of the inference waits for nobody. */
  not_held: { status: 409, type: 'invalid_request_error' },
  inference_cancelled: { status: 409, type: 'inference_error' },
  body_too_large: { status: 413, type: 'invalid_request_error' },
  unsupported_media_type: { status: 415, type: 'invalid_request_error' },
  /** Several models were asked, and do not agree. */
  consensus_split: { status: 422, type: 'inference_error' },
  too_many_inferences: { status: 429, type: 'rate_limit_error' },
  headers_too_large: { status: 431, type: 'invalid_request_error' },
  internal_error: { status: 500, type: 'server_error' },
  all_targets_failed: { status: 502, type: 'inference_error' },
  /** Too few of the models that were asked have voted. */
  consensus_inconclusive: { status: 502, type: 'inference_error' },
  /** In a stream: what was sent is not the beginning of the answer. */
  stream_interrupted: { status: 502, type: 'inference_error' },
  temporal_unavailable: { status: 503, type: 'server_error' },
  shutting_down: { status: 503, type: 'server_error' },
  not_ready: { status: 503, type: 'server_error' },
  deadline_exceeded: { status: 504, type: 'inference_error' },
} as const satisfies Record<string, ErrorRule>;

export type ErrorCode = keyof typeof errorTable;

interface ApiErrorFields {
  readonly code: ErrorCode;
  /** One or two sentences for the client. */
  readonly message: string;
  /** The field or header at fault. @default null */
  readonly param?: string | null;
  /** Set once a workflow was started, or may have been. */
  readonly inferenceId?: string;
  readonly calls?: readonly CallRecord[];
  readonly verdict?: Verdict;
  /**
   * What `x-should-retry` says. True only before any start, or where a retry joins what was started: clients obey it,
   * and every layer that retries on its own multiplies what providers are paid for.
   * @default false
   */
  readonly shouldRetry?: boolean;
  readonly retryAfterSeconds?: number;
  /** Where one code has two statuses. @default the table's */
  readonly status?: number;
}

/** An expected failure on its way to the one error handler. */
export class ApiError extends Error {
  readonly fields: ApiErrorFields;

  constructor(fields: ApiErrorFields, options?: ErrorOptions) {
    super(fields.message, options);
    this.name = 'ApiError';
    this.fields = fields;
  }

  get status(): number {
    return this.fields.status ?? errorTable[this.fields.code].status;
  }

  get headers(): Record<string, string> {
    const { shouldRetry, retryAfterSeconds, inferenceId, verdict } = this.fields;
    return {
      'x-should-retry': String(shouldRetry ?? false),
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
      ...(inferenceId === undefined ? {} : { 'x-holdfast-inference-id': inferenceId }),
      ...(verdict === undefined ? {} : { 'x-holdfast-verdict': verdict.outcome }),
    };
  }

  get body() {
    const { inferenceId, calls, verdict } = this.fields;
    return {
      error: {
        ...errorObject(this.fields),
        ...(inferenceId === undefined ? {} : { inference_id: inferenceId }),
        ...(calls === undefined ? {} : { calls: calls.map(callObject) }),
        ...(verdict === undefined ? {} : { verdict: verdictObject(verdict) }),
      },
    };
  }
}

export function errorObject(fields: Pick<ApiErrorFields, 'code' | 'message' | 'param'>) {
  const { code, message, param } = fields;
  return { message, type: errorTable[code].type as string, code: code as string, param: param ?? null };
}

/** Temporal did not answer in time, and nothing was started. */
export function temporalUnavailable(fields: { inferenceId?: string; shouldRetry: boolean }): ApiError {
  const fate = fields.inferenceId
    ? ` Inference ${fields.inferenceId} may have been started: GET /v1/inferences/${fields.inferenceId} tells.`
    : '';
  return new ApiError({
    ...fields,
    code: 'temporal_unavailable',
    message: `Temporal could not be reached in time.${fate}`,
    retryAfterSeconds: 1,
  });
}

export function inferenceNotFound(id: string): ApiError {
  return new ApiError({ code: 'inference_not_found', message: `There is no inference ${id.slice(0, 80)}.` });
}

export function responseNotFound(id: string): ApiError {
  return new ApiError({ code: 'response_not_found', message: `There is no response ${id.slice(0, 80)}.` });
}

/** Temporal did not answer in time, and nobody can know whether the batch was started. */
export function batchMayBeStarted(id: string, { shouldRetry }: { readonly shouldRetry: boolean }): ApiError {
  return new ApiError({
    code: 'temporal_unavailable',
    message: `Temporal could not be reached in time. Batch ${id} may have been started: GET /v1/batches/${id} tells.`,
    retryAfterSeconds: 1,
    shouldRetry,
  });
}

export function batchNotFound(id: string): ApiError {
  return new ApiError({ code: 'batch_not_found', message: `There is no batch ${id.slice(0, 80)}.` });
}

export function analysisNotFound(id: string): ApiError {
  return new ApiError({ code: 'analysis_not_found', message: `There is no analysis ${id.slice(0, 80)}.` });
}

export function scheduleNotFound(name: string): ApiError {
  return new ApiError({ code: 'schedule_not_found', message: `There is no schedule ${name.slice(0, 80)}.` });
}
