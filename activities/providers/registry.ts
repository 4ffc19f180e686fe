// The provider types: one line each. Light to import: a vendor's code is loaded when it is first called.

import type { EmbeddingLimits } from '../../src/domain/embeddings.ts';
import type { Vendor } from './vendor.ts';

export type ProviderType =
  | 'openai'
  | 'openai-compatible'
  | 'anthropic'
  | 'google'
  | 'mistral'
  | 'deepseek'
  | 'simulated';

/** How one provider of the configuration is reached. Holds a secret: never logged, never in a workflow's input. */
export interface ProviderSettings {
  readonly type: ProviderType;
  readonly apiKey?: string;
  /** @default the type's `defaultBaseUrl` */
  readonly baseUrl?: string;
}

export interface ProviderFacts {
  /** Environment variable that usually holds the key; null when there is none. */
  readonly keyVariable: string | null;
  /** Null when the settings have to say it. */
  readonly defaultBaseUrl: string | null;
  /** The model of the chain that is built from the keys in the environment. */
  readonly defaultModel: string | null;
  readonly needsKey: boolean;
  readonly needsBaseUrl: boolean;
  /** Of one call; left out: the vendor has no embeddings. */
  readonly embeddings?: EmbeddingLimits;
}

interface ProviderLine extends ProviderFacts {
  readonly load: () => Promise<Vendor>;
}

/** A request of the API that many copy: so many texts, and 300,000 tokens. */
const USUAL: EmbeddingLimits = { texts: 2_048, bytes: 300_000, takesDimensions: true };

// biome-ignore format: one line per provider type
const providers: Readonly<Record<ProviderType, ProviderLine>> = {
  openai: { keyVariable: 'OPENAI_API_KEY', defaultBaseUrl: 'https://api.openai.com/v1', defaultModel: 'gpt-5.4-mini', needsKey: true, needsBaseUrl: false, embeddings: USUAL, load: async () => (await import('./openai.ts')).openai },
  anthropic: { keyVariable: 'ANTHROPIC_API_KEY', defaultBaseUrl: 'https://api.anthropic.com', defaultModel: 'claude-haiku-4-5', needsKey: true, needsBaseUrl: false, load: async () => (await import('./anthropic.ts')).anthropic },
  google: { keyVariable: 'GEMINI_API_KEY', defaultBaseUrl: 'https://generativelanguage.googleapis.com/v1beta', defaultModel: 'gemini-2.5-flash', needsKey: true, needsBaseUrl: false, embeddings: { ...USUAL, texts: 100 }, load: async () => (await import('./google.ts')).google },
  mistral: { keyVariable: 'MISTRAL_API_KEY', defaultBaseUrl: 'https://api.mistral.ai/v1', defaultModel: 'mistral-medium-latest', needsKey: true, needsBaseUrl: false, embeddings: { ...USUAL, texts: 32, takesDimensions: false }, load: async () => (await import('./mistral.ts')).mistral },
  deepseek: { keyVariable: 'DEEPSEEK_API_KEY', defaultBaseUrl: 'https://api.deepseek.com', defaultModel: 'deepseek-v4-flash', needsKey: true, needsBaseUrl: false, load: async () => (await import('./deepseek.ts')).deepseek },
  'openai-compatible': { keyVariable: null, defaultBaseUrl: null, defaultModel: null, needsKey: false, needsBaseUrl: true, embeddings: USUAL, load: async () => (await import('./openai-compatible.ts')).openaiCompatible },
  simulated: { keyVariable: null, defaultBaseUrl: null, defaultModel: null, needsKey: false, needsBaseUrl: false, embeddings: USUAL, load: async () => (await import('./openai-compatible.ts')).openaiCompatible },
};

export const providerTypes: readonly ProviderType[] = Object.keys(providers) as ProviderType[];

export function providerFacts(type: ProviderType): ProviderFacts {
  return providers[type];
}

/** The vendor's code; loaded once, and kept here: even a repeated `import()` takes its time. */
export function loadVendor(type: ProviderType): Promise<Vendor> {
  const loading = loaded.get(type) ?? providers[type].load();
  loaded.set(type, loading);
  return loading;
}

const loaded = new Map<ProviderType, Promise<Vendor>>();
