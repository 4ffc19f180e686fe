// From a parsed request to a started or joined inference. The only place where the HTTP side starts work.

import { randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { WayIn } from '../domain/catalog.ts';
import { newInferenceId } from '../domain/ids.ts';
import type { Inference, InferenceInput } from '../domain/inference.ts';
import type { Inferences, Priority } from '../domain/inferences.ts';
import type { Refusal } from '../domain/admission.ts';
import { missingResolvers } from '../domain/hold.ts';
import type { ModelSettings } from '../domain/model-settings.ts';
import type { Prompt } from '../domain/prompt.ts';
import { schemaOf } from '../domain/prompt.ts';
import { ApiError, temporalUnavailable } from './errors.ts';
import { withExpected } from './expect-faults.ts';
import type { HttpContext } from './http-context.ts';
import { fingerprintOf, idempotentInferenceId } from './idempotency.ts';
import { resolveModel } from './resolve-model.ts';
import type { StrategyBody } from './strategy-schema.ts';
import type { Waiting } from './waiting.ts';

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
}

export async function startInference(
  context: HttpContext,
  request: FastifyRequest,
  wanted: {
    readonly wayIn: WayIn;
    /** As the client sent it: a repeated request is known by it. */
    readonly body: { readonly model: string; readonly metadata?: Readonly<Record<string, string>> | null | undefined };
    readonly prompt: Prompt;
    readonly strategy?: StrategyBody | undefined;
    readonly deadline: string | undefined;
    readonly priority: number | undefined;
    readonly idempotencyKey: string | undefined;
  },
): Promise<Started> {
  const { inferences, catalog, apiKeys, waiting, targets, admit, expectFaults, now } = context;
  const { wayIn, body, strategy, deadline, priority, idempotencyKey } = wanted;
  const { caller } = request;
  const { model } = body;
  const { expect, ...resolved } = resolveModel({ catalog, wayIn, model, strategy, deadline });
  const prompt = withExpected({ prompt: wanted.prompt, ofModel: expect, faultsOf: expectFaults });
  checkComparable(resolved.settings, prompt);
  checkResolvable(resolved.settings, apiKeys);
  refuseDuringShutdown(waiting);
  const isJoinable = idempotencyKey !== undefined;
  const id = isJoinable
    ? idempotentInferenceId(caller, idempotencyKey)
    : newInferenceId({ nowMs: now(), random: randomBytes(10) });
  // Whoever joins adds nothing to what runs.
  const refusal = admit(resolved);
  if (refusal && !(isJoinable && (await isThere(inferences, id)))) throw tooMany(refusal);
  request.inferenceId = id;
  const outcome = await inferences.start({
    id,
    input: { model, prompt, ...resolved, configHash: catalog.configHash, ...knownNow(targets, resolved.settings) },
    memo: {
      owner: caller.name,
      model,
      deadlineMs: resolved.deadlineMs,
      metadata: body.metadata ?? {},
      fingerprint: fingerprintOf(wayIn, body),
    },
    priority: (priority ?? DEFAULT_PRIORITY) as Priority,
    joins: isJoinable,
  });

  if (outcome.type === 'conflict') {
    throw new ApiError({
      code: 'idempotency_key_reused',
      message: 'This Idempotency-Key was used for another request. Nothing was started or changed.',
      param: 'idempotency-key',
    });
  }
  if (outcome.type === 'unavailable') {
    throw outcome.startUnknown
      ? temporalUnavailable({ inferenceId: id, shouldRetry: isJoinable })
      : temporalUnavailable({ shouldRetry: true });
  }
  return { inference: outcome.inference, deadlineMs: resolved.deadlineMs, isJoinable };
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
function checkComparable(settings: ModelSettings, prompt: Prompt): void {
  if (settings.strategy !== 'consensus' || settings.compare.type !== 'json' || schemaOf(prompt)) return;
  throw new ApiError({
    code: 'invalid_value',
    message: 'response_format must be a json_schema: this model compares JSON answers field by field along it.',
    param: 'response_format',
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
  const outcome = await inferences.get(id);
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
