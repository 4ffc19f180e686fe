// Keeps the AI SDK's model objects: making one builds its schemas anew, which costs as much as a whole call.

import type { Exchange } from './exchange.ts';
import type { ProviderSettings } from './registry.ts';
import type { StreamingModel, Vendor } from './vendor.ts';

/** A model is shared by calls, so it finds the exchange of each by the one thing that the AI SDK hands through. */
const exchanges = new WeakMap<AbortSignal, Exchange>();

export function languageModel(input: {
  readonly vendor: Vendor;
  readonly settings: ProviderSettings;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly model: string;
  /** The signal that `doStream` is given. */
  readonly signal: AbortSignal;
  readonly exchange: Exchange;
}): StreamingModel {
  const { vendor, settings, baseUrl, model, signal, exchange } = input;
  exchanges.set(signal, exchange);
  const kept = modelsOf(settings);
  const known = kept.get(model);
  if (known) return known;
  const made = vendor.languageModel({ model, baseUrl, apiKey: settings.apiKey, settings, fetch: fetchByExchange });
  // Clients may name models at will.
  if (kept.size >= MAX_MODELS) kept.clear();
  kept.set(model, made);
  return made;
}

const MAX_MODELS = 100;
const models = new WeakMap<ProviderSettings, Map<string, StreamingModel>>();

function modelsOf(settings: ProviderSettings): Map<string, StreamingModel> {
  const kept = models.get(settings) ?? new Map<string, StreamingModel>();
  models.set(settings, kept);
  return kept;
}

const fetchByExchange: typeof globalThis.fetch = (input, init) => {
  const exchange = init?.signal ? exchanges.get(init.signal) : undefined;
  return exchange ? exchange.fetch(input, init) : Promise.reject(new Error('A request outside of a call.'));
};
