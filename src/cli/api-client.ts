// Speaks Holdfast's HTTP API for the commands: one method per request, answers as the API gives them. Must not print.

import type { z } from 'zod';
import { loadSettings } from '../config/settings.ts';
import { fetchFile, sendFile } from './file-transfer.ts';
import { readAddress } from '../data-directory.ts';
import type { analysisSchema, scheduleSchema } from '../http/analysis-object.ts';
import type { batchSchema } from '../http/batch-object.ts';
import type { inferenceListSchema, inferenceSchema } from '../http/inference-object.ts';
import type { targetSchema } from '../http/target-object.ts';
import { CommandError } from './output.ts';

export type InferenceView = z.output<typeof inferenceSchema>;
export type CallView = InferenceView['calls'][number];
type InferencePage = z.output<typeof inferenceListSchema>;
export type InferenceSummaryView = InferencePage['data'][number];
export type TargetView = z.output<typeof targetSchema>;
export type AnalysisView = z.output<typeof analysisSchema>;
export type BatchView = z.output<typeof batchSchema>;
export type ScheduleView = z.output<typeof scheduleSchema>;
interface TargetList {
  readonly object: 'list';
  readonly data: readonly TargetView[];
}

export interface ApiClient {
  submit(body: Readonly<Record<string, unknown>>, idempotencyKey: string | undefined): Promise<InferenceView>;
  get(id: string): Promise<InferenceView>;
  /** Answers when the inference has ended, or with its state after `seconds`. */
  wait(id: string, options: { readonly seconds: number; readonly signal: AbortSignal }): Promise<InferenceView>;
  list(query: URLSearchParams): Promise<InferencePage>;
  cancel(id: string): Promise<InferenceView>;
  replay(id: string): Promise<InferenceView>;
  /** Decides a vote that is held. */
  resolve(id: string, resolution: Readonly<Record<string, unknown>>): Promise<InferenceView>;
  startAnalysis(body: Readonly<Record<string, unknown>>): Promise<AnalysisView>;
  getAnalysis(id: string): Promise<AnalysisView>;
  cancelAnalysis(id: string): Promise<AnalysisView>;
  getBatch(id: string): Promise<BatchView>;
  putSchedule(name: string, body: Readonly<Record<string, unknown>>): Promise<ScheduleView>;
  schedules(): Promise<{ readonly data: readonly ScheduleView[] }>;
  deleteSchedule(name: string): Promise<{ readonly name: string }>;
  upload(file: {
    readonly path: string;
    readonly filename: string;
    readonly purpose: string;
  }): Promise<{ readonly id: string }>;
  /** The content of a file, in pieces. */
  download(fileId: string): Promise<AsyncIterable<Uint8Array>>;
  targets(options?: { readonly signal: AbortSignal }): Promise<TargetList>;
  /** `isolate` holds the circuit of a target open, `restore` closes it. */
  steer(
    change: 'isolate' | 'restore',
    target: { readonly provider: string; readonly model: string; readonly reason?: string },
  ): Promise<TargetView>;
}

/** The request failed: refused by the service, or lost on the way. */
export class ApiError extends CommandError {
  /** The same request may succeed later: the service is away, restarting or busy. */
  readonly canPass: boolean;

  constructor(message: string, options: { readonly canPass: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.canPass = options.canPass;
  }
}

/** A client for the service that the environment names, or that runs with the same data directory. */
export function connect(): ApiClient {
  const { url, apiKey, dataDir } = loadSettings();
  // Looked up for each request: a service that was restarted may listen elsewhere.
  return clientOf({ address: () => url ?? readAddress(dataDir) ?? DEFAULT_ADDRESS, apiKey });
}

export function clientOf(service: {
  readonly address: () => string;
  readonly apiKey: string | null;
  /** Breaks off any request. */
  readonly signal?: AbortSignal;
}): ApiClient {
  const { address, apiKey, signal: always } = service;
  const call = <Answer>(request: Request) =>
    send<Answer>({ ...(always && { signal: always }), ...request, address: address(), apiKey });
  const path = (id: string) => `/v1/inferences/${encodeURIComponent(id)}`;
  return {
    submit: (body, idempotencyKey) => call({ method: 'POST', path: '/v1/inferences', body, idempotencyKey }),
    get: (id) => call({ method: 'GET', path: path(id) }),
    wait: (id, { seconds, signal }) => call({ method: 'GET', path: `${path(id)}?wait=${seconds}`, seconds, signal }),
    list: (query) => call({ method: 'GET', path: `/v1/inferences?${query.toString()}` }),
    cancel: (id) => call({ method: 'POST', path: `${path(id)}/cancel` }),
    replay: (id) => call({ method: 'POST', path: `${path(id)}/replay` }),
    resolve: (id, body) => call({ method: 'POST', path: `${path(id)}/resolve`, body }),
    startAnalysis: (body) => call({ method: 'POST', path: '/v1/analyses', body }),
    getAnalysis: (id) => call({ method: 'GET', path: `/v1/analyses/${encodeURIComponent(id)}` }),
    cancelAnalysis: (id) => call({ method: 'POST', path: `/v1/analyses/${encodeURIComponent(id)}/cancel` }),
    getBatch: (id) => call({ method: 'GET', path: `/v1/batches/${encodeURIComponent(id)}` }),
    putSchedule: (name, body) => call({ method: 'PUT', path: `${SCHEDULES}/${encodeURIComponent(name)}`, body }),
    schedules: () => call({ method: 'GET', path: SCHEDULES }),
    deleteSchedule: (name) => call({ method: 'DELETE', path: `${SCHEDULES}/${encodeURIComponent(name)}` }),
    upload: (file) =>
      transfer(address(), async (at) => {
        const { status, body } = await sendFile({ ...at, apiKey }, file);
        return answerOf({ status, text: await body.text(), address: at.address }) as { readonly id: string };
      }),
    download: (fileId) =>
      transfer(address(), async (at) => {
        const { status, body } = await fetchFile({ ...at, apiKey }, fileId);
        if (status !== 200) answerOf({ status, text: await body.text(), address: at.address });
        return body;
      }),
    targets: (options) => call({ method: 'GET', path: '/v1/targets', ...options }),
    steer: (change, { provider, model, ...body }) =>
      call({
        method: 'POST',
        path: `/v1/targets/${encodeURIComponent(provider)}/${encodeURIComponent(model)}/${change}`,
        body,
      }),
  };
}

const SCHEDULES = '/v1/analysis_schedules';
const DEFAULT_ADDRESS = 'http://127.0.0.1:8080';

interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly idempotencyKey?: string | undefined;
  /** How long the service may take on purpose. */
  readonly seconds?: number;
  readonly signal?: AbortSignal;
}

async function send<Answer>(
  request: Request & { readonly address: string; readonly apiKey: string | null },
): Promise<Answer> {
  const { address } = request;
  return answerOf({ ...(await exchange(request)), address }) as Answer;
}

function answerOf({
  status,
  text,
  address,
}: {
  readonly status: number;
  readonly text: string;
  readonly address: string;
}): unknown {
  const answer = parse(text);
  if (status >= 200 && status < 300 && isObject(answer)) return answer;
  const message = isObject(answer) && isObject(answer['error']) ? answer['error']['message'] : null;
  if (typeof message !== 'string') {
    throw new ApiError(`What answers at ${address} is not Holdfast (status ${status}).`, { canPass: status >= 502 });
  }
  const hint = status === 401 ? ' The key is taken from HOLDFAST_API_KEY.' : '';
  throw new ApiError(`${message}${hint}`, { canPass: status === 429 || status >= 500 });
}

async function exchange(
  request: Request & { readonly address: string; readonly apiKey: string | null },
): Promise<{ readonly status: number; readonly text: string }> {
  const { method, path, body, idempotencyKey, seconds = 0, signal, address, apiKey } = request;
  const limit = AbortSignal.timeout(seconds * 1000 + ANSWER_LIMIT_MS);
  try {
    const response = await fetch(`${address}${path}`, {
      method,
      headers: {
        ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    if (signal?.aborted) throw error;
    if (!limit.aborted) throw unreachable(address, error);
    throw new ApiError(`Holdfast did not answer at ${address} in time.`, { canPass: true, cause: error });
  }
}

async function transfer<T>(address: string, work: (service: { readonly address: string }) => Promise<T>): Promise<T> {
  try {
    return await work({ address });
  } catch (error) {
    throw error instanceof ApiError ? error : unreachable(address, error);
  }
}

function unreachable(address: string, error: unknown): ApiError {
  const message = `Holdfast could not be reached at ${address} (${reason(error)}): is it running? HOLDFAST_URL sets another address.`;
  return new ApiError(message, { canPass: true, cause: error });
}

/** Long enough for a large prompt to be sent and stored. */
const ANSWER_LIMIT_MS = 30_000;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** `fetch` hides what happened in the cause. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return error instanceof Error ? error.message : String(error);
}
