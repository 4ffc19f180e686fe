// The provider types: one line each. Light to import: a vendor's code is loaded when it is first called.

import { amazonBedrockAccess } from './access/amazon-bedrock.ts';
import { azureAccess } from './access/azure.ts';
import { googleVertexAccess } from './access/google-vertex.ts';
import type { LaneLimits } from '../../src/domain/batch-limits.ts';
import type { EmbeddingLimits } from '../../src/domain/embeddings.ts';
import type { BatchVendor } from './batch/lane.ts';
import { NotCalledError } from './not-called.ts';
import type { Access, OwnAccess, Vendor } from './vendor.ts';

export type ProviderType =
  | 'openai'
  | 'openai-compatible'
  | 'anthropic'
  | 'google'
  | 'mistral'
  | 'deepseek'
  | 'alibaba'
  | 'groq'
  | 'xai'
  | 'together'
  | 'fireworks'
  | 'cohere'
  | 'openrouter'
  | 'tokenmix'
  | 'azure'
  | 'bedrock'
  | 'vertex'
  | 'simulated';

/** How one provider of the configuration is reached. Holds secrets: never logged, never in a workflow's input. */
export interface ProviderSettings extends Access {
  readonly type: ProviderType;
  /** Whether it has batches; left out: as is usual for its type. */
  readonly batch?: boolean;
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
  /** Of a type that needs more than a key and an address, or something else. */
  readonly access?: OwnAccess;
  /** The npm package that the type needs and that is not installed with ours: a name with its major, as `npm install` takes it. */
  readonly optionalPackage?: string;
  /** Left out: the vendor has no batches that Holdfast can use. */
  readonly batches?: BatchFacts;
  /** What its price list is called in genai-prices; left out: it has none, or a model's name does not tell its price. */
  readonly priceList?: string;
  /** Of one call; left out: the vendor has no embeddings. */
  readonly embeddings?: EmbeddingLimits;
}

interface BatchFacts {
  readonly limits: LaneLimits;
  /** Servers of this type may have batches or not: the configuration has to say so. */
  readonly isOptional?: true;
  /** What a batch costs of the ordinary price; null: it is not known, or differs by model. */
  readonly price: number | null;
  readonly load: () => Promise<BatchVendor>;
}

interface ProviderLine extends ProviderFacts {
  readonly load: () => Promise<Vendor>;
}

/** A request of the API that many copy: so many texts, and 300,000 tokens. */
const USUAL: EmbeddingLimits = { texts: 2_048, bytes: 300_000, takesDimensions: true };

const MEGABYTE = 1_000_000;
const loadOpenaiBatches = async () => (await import('./batch/openai.ts')).openaiBatches;
const OPENAI_BATCHES: BatchFacts = {
  limits: { lines: 50_000, bytes: 200 * MEGABYTE },
  price: 0.5,
  load: loadOpenaiBatches,
};

// biome-ignore format: one line per provider type
const batches = {
  openai: OPENAI_BATCHES,
  // It takes ten times as much, in one request that is in memory until it has been sent.
  anthropic: { limits: { lines: 10_000, bytes: 32 * MEGABYTE }, price: 0.5, load: async () => (await import('./batch/anthropic.ts')).anthropicBatches },
  google: { limits: { lines: 100_000, bytes: 1_000 * MEGABYTE }, price: 0.5, load: async () => (await import('./batch/google.ts')).googleBatches },
  mistral: { limits: { lines: 100_000, bytes: 500 * MEGABYTE }, price: 0.5, load: async () => (await import('./batch/mistral.ts')).mistralBatches },
  alibaba: { limits: { lines: 50_000, bytes: 500 * MEGABYTE }, price: 0.5, load: async () => (await import('./batch/openai.ts')).alibabaBatches },
  groq: { limits: { lines: 50_000, bytes: 100 * MEGABYTE }, price: 0.5, load: loadOpenaiBatches },
  together: { limits: { lines: 50_000, bytes: 100 * MEGABYTE }, price: null, load: async () => (await import('./batch/openai.ts')).togetherBatches },
  openrouter: { limits: { lines: 5_000, bytes: 32 * MEGABYTE }, price: null, load: async () => (await import('./batch/openrouter.ts')).openrouterBatches },
  azure: { limits: { lines: 100_000, bytes: 200 * MEGABYTE }, price: 0.5, load: async () => (await import('./batch/openai.ts')).azureBatches },
  'openai-compatible': { ...OPENAI_BATCHES, isOptional: true, price: null },
  simulated: OPENAI_BATCHES,
} as const satisfies Partial<Record<ProviderType, BatchFacts>>;

// biome-ignore format: one line per provider type
const providers: Readonly<Record<ProviderType, ProviderLine>> = {
  openai: { keyVariable: 'OPENAI_API_KEY', defaultBaseUrl: 'https://api.openai.com/v1', defaultModel: 'gpt-5.4-mini', needsKey: true, needsBaseUrl: false, priceList: 'openai', embeddings: USUAL, batches: batches.openai, load: async () => (await import('./openai.ts')).openai },
  anthropic: { keyVariable: 'ANTHROPIC_API_KEY', defaultBaseUrl: 'https://api.anthropic.com', defaultModel: 'claude-haiku-4-5', needsKey: true, needsBaseUrl: false, priceList: 'anthropic', batches: batches.anthropic, load: async () => (await import('./anthropic.ts')).anthropic },
  google: { keyVariable: 'GEMINI_API_KEY', defaultBaseUrl: 'https://generativelanguage.googleapis.com/v1beta', defaultModel: 'gemini-2.5-flash', needsKey: true, needsBaseUrl: false, priceList: 'google', embeddings: { ...USUAL, texts: 100 }, batches: batches.google, load: async () => (await import('./google.ts')).google },
  mistral: { keyVariable: 'MISTRAL_API_KEY', defaultBaseUrl: 'https://api.mistral.ai/v1', defaultModel: 'mistral-medium-latest', needsKey: true, needsBaseUrl: false, priceList: 'mistral', embeddings: { ...USUAL, texts: 32, takesDimensions: false }, batches: batches.mistral, load: async () => (await import('./mistral.ts')).mistral },
  deepseek: { keyVariable: 'DEEPSEEK_API_KEY', defaultBaseUrl: 'https://api.deepseek.com', defaultModel: 'deepseek-v4-flash', needsKey: true, needsBaseUrl: false, priceList: 'deepseek', load: async () => (await import('./deepseek.ts')).deepseek },
  alibaba: { keyVariable: 'DASHSCOPE_API_KEY', defaultBaseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1', defaultModel: 'qwen-plus', needsKey: true, needsBaseUrl: false, embeddings: { ...USUAL, texts: 10 }, batches: batches.alibaba, load: async () => (await import('./alibaba.ts')).alibaba },
  groq: { keyVariable: 'GROQ_API_KEY', defaultBaseUrl: 'https://api.groq.com/openai/v1', defaultModel: 'openai/gpt-oss-20b', needsKey: true, needsBaseUrl: false, priceList: 'groq', batches: batches.groq, load: async () => (await import('./groq.ts')).groq },
  xai: { keyVariable: 'XAI_API_KEY', defaultBaseUrl: 'https://api.x.ai/v1', defaultModel: 'grok-4.3', needsKey: true, needsBaseUrl: false, priceList: 'x-ai', load: async () => (await import('./xai.ts')).xai },
  together: { keyVariable: 'TOGETHER_API_KEY', defaultBaseUrl: 'https://api.together.xyz/v1', defaultModel: 'openai/gpt-oss-20b', needsKey: true, needsBaseUrl: false, priceList: 'together', embeddings: USUAL, batches: batches.together, load: async () => (await import('./together.ts')).together },
  fireworks: { keyVariable: 'FIREWORKS_API_KEY', defaultBaseUrl: 'https://api.fireworks.ai/inference/v1', defaultModel: 'accounts/fireworks/models/gpt-oss-20b', needsKey: true, needsBaseUrl: false, priceList: 'fireworks', embeddings: USUAL, load: async () => (await import('./fireworks.ts')).fireworks },
  cohere: { keyVariable: 'COHERE_API_KEY', defaultBaseUrl: 'https://api.cohere.com/v2', defaultModel: 'command-a-03-2025', needsKey: true, needsBaseUrl: false, priceList: 'cohere', load: async () => (await import('./cohere.ts')).cohere },
  openrouter: { keyVariable: 'OPENROUTER_API_KEY', defaultBaseUrl: 'https://openrouter.ai/api/v1', defaultModel: 'openai/gpt-5.4-mini', needsKey: true, needsBaseUrl: false, priceList: 'openrouter', embeddings: USUAL, batches: batches.openrouter, load: async () => (await import('./openrouter.ts')).openrouter },
  tokenmix: { keyVariable: 'TOKENMIX_API_KEY', defaultBaseUrl: 'https://api.tokenmix.ai/v1', defaultModel: 'gpt-5.4-mini', needsKey: true, needsBaseUrl: false, embeddings: USUAL, load: async () => (await import('./tokenmix.ts')).tokenmix },
  azure: { keyVariable: null, defaultBaseUrl: null, defaultModel: null, needsKey: true, needsBaseUrl: false, access: azureAccess, optionalPackage: '@ai-sdk/azure@3', embeddings: USUAL, batches: batches.azure, load: async () => (await import('./azure.ts')).azure },
  bedrock: { keyVariable: null, defaultBaseUrl: null, defaultModel: null, needsKey: false, needsBaseUrl: false, priceList: 'aws', access: amazonBedrockAccess, optionalPackage: '@ai-sdk/amazon-bedrock@4', load: async () => (await import('./amazon-bedrock.ts')).amazonBedrock },
  vertex: { keyVariable: null, defaultBaseUrl: null, defaultModel: null, needsKey: false, needsBaseUrl: false, priceList: 'google', access: googleVertexAccess, optionalPackage: '@ai-sdk/google-vertex@4', load: async () => (await import('./google-vertex.ts')).googleVertex },
  'openai-compatible': { keyVariable: null, defaultBaseUrl: null, defaultModel: null, needsKey: false, needsBaseUrl: true, embeddings: USUAL, batches: batches['openai-compatible'], load: async () => (await import('./openai-compatible.ts')).openaiCompatible },
  simulated: { keyVariable: null, defaultBaseUrl: null, defaultModel: null, needsKey: false, needsBaseUrl: false, embeddings: USUAL, batches: batches.simulated, load: async () => (await import('./openai-compatible.ts')).openaiCompatible },
};

export const providerTypes: readonly ProviderType[] = Object.keys(providers) as ProviderType[];

export function providerFacts(type: ProviderType): ProviderFacts {
  return providers[type];
}

/** Null: it has none. */
export function batchLimitsOf(provider: Pick<ProviderSettings, 'type' | 'batch'>): LaneLimits | null {
  return batchFacts(provider)?.limits ?? null;
}

/** Null: it has no batches. */
export async function batchVendorOf(provider: Pick<ProviderSettings, 'type' | 'batch'>): Promise<BatchVendor | null> {
  return (await batchFacts(provider)?.load()) ?? null;
}

function batchFacts({ type, batch }: Pick<ProviderSettings, 'type' | 'batch'>): BatchFacts | null {
  const { batches: facts } = providers[type];
  return facts && (batch ?? !facts.isOptional) ? facts : null;
}

/** Without a slash at its end; null when something that the type needs is missing. */
export function addressOf(settings: ProviderSettings): string | null {
  const { defaultBaseUrl, needsKey, access } = providers[settings.type];
  const address = settings.baseUrl ?? defaultBaseUrl ?? access?.addressOf(settings) ?? null;
  const isLacking = (needsKey && !settings.apiKey) || (access?.faultOf(settings) ?? null) !== null;
  return address === null || isLacking ? null : address.replace(/\/+$/, '');
}

/** The vendor's code; loaded once, and kept here: even a repeated `import()` takes its time. */
export function loadVendor(type: ProviderType): Promise<Vendor> {
  const loading = loaded.get(type) ?? load(type);
  loaded.set(type, loading);
  return loading;
}

/** The same, or why it cannot be used. */
export async function vendorOf({ type }: ProviderSettings): Promise<Vendor | NotCalledError> {
  try {
    return await loadVendor(type);
  } catch (error) {
    if (error instanceof NotCalledError) return error;
    throw error;
  }
}

const loaded = new Map<ProviderType, Promise<Vendor>>();

async function load(type: ProviderType): Promise<Vendor> {
  const { load: loadCode, optionalPackage } = providers[type];
  try {
    return await loadCode();
  } catch (error) {
    // It may be installed while the service runs.
    loaded.delete(type);
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
    if (!isAbsent || optionalPackage === undefined) throw error;
    throw new NotCalledError('not-configured', packageNeeded(optionalPackage), { cause: error });
  }
}

/** To be put behind the name of what needs it. */
export function packageNeeded(optionalPackage: string): string {
  return `needs a package that is not installed: npm install ${optionalPackage}`;
}
