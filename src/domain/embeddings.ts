// Embeddings: what is asked for, what comes back, and which targets of a model may serve them. Vectors of two models
// cannot be compared, so one name of a model only ever gives the vectors of one. Pure; recorded in histories.

import type { Usage } from './answer.ts';
import type { Catalog } from './catalog.ts';
import type { FailoverSettings, ModelSettings } from './model-settings.ts';
import type { Target } from './target.ts';
import { targetName } from './target.ts';
import { vectorSpace } from './vector-space.ts';

/** What is asked of a model instead of a prompt. */
export interface EmbeddingRequest {
  readonly texts: readonly string[];
  /** How many texts each call takes, in their order: every target of the chain can take as many at once. */
  readonly callSizes: readonly number[];
  /** @default the model's own */
  readonly dimensions?: number;
  /** The client's own name for its end user, passed on where the provider takes one. */
  readonly user?: string;
}

/** The vectors of one call's texts. */
export interface Embedded {
  /** In the order of the texts and without gaps: base64 of 32-bit floats, little-endian. JSON's numbers take three times the room. */
  readonly vectors: string;
  /** Of each vector. */
  readonly dimensions: number;
  readonly usage: Usage | null;
  /** The model that served, as the provider names it. */
  readonly model: string;
}

/** What a provider's embeddings API takes in one call; a provider without any has none. */
export interface EmbeddingLimits {
  readonly texts: number;
  /** UTF-8, all texts together. Tokens are what counts, but no token is shorter than a byte. */
  readonly bytes: number;
  /** Whether the number of dimensions can be asked for. */
  readonly takesDimensions: boolean;
}

export type EmbeddingChain =
  | { readonly type: 'chain'; readonly settings: FailoverSettings; readonly limits: EmbeddingLimits }
  | {
      readonly type: 'none';
      /** What no target can do: votes about vectors, vectors at all, or vectors of a wanted length. */
      readonly lacks: 'votes' | 'embeddings' | 'dimensions';
      readonly targets: readonly string[];
    };

/**
 * The targets of a model that may serve its embeddings: those of the model that its first target with embeddings
 * serves, as listed. It must not depend on what is healthy, or what one day stores could not be compared with the next.
 */
export function embeddingChain(input: {
  readonly settings: ModelSettings;
  readonly providers: Catalog['providers'];
  readonly wantsDimensions: boolean;
}): EmbeddingChain {
  const { settings, providers, wantsDimensions } = input;
  const none = (lacks: 'votes' | 'embeddings' | 'dimensions', targets: readonly Target[]): EmbeddingChain => ({
    type: 'none',
    lacks,
    targets: targets.map(targetName),
  });
  if (settings.strategy === 'consensus') return none('votes', settings.targets);
  const able = settings.targets.filter(({ provider }) => providers[provider]?.embeddings);
  const [first] = able;
  if (!first) return none('embeddings', settings.targets);
  const alike = able.filter(({ model }) => vectorSpace(model) === vectorSpace(first.model));
  const limitsOf = ({ provider }: Target) => providers[provider]?.embeddings;
  const targets = alike.filter((target) => !wantsDimensions || limitsOf(target)?.takesDimensions);
  if (targets.length === 0) return none('dimensions', alike);
  const limits = targets.flatMap((target) => limitsOf(target) ?? []);
  return {
    type: 'chain',
    settings: { ...common(settings), strategy: 'failover', targets },
    limits: {
      texts: Math.min(...limits.map(({ texts }) => texts)),
      bytes: Math.min(...limits.map(({ bytes }) => bytes)),
      takesDimensions: limits.every(({ takesDimensions }) => takesDimensions),
    },
  };
}

/** Without what only races know. */
function common(settings: Exclude<ModelSettings, { strategy: 'consensus' }>) {
  if (settings.strategy === 'failover') return settings;
  const { hedgeDelay: _delay, hedgeBudget: _budget, ...rest } = settings;
  return rest;
}

/**
 * More at once would spare nobody anything: while so many vectors are read from their JSON, which takes a tenth of a
 * second, the process does nothing else, and what is there is recorded call by call.
 */
const MOST_TEXTS = 256;

/** How many texts go into each call; a text that is too long by itself goes alone, and its provider says so. */
export function callSizes(textBytes: readonly number[], limits: Pick<EmbeddingLimits, 'texts' | 'bytes'>): number[] {
  const most = Math.min(limits.texts, MOST_TEXTS);
  const sizes: number[] = [];
  let texts = 0;
  let bytes = 0;
  for (const size of textBytes) {
    if (texts > 0 && (texts === most || bytes + size > limits.bytes)) {
      sizes.push(texts);
      texts = 0;
      bytes = 0;
    }
    texts += 1;
    bytes += size;
  }
  return texts > 0 ? [...sizes, texts] : sizes;
}

/** From which text to which one, exclusive, a call goes. */
export function callRange(sizes: readonly number[], call: number): [number, number] {
  const from = sizes.slice(0, call).reduce((sum, size) => sum + size, 0);
  return [from, from + (sizes[call] ?? 0)];
}

/** The usage of all calls together; null when one of them is unknown. */
export function totalUsage(parts: readonly Embedded[]): Usage | null {
  let inputTokens = 0;
  for (const { usage } of parts) {
    if (usage?.inputTokens == null) return null;
    inputTokens += usage.inputTokens;
  }
  return { ...NO_OUTPUT, inputTokens };
}

/** Vectors are no tokens. */
export const NO_OUTPUT = { cachedInputTokens: null, outputTokens: 0, reasoningTokens: null } as const;
