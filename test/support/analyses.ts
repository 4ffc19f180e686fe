// Ports of analyses for servers under test that have none.

import type { Analyses, AnalysisSchedules } from '../../src/domain/analyses.ts';

export function analysesWithout(
  refuse: (name: string) => () => Promise<never> = (name) => () => Promise.reject(new Error(`${name} was called`)),
): { readonly analyses: Analyses; readonly schedules: AnalysisSchedules } {
  return {
    analyses: { start: refuse('start'), get: refuse('get'), cancel: refuse('cancel') },
    schedules: { put: refuse('put'), get: refuse('get'), list: refuse('list'), delete: refuse('delete') },
  };
}
