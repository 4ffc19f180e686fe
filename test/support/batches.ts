// Batches for servers that are tested without Temporal: every use is an error.

import type { Batches } from '../../src/domain/batches.ts';

export function batchesWithout(
  refuse: (name: string) => () => Promise<never> = (name) => () => Promise.reject(new Error(`${name} was called`)),
): Batches {
  return {
    start: refuse('batches.start'),
    get: refuse('batches.get'),
    list: refuse('batches.list'),
    cancel: refuse('batches.cancel'),
  };
}
