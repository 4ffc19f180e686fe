// What models cost by their providers' price lists, as the package genai-prices has collected them. Never fetches: what is
// known is what was installed.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ModelPrice } from '@pydantic/genai-prices';
import { providerFacts } from '../../activities/providers/registry.ts';
import type { Price, Target } from '../domain/target.ts';
import type { ProviderEntry } from './schema.ts';

const PACKAGE = '@pydantic/genai-prices';
const require = createRequire(import.meta.url);
// Some 30 ms and 12 MB: only for those who have a provider with a list.
const load = () => require(PACKAGE) as typeof import('@pydantic/genai-prices');

/** Where the prices come from, for people. */
export function priceListName(): string {
  const file = join(dirname(require.resolve(PACKAGE)), '..', 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return `genai-prices ${version}`;
}

export type ListPrice = (target: Pick<Target, 'provider' | 'model'>) => Price | null;

/** Null: no list has the price, or the provider is not asked at its own address, where its list may not hold. */
export function listPrices(providers: Readonly<Record<string, ProviderEntry>>): ListPrice {
  return ({ provider, model }) => {
    const entry = Object.hasOwn(providers, provider) ? providers[provider] : undefined;
    if (!entry || entry.baseUrl !== undefined) return null;
    const { priceList, batches } = providerFacts(entry.type);
    const price = priceList === undefined ? null : dearest({ priceList, model, now: new Date() });
    return price && { ...price, ...(batches?.price != null && { batch: batches.price }) };
  };
}

interface Asked {
  readonly priceList: string;
  readonly model: string;
  readonly now: Date;
}

/** Where the hour decides it is the dearest of the day: a bill may be lower than what was said, but not higher. */
function dearest({ priceList, model, now }: Asked): Price | null {
  const { calcPrice } = load();
  const found = calcPrice({}, model, { providerId: priceList, timestamp: now });
  if (!found) return null;
  const { prices } = found.model;
  const isByHour = Array.isArray(prices) && prices.some(({ constraint }) => constraint?.type === 'time_of_date');
  if (!isByHour) return priceOf(found.model_price);
  return HOURS.map((hour) => {
    const timestamp = new Date(new Date(now).setUTCHours(hour));
    const then = calcPrice({}, model, { providerId: priceList, timestamp });
    return then && priceOf(then.model_price);
  }).reduce((a, b) => (a && b && a.output >= b.output ? a : b));
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** What is charged otherwise than by the token is no price of ours. A model of embeddings puts out nothing. */
function priceOf({ input_mtok: input, output_mtok: output = 0 }: ModelPrice): Price | null {
  return input === undefined ? null : { input: base(input), output: base(output) };
}

/** Of a price by the prompt's length: that of a short one. */
function base(price: NonNullable<ModelPrice[string]>): number {
  return typeof price === 'number' ? price : price.base;
}
