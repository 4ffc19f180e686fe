// One process's health with a clock and a dice of the test's own, and how attempts end.

import { type FailureKind, failureTable } from '../../src/domain/failure.ts';
import type { HealthSettings } from '../../src/domain/health.ts';
import type { Target } from '../../src/domain/target.ts';
import { parseTargetName } from '../../src/domain/target.ts';
import type { CircuitChange } from '../../src/health/circuits.ts';
import type { Ended } from '../../src/health/ended.ts';
import { Health, type HealthOptions } from '../../src/health/health.ts';
import { quietHealth } from '../support/targets.ts';

export const T = 1_000_000_000;
export const BREAK_MS = quietHealth.breakers.default.breakMs;

export const SETTINGS: HealthSettings = { ...quietHealth, checks: { ...quietHealth.checks, enabled: true } };

export const kinds = Object.keys(failureTable) as FailureKind[];

export function target(name: string): Target {
  const parsed = parseTargetName(name);
  if (!parsed) throw new Error(`${name} is no target.`);
  return parsed;
}

export class TestHealth {
  nowMs = T;
  /** What the dice shows: no exploration unless told. */
  chance = 0.99;
  readonly health: Health;
  readonly changes: CircuitChange[] = [];

  constructor(names: readonly string[] = ['a/1', 'a/2', 'b/1'], more: Partial<HealthOptions> = {}) {
    const now = () => this.nowMs;
    this.health = new Health({
      settings: SETTINGS,
      targets: names.map(target),
      now,
      random: () => this.chance,
      ...more,
    });
    this.health.onCircuit((change) => this.changes.push(change));
  }

  pass(ms: number): void {
    this.nowMs += ms;
  }

  /** An attempt that went out and ended so; it failed unless `kind` is null. */
  ends(name: string, kind: FailureKind | null, more: Partial<Ended> = {}): void {
    const end = { isProbe: false, isPing: false, isSent: true, durationMs: 1_000, firstTokenMs: 200 };
    this.health.ended({ ...end, target: name, kind, ...more });
  }

  /** Opens the target's circuit, by as many faults as it takes. */
  breaks(name: string): void {
    for (let count = 0; count < 5; count += 1) this.ends(name, 'server-error');
  }

  pings(name: string, kind: FailureKind | null): void {
    this.ends(name, kind, { isPing: true });
  }

  state(name: string): string {
    return this.health.view(name, null).breaker.state;
  }

  account(name: string): string {
    return this.health.view(name, null).account.state;
  }

  /** Whether a call would be let out now, with no regard to the rest of its chain. */
  get callable(): readonly string[] {
    return this.health.targets
      .map(({ provider, model }) => `${provider}/${model}`)
      .filter((name) => this.health.admissionOf(name, null).type === 'admitted');
  }
}
