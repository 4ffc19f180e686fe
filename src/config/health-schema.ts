// The fields of provider health in the configuration file: circuit breakers, health pings, scores, alerts, limits of
// load. Parts of the one schema in `schema.ts`.

import * as z from 'zod';
import type { Order } from '../domain/ranking.ts';
import { webhook } from './addresses.ts';
import { duration } from './quantities.ts';

/** From 1ms: the replay of an outage in fast motion scales every clock down. */
const upToADay = duration({ minMs: 1, maxMs: 24 * 60 * 60 * 1000 });
const upToAMonth = duration({ minMs: 1, maxMs: 30 * 24 * 60 * 60 * 1000 });
const share = z.number().min(0).max(1);
const weight = z.number().min(0);
const count = z.int().min(1);

const breakerFields = {
  window: upToADay,
  /** At 1 failed calls never open it, since no ratio is above that; failed health pings still do. */
  failureRatio: z.number().gt(0, 'must be above 0').max(1),
  minimumCalls: count,
  break: upToADay,
};

const breaker = z.strictObject({
  /** Calls of so long count. @default 60s */
  window: breakerFields.window.default(60_000),
  /** Opens above it. @default 0.2 */
  failureRatio: breakerFields.failureRatio.default(0.2),
  /** In the window, before it may open. @default 5 */
  minimumCalls: breakerFields.minimumCalls.default(5),
  /** How long it stays open before a probe. @default 30s */
  break: breakerFields.break.default(30_000),
});

/** Of a provider or a target. Each one: @default as in the provider's, then in the section `breaker` */
export const breakerOverrides = z.strictObject({
  window: breakerFields.window.exactOptional(),
  failureRatio: breakerFields.failureRatio.exactOptional(),
  minimumCalls: breakerFields.minimumCalls.exactOptional(),
  break: breakerFields.break.exactOptional(),
});

/** Of a provider's account, for the whole service. Each one: @default no limit */
export const providerLimits = z.strictObject({
  maxConcurrent: count.exactOptional(),
  requestsPerMinute: count.exactOptional(),
  tokensPerMinute: count.exactOptional(),
});

const orders = ['listed', 'reliability', 'latency', 'cost'] as const satisfies readonly Order[];

/** How a model ranks its targets. */
export const ranking = {
  order: z.enum(orders).default('listed'),
  /** @default as in `score` */
  minimumSuccess: share.exactOptional(),
  /** @default as in `score` */
  minimumQuality: share.exactOptional(),
};

const healthChecks = z.strictObject({
  enabled: z.boolean().default(true),
  /** @default 15s */
  interval: upToADay.default(15_000),
  /** Not `.default()`: an assumed timeout gives way to a shorter interval. @default 5s, or the interval when that is shorter */
  timeout: upToADay.exactOptional(),
  /** Ping also a target whose health other calls have told. */
  always: z.boolean().default(false),
});

const score = z.strictObject({
  /** @default 5m */
  window: upToADay.default(300_000),
  /** What each part counts for in the order `reliability`; only their proportion matters. */
  weights: z
    .strictObject({ success: weight.default(0.5), latency: weight.default(0.2), quality: weight.default(0.3) })
    .prefault({}),
  /** A target below it is ranked behind the others. */
  minimumSuccess: share.default(0.9),
  minimumQuality: share.default(0.9),
});

const alerts = z.strictObject({
  /** Where alerts are posted. Holds a secret. @default null: nowhere */
  webhook: webhook.nullable().default(null),
  /** The same alert, of the same type and subject, is not raised again for so long. @default 15m */
  repeatAfter: upToAMonth.default(900_000),
});

const admission = z.strictObject({
  /** Inferences in flight at once; what comes on top is refused with 429. */
  maxInFlight: count.default(5_000),
});

export const healthSections = {
  breaker: breaker.prefault({}),
  healthChecks: healthChecks.prefault({}),
  score: score.prefault({}),
  alerts: alerts.prefault({}),
  admission: admission.prefault({}),
};
