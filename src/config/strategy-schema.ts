// The fields of targets and of the strategies beyond failover in the configuration file. Parts of the one schema in
// `schema.ts`. What they mean for each other is in `src/domain/strategies.ts`, where their defaults are too.

import * as z from 'zod';
import { MAX_DEADLINE_MS, MAX_HOLD_MS } from '../domain/inference.ts';
import { duration } from './quantities.ts';
import { mustBeOneOf } from './schema-issues.ts';

/** Override the client's at one target. @default each one as the client sent it */
const params = z.strictObject({
  maxTokens: z.int().min(1).exactOptional(),
  temperature: z.number().min(0).exactOptional(),
  topP: z.number().min(0).max(1).exactOptional(),
  presencePenalty: z.number().min(-2).max(2).exactOptional(),
  frequencyPenalty: z.number().min(-2).max(2).exactOptional(),
  stop: z.array(z.string().min(1)).min(1).exactOptional(),
  seed: z.int().exactOptional(),
  reasoningEffort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).exactOptional(),
});

const chainLink = z.strictObject({
  target: z.string(),
  /** Put before the client's messages. @default nothing */
  system: z.string().min(1).exactOptional(),
  params: params.exactOptional(),
});

export const chainTarget = z.union([z.string(), chainLink], {
  error: 'must be provider/model, or a mapping with the field target',
});

export type TargetEntry = z.output<typeof chainTarget>;

const delay = duration({ minMs: 0, maxMs: MAX_DEADLINE_MS });
const share = z.number().min(0).max(1);
const tolerance = z.number().min(0).max(1);

const P95_OR_DURATION = 'must be p95, or a duration such as 500ms';

export const hedgeFields = {
  targets: z.array(chainTarget).min(1),
  /** How long nobody has answered before the next target starts; p95: the target's own recent one. @default p95 */
  hedgeDelay: z
    .union([z.literal('p95'), duration({ minMs: 0, maxMs: MAX_DEADLINE_MS, form: P95_OR_DURATION })], {
      error: P95_OR_DURATION,
    })
    .exactOptional(),
  hedgeBudget: z
    .strictObject({
      /** Share of the inferences that may be hedged. @default 0.1 */
      requests: share.exactOptional(),
      /** Share of the spend that may go into hedges. @default 0.1 */
      spend: share.exactOptional(),
    })
    .exactOptional(),
};

const textRules = {
  /** @default true */
  ignoreWhitespace: z.boolean().exactOptional(),
  /** @default true for text, false for json */
  ignoreCase: z.boolean().exactOptional(),
  /** @default false */
  ignorePunctuation: z.boolean().exactOptional(),
  /** How alike texts must be; 1: the same. @default 1 */
  similarity: share.exactOptional(),
};

const fieldRules = z.strictObject({
  ...textRules,
  relativeTolerance: tolerance.exactOptional(),
  /** @default 1 */
  weight: z.number().min(0).exactOptional(),
  /** Need not agree. @default false */
  free: z.boolean().exactOptional(),
  /** @default as the schema says */
  as: z.enum(['date', 'set']).exactOptional(),
});

const compare = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('exact') }),
    z.strictObject({ type: z.literal('text'), ...textRules }),
    z.strictObject({
      type: z.literal('number'),
      /** @default 0 */
      relativeTolerance: tolerance.exactOptional(),
    }),
    z.strictObject({
      type: z.literal('json'),
      ...textRules,
      /** @default 0 */
      relativeTolerance: tolerance.exactOptional(),
      /** Weighted share of the fields that must agree. @default 1 */
      threshold: z.number().gt(0, 'must be above 0').max(1).exactOptional(),
      /** By path, such as amount, buyer.name, items[].price. @default none: all alike */
      fields: z.record(z.string().min(1), fieldRules).exactOptional(),
    }),
    z.strictObject({ type: z.literal('judge'), target: z.string() }),
  ],
  { error: mustBeOneOf('exact', 'text', 'number', 'json', 'judge') },
);

const weight = z.number().gt(0, 'must be above 0');

/** A voter: a target, or a chain of them of which one votes. */
const leg = z.union(
  [
    z.string(),
    chainLink.extend({
      /** Of its vote. @default 1 */
      weight: weight.exactOptional(),
    }),
    z.strictObject({ chain: z.array(chainTarget).min(1), weight: weight.exactOptional() }),
  ],
  { error: 'must be provider/model, or a mapping with the field target or chain' },
);

export const consensusFields = {
  targets: z.array(leg).min(1),
  /** Votes that must agree. @default more than half */
  quorum: z.int().exactOptional(),
  compare,
  /** How long the others are waited for once the quorum is reached. @default 30s */
  graceAfterQuorum: delay.exactOptional(),
  /** @default false: every vote is heard */
  earlyExit: z.boolean().exactOptional(),
  /** @default fail */
  onSplit: z.enum(['fail', 'majority-field', 'escalate', 'hold']).exactOptional(),
  /** With onSplit: escalate. A target, or a chain of them. */
  escalateTo: z.union([chainTarget, z.array(chainTarget).min(1)]).exactOptional(),
  /** With onSplit: hold. Different API keys that must decide alike. @default 1 */
  approvals: z.int().min(1).max(10).exactOptional(),
  /** With onSplit: hold. @default true */
  submitterMayResolve: z.boolean().exactOptional(),
  /** With onSplit: hold. Then it fails as split. @default 24h */
  holdTimeout: duration({ minMs: 1_000, maxMs: MAX_HOLD_MS }).exactOptional(),
};
