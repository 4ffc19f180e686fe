// Keeps the number of series bounded: clients may name any model of a configured provider, and each name would be a
// series for good. What the configuration does not name is `other`.

import type { Catalog } from '../domain/catalog.ts';
import { allTargets } from '../domain/catalog.ts';
import { targetName } from '../domain/target.ts';
import { label } from './definitions.ts';

export interface KnownNames {
  isTarget(name: string): boolean;
  /** The name of a model as clients send it, which may be a target's. */
  model(name: string): string;
  provider(name: string): string;
  /** The labels of a target. */
  target(provider: string, model: string): TargetLabels;
}

interface TargetLabels {
  readonly [label.provider]: string;
  readonly [label.model]: string;
}

const OTHER = 'other';

export function knownNames(catalog: Catalog): KnownNames {
  const targets = allTargets(catalog);
  const targetNames = new Set(targets.map(targetName));
  const models = new Set([...Object.keys(catalog.models), ...targetNames]);
  const modelsOf = new Map(Object.keys(catalog.providers).map((provider) => [provider, new Set<string>()]));
  for (const { provider, model } of targets) modelsOf.get(provider)?.add(model);
  const provider = (name: string) => (modelsOf.has(name) ? name : OTHER);
  return {
    isTarget: (name) => targetNames.has(name),
    model: (name) => (models.has(name) ? name : OTHER),
    provider,
    target: (providerName, model) => ({
      [label.provider]: provider(providerName),
      [label.model]: modelsOf.get(providerName)?.has(model) ? model : OTHER,
    }),
  };
}
