// From a parsed request to a started or joined inference. The only place where the HTTP side starts work.

import type { FastifyRequest } from 'fastify';
import type { WayIn } from '../domain/catalog.ts';
import type { EmbeddingRequest } from '../domain/embeddings.ts';
import type { Inference, InferenceInput, ResponseMemo } from '../domain/inference.ts';
import type { Inferences, NumberedRequest, Priority, StartOutcome } from '../domain/inferences.ts';
import type { Refusal } from '../domain/admission.ts';
import type { HeldLine } from '../domain/line.ts';
import type { StreamMode } from '../domain/stream-mode.ts';
import { streamMode } from '../domain/stream-mode.ts';
import { missingResolvers } from '../domain/hold.ts';
import type { ModelSettings } from '../domain/model-settings.ts';
import type { Prompt } from '../domain/prompt.ts';
import { schemaOf } from '../domain/prompt.ts';
import { ableTargets } from './able-targets.ts';
import { ApiError, temporalUnavailable } from './errors.ts';
import { withExpected } from './expect-faults.ts';
import type { HttpContext } from './http-context.ts';
import { fingerprintOf, idempotentInferenceId, isRetry, numberedRequest } from './idempotency.ts';
import { resolveEmbeddings } from './resolve-embeddings.ts';
import type { Resolved } from './resolve-model.ts';
import { resolveModel } from './resolve-model.ts';
import { responseField } from './responses/response-field.ts';
import type { StrategyBody } from './strategy-schema.ts';
import { traceparentOf } from './trace.ts';
import type { Waiting } from './waiting.ts';
import { checkWebhookUrl } from './webhook-url.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set as soon as an inference may have been started by this request. */
    inferenceId: string | null;
  }
}

const DEFAULT_PRIORITY = 3;

export interface Started {
  readonly inference: Inference;
  readonly deadlineMs: number;
  /** A repeated request joins this inference while it runs, so clients may safely retry. */
  readonly isJoinable: boolean;
  /** It goes on without anybody who waits for it. */
  readonly isKept: boolean;
  /** To be left by whoever waits; null: none does, or tokens come from nowhere. */
  readonly line: HeldLine | null;
}

export interface InferenceWanted extends CommonWanted {
  readonly prompt: Prompt;
  readonly response?: ResponseMemo;
  readonly strategy?: StrategyBody | undefined;
  /** Where its end is announced. @default nowhere */
  readonly webhookUrl?: string | undefined;
  /** The answer is streamed, in this mode if one was asked for. @default not streamed */
  readonly stream?: { readonly asked: StreamMode | undefined };
}

export interface EmbeddingsWanted extends CommonWanted {
  readonly embedding: Omit<EmbeddingRequest, 'callSizes'>;
}

interface CommonWanted {
  readonly wayIn: WayIn;
  /** As the client sent it: a repeated request is known by it. */
  readonly body: { readonly model: string; readonly metadata?: Readonly<Record<string, string>> | null | undefined };
  readonly deadline: string | undefined;
  readonly priority: number | undefined;
  readonly idempotencyKey: string | undefined;
  /** It is to go on without its client. @default false */
  readonly isDetached?: boolean;
  /** `waits`: until the answer is there. @default it comes back for it */
  readonly client?: 'waits';
}

export async function startInference(
  context: HttpContext,
  request: FastifyRequest,
  wanted: InferenceWanted | EmbeddingsWanted,
): Promise<Started> {
  const { inferences, catalog, lines, waiting, targets, admit, now } = context;
  const { wayIn, body, priority, idempotencyKey, isDetached = false, client } = wanted;
  const { response, webhookUrl } = 'prompt' in wanted ? wanted : { response: undefined, webhookUrl: undefined };
  if (webhookUrl !== undefined) checkWebhookUrl(context, webhookUrl);
  const { caller } = request;
  const { model } = body;
  const { mode, input: resolved } =
    'prompt' in wanted ? resolvePrompt(context, wanted) : { mode: null, input: resolveEmbeddings(catalog, wanted) };
  refuseDuringShutdown(waiting);
  const { deadlineMs } = resolved;
  const isJoinable = idempotencyKey !== undefined;
  const fingerprint = fingerprintOf(wayIn, body);
  const identity = isJoinable
    ? { type: 'keyed' as const, id: idempotentInferenceId(caller, idempotencyKey) }
    : numberedRequest(caller, { fingerprint, nowMs: now(), deadlineMs });
  const traceparent = traceparentOf(request.headers);
  const started = (inference: Inference, line: HeldLine | null): Started => {
    request.inferenceId = inference.id;
    const isKept = isJoinable || isDetached || inference.memo.isDetached === true;
    return { inference, deadlineMs, isJoinable, isKept, line };
  };
  if (identity.type === 'numbered' && isRetry(request.headers)) {
    const inference = await rescued(inferences, identity);
    if (inference) return started(inference, await lineOf(lines, inference, mode));
  }
  // Whoever joins adds nothing to what runs.
  const refusal = admit(resolved);
  if (refusal && !(identity.type === 'keyed' && (await isThere(inferences, identity.id)))) throw tooMany(refusal);
  const line = client || mode ? lines.hold(mode === 'live') : null;
  const starting = inferences.start({
    identity,
    input: {
      model,
      ...resolved,
      configHash: catalog.configHash,
      ...knownNow(targets, resolved.settings),
      ...(line && { line: line.address }),
      ...(traceparent && { traceparent }),
      ...(webhookUrl !== undefined && { webhookUrl }),
    },
    memo: {
      owner: caller.name,
      model,
      deadlineMs,
      metadata: body.metadata ?? {},
      fingerprint,
      ...(response && { response }),
      ...(isDetached && { isDetached }),
      requestId: request.id,
      ...(traceparent && { traceparent }),
      ...(mode === 'live' && line && { line: line.address }),
    },
    priority: (priority ?? DEFAULT_PRIORITY) as Priority,
    onId: (id) => {
      request.inferenceId = id;
    },
  });
  const outcome = await starting.catch((error: unknown) => {
    line?.leave();
    throw error;
  });
  if (outcome.type === 'started') return started(outcome.inference, line);
  line?.leave();
  if (outcome.type === 'joined') return started(outcome.inference, await lineOf(lines, outcome.inference, mode));
  throw notStarted(outcome, isJoinable);
}

function notStarted(
  outcome: Extract<StartOutcome, { type: 'conflict' | 'unavailable' }>,
  isJoinable: boolean,
): ApiError {
  if (outcome.type === 'unavailable') {
    return outcome.startUnknown
      ? temporalUnavailable({ inferenceId: outcome.id, shouldRetry: isJoinable })
      : temporalUnavailable({ shouldRetry: true });
  }
  return new ApiError({
    code: 'idempotency_key_reused',
    message: 'This Idempotency-Key was used for another request. Nothing was started or changed.',
    param: 'idempotency-key',
  });
}

/** Of an inference that somebody else has started; its tokens are only for those who want them as they come. */
async function lineOf(
  lines: HttpContext['lines'],
  { memo, endedAt }: Inference,
  mode: StreamMode | null,
): Promise<HeldLine | null> {
  return mode === 'live' && memo.line && !endedAt ? lines.join(memo.line) : null;
}

/** Null: the retry is a request like any other. */
async function rescued(inferences: Inferences, retry: NumberedRequest): Promise<Inference | null> {
  const outcome = await inferences.rescue(retry);
  // Nothing has been started by this request, and another retry looks again.
  if (outcome.type === 'unavailable') throw temporalUnavailable({ shouldRetry: true });
  return outcome.type === 'joined' ? outcome.inference : null;
}

/** A prompt and how it is served; `mode`: how its answer is streamed, null when it is not. */
function resolvePrompt(
  { catalog, apiKeys, expectFaults }: HttpContext,
  { wayIn, body, prompt: wanted, response, strategy, deadline, stream }: InferenceWanted,
): {
  readonly mode: StreamMode | null;
  readonly input: Omit<Resolved, 'stream' | 'expect'> & Pick<InferenceInput, 'prompt'>;
} {
  const { model } = body;
  const { stream: configured, expect, ...asked } = resolveModel({ catalog, wayIn, model, strategy, deadline });
  const prompt = withExpected({ prompt: wanted, ofModel: expect, faultsOf: expectFaults });
  const fieldOf = response ? responseField : (param: string) => param;
  const resolved = { ...asked, settings: ableTargets({ settings: asked.settings, prompt, catalog, fieldOf }) };
  checkComparable(resolved.settings, prompt, fieldOf('response_format'));
  checkResolvable(resolved.settings, apiKeys);
  const mode = stream ? streamMode({ ...stream, strategy: resolved.settings.strategy, prompt, configured }) : null;
  return { mode, input: { ...resolved, prompt } };
}

/** What the health of the targets says about how to begin. */
function knownNow(
  targets: HttpContext['targets'],
  settings: ModelSettings,
): Pick<InferenceInput, 'route' | 'recentP95Ms'> {
  if (settings.strategy === 'consensus') return {};
  const route = targets.rank(settings);
  const hasOwnDelays = settings.strategy === 'hedge' && settings.hedgeDelay === 'p95';
  return {
    ...(route && { route }),
    ...(hasOwnDelays && { recentP95Ms: targets.recentP95Ms(settings.targets) }),
  };
}

/** JSON is compared along its schema, and only a request has one. */
function checkComparable(settings: ModelSettings, prompt: Prompt, param: string): void {
  if (settings.strategy !== 'consensus' || settings.compare.type !== 'json' || schemaOf(prompt)) return;
  throw new ApiError({
    code: 'invalid_value',
    message: `${param} must be a json_schema: this model compares JSON answers field by field along it.`,
    param,
  });
}

/** Of a configured model that has been checked at the start. */
function checkResolvable(settings: ModelSettings, apiKeys: HttpContext['apiKeys']): void {
  if (settings.strategy !== 'consensus' || settings.onSplit.type !== 'hold') return;
  const missing = missingResolvers(settings.onSplit, apiKeys);
  if (missing === null) return;
  const param = 'strategy.on_split';
  throw new ApiError({ code: 'invalid_value', message: `${param} ${missing}: nobody could resolve it.`, param });
}

async function isThere(inferences: Inferences, id: string): Promise<boolean> {
  const outcome = await inferences.get(id, { withCalls: false });
  return outcome.type === 'found' && outcome.inference.status !== 'failed' && outcome.inference.status !== 'cancelled';
}

/** Refused while nothing of it has been begun. */
function tooMany(refusal: Refusal): ApiError {
  return new ApiError({
    code: 'too_many_inferences',
    message: `${REFUSALS[refusal.reason]} Nothing was started.`,
    shouldRetry: true,
    retryAfterSeconds: Math.max(1, Math.ceil(refusal.retryAfterMs / 1000)),
  });
}

const REFUSALS: Readonly<Record<Refusal['reason'], string>> = {
  'in-flight': 'Too many inferences run at once.',
  budgets: 'No provider of this model has room before the deadline.',
};

/** No work is begun that this process would not see through to its answer. */
export function refuseDuringShutdown(waiting: Waiting): void {
  if (!waiting.isShuttingDown) return;
  throw new ApiError({
    code: 'shutting_down',
    message: 'The service is shutting down. Nothing was started.',
    shouldRetry: true,
    retryAfterSeconds: 1,
  });
}
