// A target as clients see it: what the configuration says of it, and what is known of its health.

import { z } from 'zod';
import type { Catalog } from '../domain/catalog.ts';
import type { CircuitView, TargetView } from '../domain/health.ts';
import { qualityRatio, successRatio } from '../domain/score.ts';
import type { Target } from '../domain/target.ts';
import { targetName } from '../domain/target.ts';
import { timeSchema } from './call-object.ts';

const circuitSchema = z
  .object({
    state: z.enum(['closed', 'open', 'half-open', 'isolated']),
    since: timeSchema.nullable().meta({ description: 'Null when it has been closed for long.' }),
    until: timeSchema.nullable().meta({ description: 'When a probe may follow; null unless it is open.' }),
    cause: z.string().nullable().meta({ description: 'The kind of failure that opened it, or `pings`.' }),
  })
  .meta({ id: 'Circuit' });

const latencySchema = z.object({ p50: z.number().nullable(), p95: z.number().nullable() });

export const targetSchema = z
  .object({
    object: z.literal('target'),
    id: z.string().meta({ examples: ['openai/gpt-4o'] }),
    provider: z.string(),
    region: z.string().nullable().meta({ description: "The operator's label of the provider's region." }),
    model: z.string(),
    price: z
      .object({ input: z.number(), output: z.number() })
      .nullable()
      .meta({ description: 'USD per million tokens.' }),
    context_window: z.int().nullable(),
    models: z.array(z.string()).meta({ description: 'The configured models that use it.' }),
    health: z
      .enum(['healthy', 'degraded', 'out'])
      .meta({ description: '`degraded`: ranked behind others. `out`: not called now.' }),
    breaker: circuitSchema,
    account: circuitSchema.meta({ description: "Of the provider's account: open, all its targets are out." }),
    score: z.object({
      calls: z.int().meta({ description: 'In the window, health pings included.' }),
      success: z.number().nullable().meta({ description: 'From 0 to 1; null with too few calls to say.' }),
      quality: z.number().nullable().meta({ description: 'Share of answers that were complete and as asked for.' }),
      first_token_ms: latencySchema,
      total_ms: latencySchema,
      latency_spike: z.boolean().meta({ description: 'Its latency has left its own recent range.' }),
    }),
    queue: z
      .object({
        depth: z.int().meta({ description: 'Calls that wait for their turn.' }),
        wait_ms: z.number().meta({ description: 'How long a call that came now would wait.' }),
        in_flight: z.int(),
        allowance: z.number().nullable().meta({ description: 'Calls in flight that are allowed now.' }),
      })
      .nullable()
      .meta({ description: "Of the provider's rate budget; null when nothing limits it." }),
  })
  .meta({ id: 'Target' });

export function targetObject(catalog: Catalog, target: Target, view: TargetView): z.output<typeof targetSchema> {
  const id = targetName(target);
  const users = Object.entries(catalog.models).filter(([, entry]) =>
    entry.settings.targets.some((candidate) => targetName(candidate) === id),
  );
  const { health, breaker, account, score, hasSpike, budget } = view;
  return {
    object: 'target',
    id,
    provider: target.provider,
    region: catalog.providers[target.provider]?.region ?? null,
    model: target.model,
    price: target.price ? { input: target.price.input, output: target.price.output } : null,
    context_window: target.contextWindow ?? null,
    models: users.map(([name]) => name),
    health,
    breaker: circuitObject(breaker),
    account: circuitObject(account),
    score: {
      calls: score.calls,
      success: successRatio(score),
      quality: qualityRatio(score),
      first_token_ms: { p50: score.firstTokenP50Ms, p95: score.firstTokenP95Ms },
      total_ms: { p50: score.totalP50Ms, p95: score.totalP95Ms },
      latency_spike: hasSpike,
    },
    queue: budget && {
      depth: budget.depth,
      wait_ms: Math.round(budget.waitMs),
      in_flight: budget.inFlight,
      allowance: budget.allowance,
    },
  };
}

function circuitObject({ state, sinceMs, untilMs, cause }: CircuitView): z.output<typeof circuitSchema> {
  return { state, since: timeOf(sinceMs), until: timeOf(untilMs), cause };
}

function timeOf(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
