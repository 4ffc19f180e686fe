// What health pings cost at most, said once when the service starts. Pure.

import { formatDuration } from './duration.ts';
import type { HealthSettings } from './health.ts';
import type { Target } from './target.ts';

interface Pinged {
  /** Each one once. */
  readonly targets: readonly Target[];
  readonly checks: Pick<HealthSettings['checks'], 'enabled' | 'intervalMs'>;
}

/** An upper limit: a target is not pinged while other calls tell of its health, unless the configuration wants it. */
interface PingCost {
  /** To all targets, in 30 days. */
  readonly pingsPerMonth: number;
  /** Of the targets with a known price; null when there is none. */
  readonly usdPerMonth: number | null;
  readonly unpricedTargets: number;
}

export function pingCost({ targets, checks }: Pinged): PingCost {
  const perTarget = checks.enabled ? Math.floor(MONTH_MS / checks.intervalMs) : 0;
  const prices = targets.flatMap(({ price }) => price ?? []);
  const usdPerRound = prices.reduce((sum, { input, output }) => {
    return sum + (input * PING_INPUT_TOKENS + output * PING_OUTPUT_TOKENS) / 1_000_000;
  }, 0);
  return {
    pingsPerMonth: perTarget * targets.length,
    usdPerMonth: prices.length > 0 ? perTarget * usdPerRound : null,
    unpricedTargets: targets.length - prices.length,
  };
}

const MONTH_MS = 30 * 24 * 60 * 60 * 1000;
/** Roughly: a vendor's own wrapping of the one word that is sent counts too. */
const PING_INPUT_TOKENS = 10;
const PING_OUTPUT_TOKENS = 1;

/** The line for whoever starts the service. */
export function pingCostLine(pinged: Pinged): string {
  const { targets, checks } = pinged;
  if (!checks.enabled) return 'Health pings are off.';
  if (targets.length === 0) return 'Health pings: no target to ping.';
  const { pingsPerMonth, usdPerMonth, unpricedTargets } = pingCost(pinged);
  const every = formatDuration(checks.intervalMs).replace(/[a-z]+$/, ' $&');
  const pings = `at most ${pingsPerMonth.toLocaleString('en-US')} a month for ${counted(targets.length)}`;
  const cost = usdPerMonth === null ? 'at an unknown cost' : `about ${dollars(usdPerMonth)} USD`;
  const unpriced = unpricedTargets === 0 ? '' : ` (${counted(unpricedTargets)} without a price)`;
  return `Health pings: every ${every}, ${pings}, ${cost}${unpriced}.`;
}

function counted(targets: number): string {
  return targets === 1 ? '1 target' : `${targets} targets`;
}

function dollars(usd: number): string {
  return usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
