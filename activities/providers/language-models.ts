// Keeps the AI SDK's model objects: making one builds its schemas anew, which costs as much as a whole call.

import type { EmbeddingModelV3 } from '@ai-sdk/provider';
import type { Exchange } from './exchange.ts';
import type { ProviderSettings } from './registry.ts';
import type { EmbeddingApi, ModelAddress, StreamingModel, Vendor } from './vendor.ts';

/** A model is shared by calls, so it finds the exchange of each by the one thing that the AI SDK hands through. */
const exchanges = new WeakMap<AbortSignal, Exchange>();

interface Wanted {
  readonly settings: ProviderSettings;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly model: string;
  /** The signal that `doStream` or `doEmbed` is given. */
  readonly signal: AbortSignal;
  readonly exchange: Exchange;
}

export function languageModel(input: Wanted & { readonly vendor: Vendor }): StreamingModel {
  return kept(languageModels, input, input.vendor.languageModel);
}

export function embeddingModel(input: Wanted & { readonly api: EmbeddingApi }): EmbeddingModelV3 {
  return kept(embeddingModels, input, input.api.model);
}

type Kept<Model> = WeakMap<ProviderSettings, Map<string, Model>>;

const languageModels: Kept<StreamingModel> = new WeakMap();
const embeddingModels: Kept<EmbeddingModelV3> = new WeakMap();

function kept<Model>(all: Kept<Model>, wanted: Wanted, make: (address: ModelAddress) => Model): Model {
  const { settings, baseUrl, model, signal, exchange } = wanted;
  exchanges.set(signal, exchange);
  const ofProvider = all.get(settings) ?? new Map<string, Model>();
  all.set(settings, ofProvider);
  const known = ofProvider.get(model);
  if (known) return known;
  const made = make({ model, baseUrl, apiKey: settings.apiKey, settings, fetch: fetchByExchange });
  // Clients may name models at will.
  if (ofProvider.size >= MAX_MODELS) ofProvider.clear();
  ofProvider.set(model, made);
  return made;
}

const MAX_MODELS = 100;

const fetchByExchange: typeof globalThis.fetch = (input, init) => {
  const exchange = init?.signal ? exchanges.get(init.signal) : undefined;
  return exchange ? exchange.fetch(input, init) : Promise.reject(new Error('A request outside of a call.'));
};
