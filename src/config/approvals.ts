// Whether the people that a model wants to decide a held vote exist among the API keys. Pure.

import type { Catalog } from '../domain/catalog.ts';
import type { ApiKey } from './api-keys.ts';
import type { Problem } from './problem.ts';

/** A vote that nobody may resolve would only wait for its end. */
export function approvalProblems(
  catalog: Pick<Catalog, 'models'>,
  apiKeys: readonly Pick<ApiKey, 'operator'>[],
): readonly Problem[] {
  const operators = apiKeys.filter(({ operator }) => operator).length;
  return Object.entries(catalog.models).flatMap(([name, { settings }]) => {
    const onSplit = settings.strategy === 'consensus' ? settings.onSplit : null;
    if (onSplit?.type !== 'hold') return [];
    const { approvals, submitterMayResolve } = onSplit;
    const isOpen = approvals === 1 && submitterMayResolve;
    // Without any key everybody is an operator, though nobody in particular.
    if ((isOpen && apiKeys.length === 0) || operators >= approvals) return [];
    const wanted = approvals === 1 ? "an operator's key" : `the keys of ${approvals} operators`;
    const message = `the model ${name} needs ${wanted} to resolve a vote that it holds, and there are ${operators}`;
    return [{ path: 'HOLDFAST_API_KEYS', line: null, message }];
  });
}
