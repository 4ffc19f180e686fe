// The configuration as the service uses it, from a file that has passed all checks. Pure but for the hash.

import { createHash } from 'node:crypto';
import { capabilityTable } from '../../activities/providers/capabilities.ts';
import type { ProviderSettings } from '../../activities/providers/registry.ts';
import { batchLimitsOf, providerFacts } from '../../activities/providers/registry.ts';
import type { Catalog, ModelEntry } from '../domain/catalog.ts';
import { knownOf } from '../domain/catalog.ts';
import { expectOf } from '../domain/expectation.ts';
import type { HealthSettings } from '../domain/health.ts';
import type { WebhookSettings } from '../domain/webhook.ts';
import type { CommonSettings, ModelSettings } from '../domain/model-settings.ts';
import { parseTargetName } from '../domain/target.ts';
import { consensusSettings, hedgeSettings } from '../domain/strategies.ts';
import { canonicalJson } from './canonical-json.ts';
import { resolveHealth } from './health.ts';
import type { Limits } from './limits.ts';
import { BUILT_IN_LIMITS, resolveLimits } from './limits.ts';
import { listPrices } from './list-prices.ts';
import type { ConfigFile, ModelFields } from './schema.ts';
import type { Known } from './strategy.ts';
import { consensusFields, hedgeFields, targetOf } from './strategy.ts';

export interface ResolvedFile {
  /** By name. Holds secrets. */
  readonly providers: ReadonlyMap<string, ProviderSettings>;
  readonly catalog: Catalog;
  readonly health: HealthSettings;
  /** Where alerts are posted, if anywhere: an address that may hold a secret. */
  readonly alerts: { readonly webhook: string | null; readonly repeatAfterMs: number };
  /** Those of clients. Holds a secret. */
  readonly webhooks: WebhookSettings;
  /** Inferences in flight at once; what comes on top is refused. */
  readonly maxInFlight: number;
  readonly retentionMs: number;
  readonly bodyLimitBytes: number;
  /** Of one uploaded file. */
  readonly maxFileBytes: number;
  /** Folders that analyses of documents may read and write. */
  readonly documentFolders: readonly string[];
}

export function resolveFile(file: ConfigFile): ResolvedFile {
  const limits = resolveLimits({ own: file.defaults, inherited: BUILT_IN_LIMITS });
  // Every inference carries its targets' facts: nothing is in them that is not for it.
  const facts = factsOf(file);
  const listPrice = listPrices(file.providers);
  const known: Known = (target) => knownOf({ facts, listPrice }, target);
  const providers = mapValues(file.providers, (entry) => without(entry, 'limits', 'breaker'));
  return {
    providers: new Map(Object.entries(providers)),
    catalog: {
      models: mapValues(file.models, (model) => modelEntry({ model, limits, known })),
      facts,
      listPrice,
      providers: mapValues(file.providers, ({ region = null, type, batch }) => {
        const { embeddings } = providerFacts(type);
        const capabilities = capabilityTable[type];
        const batches = batchLimitsOf({ type, ...(batch !== undefined && { batch }) });
        return {
          region,
          ...(capabilities.length > 0 && { capabilities }),
          ...(embeddings && { embeddings }),
          ...(batches && { batches }),
        };
      }),
      defaults: { strategy: 'failover', ...limits, onRefusal: 'return' },
      batchRules: {
        pollIntervalMs: file.batch.pollInterval,
        stuckAfterMs: file.batch.stuckAfter,
        rescueConcurrency: file.batch.rescueConcurrency,
      },
      configHash: hashWithoutSecrets(file),
    },
    health: resolveHealth(file),
    alerts: { webhook: file.alerts.webhook, repeatAfterMs: file.alerts.repeatAfter },
    webhooks: file.webhooks,
    maxInFlight: file.admission.maxInFlight,
    retentionMs: file.retention,
    bodyLimitBytes: file.http.bodyLimit,
    maxFileBytes: file.batch.maxFileSize,
    documentFolders: file.documents.folders,
  };
}

function factsOf({ targets, providers }: ConfigFile): Catalog['facts'] {
  return Object.fromEntries(
    Object.entries(targets).map(([name, entry]) => {
      const { price, ...facts } = without(entry, 'breaker');
      if (!price) return [name, facts];
      const provider = providers[parseTargetName(name)?.provider ?? ''];
      const batch = price.batch ?? (provider && providerFacts(provider.type).batches?.price) ?? undefined;
      return [name, { ...facts, price: { ...price, ...(batch !== undefined && { batch }) } }];
    }),
  );
}

function modelEntry(input: {
  readonly model: ModelFields;
  readonly limits: Limits;
  readonly known: Known;
}): ModelEntry {
  const { model, limits, known } = input;
  const { onRefusal, deadline: deadlineMs, onExhausted, stream, expect, batch } = model;
  const common = { ...resolveLimits({ own: model, inherited: limits, deadlineMs }), onRefusal };
  return {
    settings: settingsOf({ model, common, known }),
    ...(deadlineMs !== undefined && { deadlineMs }),
    ...(onExhausted !== undefined && { onExhausted }),
    ...(stream !== undefined && { stream }),
    ...(expect !== undefined && { expect: expectOf(expect) }),
    ...(batch !== undefined && { batchTargets: batch.targets.map((entry) => targetOf(entry, known)) }),
  };
}

function settingsOf(input: {
  readonly model: ModelFields;
  readonly common: Limits & Pick<CommonSettings, 'onRefusal'>;
  readonly known: Known;
}): ModelSettings {
  const { model, common, known } = input;
  if (model.strategy === 'consensus') return consensusSettings(common, consensusFields(model, known));
  const { order, minimumSuccess, minimumQuality } = model;
  const ranked = {
    ...common,
    ...(order !== 'listed' && { order }),
    ...(minimumSuccess !== undefined && { minimumSuccess }),
    ...(minimumQuality !== undefined && { minimumQuality }),
  };
  if (model.strategy === 'hedge') return hedgeSettings(ranked, hedgeFields(model, known));
  return { strategy: 'failover', targets: model.targets.map((entry) => targetOf(entry, known)), ...ranked };
}

const SECRETS = ['apiKey', 'accessKeyId', 'secretAccessKey', 'sessionToken', 'credentials'] as const;

function hashWithoutSecrets(file: ConfigFile): string {
  const providers = mapValues(file.providers, (entry) => without(entry, ...SECRETS));
  const alerts = without(file.alerts, 'webhook');
  const webhooks = without(file.webhooks, 'secret');
  return createHash('sha256')
    .update(canonicalJson({ ...file, providers, alerts, webhooks }))
    .digest('hex');
}

function mapValues<In, Out>(record: Readonly<Record<string, In>>, map: (value: In) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

function without<T extends object, K extends keyof T>(fields: T, ...names: readonly K[]): Omit<T, K> {
  const dropped: readonly string[] = names.map(String);
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !dropped.includes(name))) as Omit<T, K>;
}
