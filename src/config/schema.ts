// The one schema of the configuration file. Strict: a field that is not here is an error. Defaults are said here.
// What one field means for another is checked in `cross-checks.ts`.

import * as z from 'zod';
import { providerTypes } from '../../activities/providers/registry.ts';
import { MAX_DEADLINE_MS, MIN_DEADLINE_MS } from '../domain/inference.ts';
import { baseUrl } from './addresses.ts';
import { expectFields } from './expect-schema.ts';
import { breakerOverrides, healthSections, providerLimits, ranking } from './health-schema.ts';
import { duration, size } from './quantities.ts';
import { mustBeOneOf } from './schema-issues.ts';
import { webhooks } from './webhook-schema.ts';
import { chainTarget, consensusFields, hedgeFields } from './strategy-schema.ts';

const HOUR_MS = 60 * 60 * 1000;

const name = z.string().regex(/^[A-Za-z0-9._-]+$/, 'a name has letters, digits, dots, dashes and underscores only');
const modelName = z.string().regex(/^[A-Za-z0-9._:/@+-]+$/, 'a model name has letters, digits and ._:/@+- only');
const timeout = duration({ minMs: 1, maxMs: MAX_DEADLINE_MS });
const maxAttempts = z.int().min(1).max(20);

const secret = z.string().regex(/^[!-~]+$/, 'must be printable characters without spaces');
/** A part of an address. */
const label = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, 'must be letters, digits, dots, colons and dashes');

const provider = z.strictObject({
  type: z.enum(providerTypes),
  /** @default none */
  apiKey: secret.exactOptional(),
  /** @default the provider's own address */
  baseUrl: baseUrl.exactOptional(),
  /** A label of the operator's; with bedrock and vertex the cloud's name of the region that is called. @default none */
  region: z.string().min(1).max(64).exactOptional(),
  /** Whether it is used for batches. @default as its type has them: openai-compatible has none */
  batch: z.boolean().exactOptional(),
  // azure
  /** The name of the resource, which makes the address. @default none: the baseUrl says it */
  resource: label.exactOptional(),
  /** One with a date has the deployment in the path. @default v1 */
  apiVersion: label.exactOptional(),
  // bedrock, in place of an apiKey
  accessKeyId: secret.exactOptional(),
  secretAccessKey: secret.exactOptional(),
  /** @default none: the keys are not for a time only */
  sessionToken: secret.exactOptional(),
  // vertex, in place of an apiKey
  project: label.exactOptional(),
  /** The JSON of a service account's key file, such as `${file:/run/secrets/vertex.json}`. */
  credentials: z.string().check(isJsonObject).exactOptional(),
  limits: providerLimits.exactOptional(),
  breaker: breakerOverrides.exactOptional(),
});

const targetFacts = z.strictObject({
  /** USD per million tokens. @default by the provider's list; where there is none, the cost of each call is unknown */
  price: z
    .strictObject({
      input: z.number().min(0),
      output: z.number().min(0),
      /** What a batch costs of it. @default what the provider's batches cost, where they all cost the same */
      batch: z.number().min(0).max(1).exactOptional(),
    })
    .exactOptional(),
  /** Tokens. @default unknown: the target is tried also with a prompt that was too long for another */
  contextWindow: z.int().min(1).exactOptional(),
  /** Tokens of one answer; a higher max_tokens is lowered to it. @default unknown: it is sent as the client set it */
  maxOutputTokens: z.int().min(1).exactOptional(),
  breaker: breakerOverrides.exactOptional(),
});

function isJsonObject({ value, issues }: z.core.ParsePayload<string>): void {
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  issues.push({ code: 'custom', message: 'must be the text of a JSON object', input: value });
}

/** Not `.default()`: a limit that was only assumed gives way to a tighter one that was asked for. */
const limits = {
  /** @default 30s, or attemptTimeout when that is shorter */
  firstTokenTimeout: timeout.exactOptional(),
  /** @default 15s, or attemptTimeout when that is shorter */
  stallTimeout: timeout.exactOptional(),
  /** @default 60s, or the model's deadline when that is shorter */
  attemptTimeout: timeout.exactOptional(),
  /** @default 2 */
  maxAttemptsPerTarget: maxAttempts.exactOptional(),
};

/** What every strategy takes. */
const common = {
  /** @default 120s for chat completions, 24h for submitted inferences */
  deadline: duration({ minMs: MIN_DEADLINE_MS, maxMs: MAX_DEADLINE_MS }).exactOptional(),
  /** @default fail for chat completions, wait for submitted inferences */
  onExhausted: z.enum(['fail', 'wait']).exactOptional(),
  onRefusal: z.enum(['return', 'failover']).default('return'),
  /** @default live; verified for consensus, and where a form of the answer is asked for */
  stream: z.enum(['live', 'verified']).exactOptional(),
  /** The lanes of its batches, in the order in which they are tried. @default its targets as listed */
  batch: z.strictObject({ targets: z.array(chainTarget).min(1) }).exactOptional(),
  /** What an answer must be like to be accepted. @default nothing beside what the request asks for */
  expect: expectFields.exactOptional(),
  // Each one: @default as in `defaults`
  ...limits,
};

const model = z.discriminatedUnion(
  'strategy',
  [
    z.strictObject({
      strategy: z.literal('failover').default('failover'),
      targets: z.array(chainTarget).min(1),
      ...ranking,
      ...common,
    }),
    z.strictObject({ strategy: z.literal('hedge'), ...hedgeFields, ...ranking, ...common }),
    z.strictObject({ strategy: z.literal('consensus'), ...consensusFields, ...common }),
  ],
  { error: mustBeOneOf('failover', 'hedge', 'consensus') },
);

const batchSection = z.strictObject({
  /** The largest file that may be uploaded. @default 200MB */
  maxFileSize: size({ min: '1KB', max: '10GB' }).default(200_000_000),
  /** Between two looks at a provider's batch; grows to ten times as much. @default 30s */
  pollInterval: duration({ minMs: 100, maxMs: HOUR_MS }).default(30_000),
  /** A provider's batch that makes no progress for so long is left for the next lane. @default 2h */
  stuckAfter: duration({ minMs: 1_000, maxMs: MAX_DEADLINE_MS }).default(2 * HOUR_MS),
  /** Lines of a portion that are asked at once in the ordinary way, at most: 32, and more where there is room. @default 200 */
  rescueConcurrency: z.int().min(1).max(1_000).default(200),
});

export const configSchema = z.strictObject({
  providers: z.record(name, provider),
  targets: z.record(z.string(), targetFacts).default({}),
  defaults: z.strictObject(limits).default({}),
  models: z.record(modelName, model).default({}),
  ...healthSections,
  batch: batchSection.prefault({}),
  documents: z
    .strictObject({
      /** Folders of the workers, with all that is in them, that analyses may read and put results into. @default none */
      folders: z.array(z.string().startsWith('/', { error: 'must be an absolute path' })).default([]),
    })
    .prefault({}),
  webhooks: webhooks.prefault({}),
  storage: z.strictObject({ type: z.literal('directory').default('directory') }).default({ type: 'directory' }),
  /** How long finished inferences are kept. Temporal takes no less than an hour. @default 30d */
  retention: duration({ minMs: HOUR_MS, maxMs: 3650 * 24 * HOUR_MS }).default(30 * 24 * HOUR_MS),
  http: z
    .strictObject({
      /** The largest request body. V8's longest string sets the upper limit. @default 32MB */
      bodyLimit: size({ min: '1KB', max: '500MB' }).default(32_000_000),
    })
    .default({ bodyLimit: 32_000_000 }),
});

/** A file that passed the schema, its durations in milliseconds and its sizes in bytes. */
export type ConfigFile = z.output<typeof configSchema>;
export type ProviderEntry = ConfigFile['providers'][string];
export type ModelFields = ConfigFile['models'][string];
export type LimitFields = ConfigFile['defaults'];
