// The models that clients may name, resolved from the configuration, without secrets. Pure look-ups.

import type { BatchRules } from './batch.ts';
import type { LaneLimits } from './batch-limits.ts';
import type { CapabilityRow } from './capabilities.ts';
import type { EmbeddingLimits } from './embeddings.ts';
import type { Expect } from './expectation.ts';
import type { OnExhausted } from './inference.ts';
import type { FailoverSettings, ModelSettings } from './model-settings.ts';
import { everyTarget } from './model-settings.ts';
import type { StreamMode } from './stream-mode.ts';
import type { Price, Target } from './target.ts';
import { parseTargetName, targetName } from './target.ts';

export interface ModelEntry {
  readonly settings: ModelSettings;
  /** Left out: the way in decides (`defaultsFor`). */
  readonly deadlineMs?: number;
  readonly onExhausted?: OnExhausted;
  /** How answers are streamed; left out: as is usual (`streamMode`). */
  readonly stream?: StreamMode;
  /** What its answers must be like, whatever a request expects. */
  readonly expect?: Expect;
  /** The lanes of its batches. @default its targets as listed */
  readonly batchTargets?: readonly Target[];
}

/** What is known of a target wherever it is used. */
export type TargetFacts = Pick<Target, 'price' | 'contextWindow' | 'maxOutputTokens'>;

/** What may be known of a provider by everybody: nothing of how it is reached. */
interface ProviderFacts {
  /** The operator's own label, such as `eu`. */
  readonly region: string | null;
  /** What its models cannot do. @default nothing is known, and everything is tried */
  readonly capabilities?: readonly CapabilityRow[];
  /** Left out: it has no embeddings. */
  readonly embeddings?: EmbeddingLimits;
  /** Left out: it has no batches, and is no lane of one. */
  readonly batches?: LaneLimits;
}

export interface Catalog {
  /** By the name that clients send as `model`. */
  readonly models: Readonly<Record<string, ModelEntry>>;
  /** By target name: what the configuration says of it. */
  readonly facts: Readonly<Record<string, TargetFacts>>;
  /** By its provider's price list; null: unknown. Left out: there are no lists. */
  readonly listPrice?: (target: Pick<Target, 'provider' | 'model'>) => Price | null;
  /** The configured providers, by name. */
  readonly providers: Readonly<Record<string, ProviderFacts>>;
  /** Settings of a chain that no model entry describes. */
  readonly defaults: Omit<FailoverSettings, 'targets'>;
  readonly batchRules: BatchRules;
  /** Hash of the configuration, secrets left out. */
  readonly configHash: string;
}

/** The entry of a model name, or of a target named directly as `provider/model`: a chain of one. */
export function findModel(catalog: Catalog, name: string): ModelEntry | null {
  const entry = Object.hasOwn(catalog.models, name) ? catalog.models[name] : undefined;
  if (entry) return entry;
  const target = findTarget(catalog, name);
  return target ? { settings: { ...catalog.defaults, targets: [target] } } : null;
}

/** A target by its name with what is known of it, or null when its provider is not configured. */
export function findTarget(catalog: Catalog, name: string): Target | null {
  const parsed = parseTargetName(name);
  if (!parsed || !Object.hasOwn(catalog.providers, parsed.provider)) return null;
  return { ...parsed, ...knownOf(catalog, parsed) };
}

/** A price of the configuration goes over one of a list. */
export function knownOf(
  { facts, listPrice }: Pick<Catalog, 'facts' | 'listPrice'>,
  target: Pick<Target, 'provider' | 'model'>,
): TargetFacts {
  const configured = facts[targetName(target)];
  const price = configured?.price ?? listPrice?.(target);
  return { ...configured, ...(price && { price }) };
}

/** Every target that some model names or some fact describes, in order of first mention. */
export function allTargets(catalog: Catalog): readonly Target[] {
  const byName = new Map<string, Target>();
  for (const { settings } of Object.values(catalog.models)) {
    for (const { provider, model } of everyTarget(settings)) {
      const name = targetName({ provider, model });
      if (!byName.has(name)) byName.set(name, { provider, model, ...knownOf(catalog, { provider, model }) });
    }
  }
  for (const name of Object.keys(catalog.facts)) {
    const target = findTarget(catalog, name);
    if (target && !byName.has(name)) byName.set(name, target);
  }
  return [...byName.values()];
}

export type WayIn = 'chat-completions' | 'embeddings' | 'responses' | 'background-responses' | 'inferences';

/** Somebody who waits on a line wants an answer or an error soon; submitted work wants an answer. */
export function defaultsFor(wayIn: WayIn): { readonly deadlineMs: number; readonly onExhausted: OnExhausted } {
  return wayIn === 'background-responses' || wayIn === 'inferences'
    ? { deadlineMs: 24 * 60 * 60 * 1000, onExhausted: 'wait' }
    : { deadlineMs: 120_000, onExhausted: 'fail' };
}
