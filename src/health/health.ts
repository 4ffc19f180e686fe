// What this process knows of its targets, in memory: decides whether a call may go out, learns from how it ended, ranks
// chains, and says what other processes should know. No I/O and no timers; what it decides by is pure, in src/domain.

import type { BudgetView } from '../domain/budget.ts';
import type { Circuit } from '../domain/circuit.ts';
import type { HealthReport, HealthSettings, SharedHealth, TargetView } from '../domain/health.ts';
import { NOTHING_SHARED } from '../domain/health.ts';
import type { CommonSettings } from '../domain/model-settings.ts';
import type { RankedTarget } from '../domain/ranking.ts';
import { isDegraded, isExploring, rank } from '../domain/ranking.ts';
import type { ScoreSummary } from '../domain/score.ts';
import { recentP95Ms } from '../domain/score.ts';
import type { Target } from '../domain/target.ts';
import { targetName } from '../domain/target.ts';
import { circuitView } from './circuit-view.ts';
import type { Admission, CircuitChange, TargetKeys } from './circuits.ts';
import { Circuits, keysOf } from './circuits.ts';
import type { Ended } from './ended.ts';
import { sampleOf, tellsOf } from './ended.ts';
import { ScoreKeeper } from './score-keeper.ts';

export interface HealthOptions {
  readonly settings: HealthSettings;
  /** Those of the configuration: always shown, and reported on. Others are known as long as they are in use. */
  readonly targets: readonly Target[];
  /** How long a call to a target would wait for its turn. @default not at all */
  readonly waitMs?: (target: string) => number;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** Uniform in [0, 1). @default Math.random */
  readonly random?: () => number;
}

export class Health {
  readonly settings: HealthSettings;
  /** The configuration's targets. */
  readonly targets: readonly Target[];
  readonly #names: ReadonlySet<string>;
  readonly #waitMs: (target: string) => number;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #circuits: Circuits;
  readonly #scores: ScoreKeeper;
  /** When a target was last told of. */
  readonly #lastToldMs = new Map<string, number>();
  /** Which target led a chain the last time it was ranked. */
  readonly #leaders = new WeakMap<readonly Target[], string>();
  readonly #keys = new WeakMap<Target, TargetKeys>();
  readonly #listeners = new Set<(change: CircuitChange) => void>();
  #shared: SharedHealth = NOTHING_SHARED;

  constructor(options: HealthOptions) {
    const { settings, targets, waitMs = () => 0, now = Date.now, random = Math.random } = options;
    this.settings = settings;
    this.targets = targets;
    this.#names = new Set(targets.map(targetName));
    this.#waitMs = waitMs;
    this.#now = now;
    this.#random = random;
    this.#scores = new ScoreKeeper(settings.score.windowMs);
    this.#circuits = new Circuits(settings.breakers, (change) => {
      // What was seen of a target before it came back says nothing about it now.
      if (change.change === 'closed') this.#scores.forget((target) => keysOf(target).includes(change.key));
      for (const listener of this.#listeners) listener(change);
    });
  }

  /** Is told whenever a circuit opens or closes. */
  onCircuit(listener: (change: CircuitChange) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Whether a call may go out now. One that is admitted needs one `ended`.
   *
   * @param chain the names of all targets of the chain, when the call should go out all the same if none of them may be
   *   called: in its first round an inference is not refused outright because everything is open. What an operator has
   *   isolated stays out.
   */
  admit(target: string, chain: readonly string[] | null): Admission {
    return this.#circuits.admit(target, chain, this.#now());
  }

  /** The same, without letting a call out. */
  admissionOf(target: string, chain: readonly string[] | null): Admission {
    return this.#circuits.admissionOf(target, chain, this.#now());
  }

  ended(end: Ended): void {
    const nowMs = this.#now();
    this.#circuits.ended(end, nowMs);
    if (end.kind === 'cancelled' && end.isSent) {
      this.#scores.addSilence(end.target, { atMs: nowMs, silentMs: end.durationMs });
    }
    if (tellsOf(end) === 'nothing') return;
    this.#lastToldMs.set(end.target, nowMs);
    const sample = sampleOf(end, nowMs);
    if (sample) this.#scores.add(end.target, sample);
    this.#forgetSome();
  }

  /** The order in which to try the targets of a chain, as indices; null when it is that of the list. */
  rank(
    model: Pick<CommonSettings, 'targets' | 'order' | 'minimumSuccess' | 'minimumQuality'>,
  ): readonly number[] | null {
    const { targets, order = 'listed' } = model;
    if (targets.length < 2) return null;
    const { weights, minimumSuccess, minimumQuality } = this.settings.score;
    const nowMs = this.#now();
    const chance = this.#random();
    const ranked = rank({
      targets: targets.map((target) => this.#ranked(target, nowMs)),
      settings: {
        order,
        weights,
        minimumSuccess: model.minimumSuccess ?? minimumSuccess,
        minimumQuality: model.minimumQuality ?? minimumQuality,
      },
      leader: this.#leaders.get(targets) ?? null,
      chance,
    });
    const first = targets[ranked[0] ?? 0];
    if (first && !isExploring(chance)) this.#leaders.set(targets, targetName(first));
    return ranked.every((index, place) => index === place) ? null : ranked;
  }

  /**
   * Whether a parked inference may go on: one of its targets may be called, and has come back since the inference was
   * parked, unless it `hasRested`. Of those who wait for a half-open circuit one is let go, to be its probe.
   */
  mayResume(parked: {
    readonly targets: readonly string[];
    readonly sinceMs: number;
    readonly hasRested: boolean;
  }): boolean {
    const nowMs = this.#now();
    return parked.targets.some((target) => {
      if (!this.#circuits.mayBeCalled(target, nowMs)) return false;
      if (this.#circuits.isHalfOpen(target, nowMs)) return this.#circuits.claimWake(target, nowMs);
      return parked.hasRested || this.#circuits.backSinceMs(keysOf(target)) > parked.sinceMs;
    });
  }

  /** How long a call to the target would wait for its turn. */
  waitMs(target: string): number {
    return this.#waitMs(target);
  }

  /** The same, as the workers tell it. */
  sharedWaitMs(target: string): number {
    return ownField(this.#shared.budgets, keysOf(target)[1])?.waitMs ?? 0;
  }

  /** How long an answer of the target takes at most, but for the slowest twentieth; null: too little is known. */
  recentP95Ms(target: string): number | null {
    return recentP95Ms(this.#score(keysOf(target), this.#now()));
  }

  mayBeCalled(target: string): boolean {
    return this.#circuits.mayBeCalled(target, this.#now());
  }

  /** Its circuit, or its account's, is half-open, and no probe is under way. */
  awaitsProbe(target: string): boolean {
    const nowMs = this.#now();
    return this.#circuits.isHalfOpen(target, nowMs) && this.#circuits.mayBeCalled(target, nowMs);
  }

  /** For how long nothing has told of the target. */
  silentMs(target: string): number {
    return this.#now() - (this.#lastToldMs.get(target) ?? 0);
  }

  /** Takes over news of some circuits, by key. */
  hear(news: Readonly<Record<string, Circuit>>): void {
    this.#circuits.hear(news);
  }

  /** Takes over what all processes share. */
  absorb(shared: SharedHealth): void {
    this.#shared = shared;
    this.#circuits.absorb(shared.circuits);
  }

  /** What has changed since the last report, or null. */
  takeReport(from: string): HealthReport | null {
    const nowMs = this.#now();
    const parts = {
      circuits: this.#circuits.takeUnreported(),
      failing: this.#circuits.failing(nowMs),
      scores: this.#scores.takeChanged(this.#names, nowMs),
    };
    const said = Object.entries(parts).filter(([, part]) => Object.keys(part).length > 0);
    return said.length === 0 ? null : { from, atMs: nowMs, ...Object.fromEntries(said) };
  }

  /** A report did not arrive: what was in it belongs into the next one. */
  giveBack({ circuits = {}, scores = {} }: HealthReport): void {
    this.#circuits.giveBack(Object.keys(circuits));
    for (const target of Object.keys(scores)) this.#scores.forgetReported(target);
  }

  /** A target as it is shown, with where its budget stands in this process; without one, where it stands in others. */
  view(name: string, budget: BudgetView | null): TargetView {
    const nowMs = this.#now();
    const [own, account] = keysOf(name);
    const score = this.#score([own, account], nowMs);
    const hasSpike = this.#scores.hasSpike(name, nowMs);
    const breaker = circuitView(this.#circuits.circuit(own), nowMs);
    const ofAccount = circuitView(this.#circuits.circuit(account), nowMs);
    // A half-open one, too: whether it is back is not known before its probe has ended.
    const isOut = breaker.state !== 'closed' || ofAccount.state !== 'closed';
    return {
      name,
      health: isOut ? 'out' : isDegraded({ hasSpike, score }, this.settings.score) ? 'degraded' : 'healthy',
      breaker,
      account: ofAccount,
      hasSpike,
      score,
      budget: budget ?? ownField(this.#shared.budgets, account),
    };
  }

  #ranked(target: Target, nowMs: number): RankedTarget {
    const keys = this.#keysOf(target);
    const [name] = keys;
    const { mayBeCalled, isHalfOpen } = this.#circuits.standing(keys, nowMs);
    return {
      name,
      mayBeCalled,
      awaitsProbe: isHalfOpen,
      hasSpike: this.#scores.hasSpike(name, nowMs),
      isBusy: this.#waitMs(name) > BUSY_MS,
      score: this.#score(keys, nowMs),
      price: target.price,
    };
  }

  /** A ranking asks for those of many, again and again. */
  #keysOf(target: Target): TargetKeys {
    const known = this.#keys.get(target);
    if (known) return known;
    const keys = keysOf(targetName(target));
    this.#keys.set(target, keys);
    return keys;
  }

  /** Our own, unless the others have seen more since the target came back. */
  #score(keys: TargetKeys, nowMs: number): ScoreSummary {
    const [target] = keys;
    const own = this.#scores.summary(target, nowMs);
    const shared = this.#shared.scores[target];
    if (shared === undefined || shared.calls <= own.calls) return own;
    const sinceMs = Math.max(nowMs - this.settings.score.windowMs, this.#circuits.backSinceMs(keys));
    return shared.atMs > sinceMs ? shared : own;
  }

  /** Clients may call any model of a provider: what nobody configured is kept only while there is room. */
  #forgetSome(): void {
    if (this.#lastToldMs.size <= MAX_UNCONFIGURED + this.#names.size) return;
    for (const target of this.#lastToldMs.keys()) {
      if (this.#names.has(target)) continue;
      this.#lastToldMs.delete(target);
      this.#scores.delete(target);
      this.#circuits.forget(target);
    }
  }
}

/** A shorter wait is no reason to go elsewhere. */
const BUSY_MS = 1_000;

const MAX_UNCONFIGURED = 500;

/** Providers may be called `constructor`. */
function ownField<T>(record: Readonly<Record<string, T>>, name: string): T | null {
  return Object.hasOwn(record, name) ? (record[name] ?? null) : null;
}
