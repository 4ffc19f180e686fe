// Whether the people that a model wants to decide a held vote exist among the API keys. Pure.

import type { Catalog } from '../domain/catalog.ts';
import { missingResolvers } from '../domain/hold.ts';
import type { ApiKey } from './api-keys.ts';
import type { Problem } from './problem.ts';

export function approvalProblems(
  catalog: Pick<Catalog, 'models'>,
  apiKeys: readonly Pick<ApiKey, 'operator'>[],
): readonly Problem[] {
  return Object.entries(catalog.models).flatMap(([name, { settings }]) => {
    const onSplit = settings.strategy === 'consensus' ? settings.onSplit : null;
    const missing = onSplit?.type === 'hold' ? missingResolvers(onSplit, apiKeys) : null;
    if (missing === null) return [];
    return [{ path: 'HOLDFAST_API_KEYS', line: null, message: `to resolve a held vote the model ${name} ${missing}` }];
  });
}
