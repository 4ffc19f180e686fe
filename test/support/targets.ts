// The health of targets for servers that are tested without Temporal: kept in memory, steered there.

import { allTargets } from '../../src/domain/catalog.ts';
import type { Catalog } from '../../src/domain/catalog.ts';
import { CLOSED, isolated, restored } from '../../src/domain/circuit.ts';
import type { HealthSettings } from '../../src/domain/health.ts';
import { targetName } from '../../src/domain/target.ts';
import type { Targets } from '../../src/domain/targets.ts';
import { Health } from '../../src/health/health.ts';

/** The defaults, with no pings. */
export const quietHealth: HealthSettings = {
  breakers: { default: { windowMs: 60_000, failureRatio: 0.2, minimumCalls: 5, breakMs: 30_000 }, byKey: {} },
  checks: { enabled: false, intervalMs: 15_000, timeoutMs: 5_000, always: false },
  score: {
    windowMs: 300_000,
    weights: { success: 0.5, latency: 0.2, quality: 0.3 },
    minimumSuccess: 0.9,
    minimumQuality: 0.9,
  },
  limits: {},
};

export function targetsInMemory(catalog: Catalog): Targets {
  // No chance: a ranking is what the test makes it.
  const health = new Health({ settings: quietHealth, targets: allTargets(catalog), random: () => 0.99 });
  return {
    view: (name) => health.view(name, null),
    rank: (model) => health.rank(model),
    recentP95Ms: (targets) => targets.map((target) => health.recentP95Ms(targetName(target))),
    async steer(change, { target }) {
      health.hear({ [target]: change === 'isolate' ? isolated(CLOSED, Date.now()) : restored(CLOSED, Date.now()) });
      return { type: 'steered' };
    },
  };
}
