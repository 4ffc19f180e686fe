// The configuration as the service uses it, from a file that has passed all checks. Pure but for the hash.

import { createHash } from 'node:crypto';
import type { ProviderSettings } from '../../activities/providers/registry.ts';
import type { Catalog, ModelEntry } from '../domain/catalog.ts';
import type { Target } from '../domain/target.ts';
import { parseTargetName } from '../domain/target.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Limits } from './limits.ts';
import { BUILT_IN_LIMITS, resolveLimits } from './limits.ts';
import type { ConfigFile, ModelFields } from './schema.ts';

export interface ResolvedFile {
  /** By name. Holds secrets. */
  readonly providers: ReadonlyMap<string, ProviderSettings>;
  readonly catalog: Catalog;
  readonly retentionMs: number;
  readonly bodyLimitBytes: number;
}

export function resolveFile(file: ConfigFile): ResolvedFile {
  const limits = resolveLimits({ own: file.defaults, inherited: BUILT_IN_LIMITS });
  return {
    providers: new Map(Object.entries(file.providers)),
    catalog: {
      models: mapValues(file.models, (model) => modelEntry({ model, limits, facts: file.targets })),
      facts: file.targets,
      providers: mapValues(file.providers, ({ region = null }) => ({ region })),
      defaults: { strategy: 'failover', ...limits, onRefusal: 'return' },
      configHash: hashWithoutSecrets(file),
    },
    retentionMs: file.retention,
    bodyLimitBytes: file.http.bodyLimit,
  };
}

function modelEntry(input: {
  readonly model: ModelFields;
  readonly limits: Limits;
  readonly facts: ConfigFile['targets'];
}): ModelEntry {
  const { model, limits, facts } = input;
  const { strategy, onRefusal, deadline: deadlineMs, onExhausted } = model;
  const targets = model.targets.map((entry) => chainTarget(entry, facts));
  return {
    settings: { strategy, targets, ...resolveLimits({ own: model, inherited: limits, deadlineMs }), onRefusal },
    ...(deadlineMs !== undefined && { deadlineMs }),
    ...(onExhausted !== undefined && { onExhausted }),
  };
}

function chainTarget(entry: ModelFields['targets'][number], facts: ConfigFile['targets']): Target {
  const { target, ...overrides } = typeof entry === 'string' ? { target: entry } : entry;
  const parsed = parseTargetName(target);
  if (!parsed) throw new Error('A target that is not provider/model has passed the checks of the configuration.');
  return { ...parsed, ...overrides, ...facts[target] };
}

function hashWithoutSecrets(file: ConfigFile): string {
  const providers = mapValues(file.providers, ({ type, baseUrl, region }) => ({ type, baseUrl, region }));
  return createHash('sha256')
    .update(canonicalJson({ ...file, providers }))
    .digest('hex');
}

function mapValues<In, Out>(record: Readonly<Record<string, In>>, map: (value: In) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
