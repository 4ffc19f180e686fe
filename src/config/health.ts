// The configuration of provider health as the service uses it, from a file that has passed all checks. Pure.

import type { BreakerSettings } from '../domain/breaker.ts';
import type { HealthSettings } from '../domain/health.ts';
import { parseTargetName } from '../domain/target.ts';
import type { ConfigFile } from './schema.ts';

export function resolveHealth(file: ConfigFile): HealthSettings {
  const { healthChecks, score } = file;
  return {
    breakers: { default: breakerSettings(file.breaker), byKey: ownBreakers(file) },
    checks: {
      enabled: healthChecks.enabled,
      intervalMs: healthChecks.interval,
      timeoutMs: healthChecks.timeout ?? Math.min(PING_TIMEOUT_MS, healthChecks.interval),
      always: healthChecks.always,
    },
    score: {
      windowMs: score.window,
      weights: score.weights,
      minimumSuccess: score.minimumSuccess,
      minimumQuality: score.minimumQuality,
    },
    limits: Object.fromEntries(
      Object.entries(file.providers).flatMap(([name, { limits }]) => (limits ? [[name, limits]] : [])),
    ),
  };
}

const PING_TIMEOUT_MS = 5_000;

/** Only of those that say something: a target that does not has its provider's. */
function ownBreakers({ breaker, providers, targets }: ConfigFile): HealthSettings['breakers']['byKey'] {
  const byKey: Record<string, BreakerSettings> = {};
  for (const [name, entry] of Object.entries(providers)) {
    if (entry.breaker) byKey[name] = breakerSettings({ ...breaker, ...entry.breaker });
  }
  for (const [name, facts] of Object.entries(targets)) {
    const provider = providers[parseTargetName(name)?.provider ?? ''];
    if (facts.breaker) byKey[name] = breakerSettings({ ...breaker, ...provider?.breaker, ...facts.breaker });
  }
  return byKey;
}

function breakerSettings(fields: ConfigFile['breaker']): BreakerSettings {
  const { window: windowMs, failureRatio, minimumCalls, break: breakMs } = fields;
  return { windowMs, failureRatio, minimumCalls, breakMs };
}
