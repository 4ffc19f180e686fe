// The circuits of targets and of providers' accounts in this process: who may be called, and what that changes. When a
// circuit opens and closes is decided by the reducer in src/domain/breaker.ts.

import type { Breaker, BreakerEvent, BreakerSettings } from '../domain/breaker.ts';
import { breakerState, failureCounts, isOverLimit, NEW_BREAKER, reduceBreaker } from '../domain/breaker.ts';
import type { Circuit, CircuitCause } from '../domain/circuit.ts';
import { backSinceMs, circuitIn, circuitState, isSameCircuit, merged, opened } from '../domain/circuit.ts';
import type { FailingCounts, HealthSettings } from '../domain/health.ts';
import { parseTargetName } from '../domain/target.ts';
import type { Ended } from './ended.ts';
import { tellsOf } from './ended.ts';

/** `key`: a target's name, or a provider's for its account. */
export interface CircuitChange {
  readonly key: string;
  readonly change: 'opened' | 'closed';
  readonly circuit: Circuit;
  /** By calls or pings of this process, not by what others told. */
  readonly isOwn: boolean;
}

export type Admission =
  | { readonly type: 'admitted'; readonly isProbe: boolean }
  /** `retryAfterMs`: until a probe may be let through; null when only a person can say. */
  | { readonly type: 'refused'; readonly retryAfterMs: number | null };

export class Circuits {
  readonly #settings: HealthSettings['breakers'];
  readonly #onChange: (change: CircuitChange) => void;
  readonly #breakers = new Map<string, Breaker>();
  readonly #wakeClaims = new Map<string, number>();
  readonly #unreported = new Set<string>();

  constructor(settings: HealthSettings['breakers'], onChange: (change: CircuitChange) => void) {
    this.#settings = settings;
    this.#onChange = onChange;
  }

  circuit(key: string): Circuit {
    return this.#breaker(key).circuit;
  }

  mayBeCalled(target: string, nowMs: number): boolean {
    return this.standing(keysOf(target), nowMs).mayBeCalled;
  }

  isHalfOpen(target: string, nowMs: number): boolean {
    return this.standing(keysOf(target), nowMs).isHalfOpen;
  }

  /** Whether a target may be called, and whether its circuit or its account's is half-open. */
  standing(keys: TargetKeys, nowMs: number): { readonly mayBeCalled: boolean; readonly isHalfOpen: boolean } {
    let mayBeCalled = true;
    let isHalfOpen = false;
    for (const key of keys) {
      const breaker = this.#breakers.get(key);
      const state = breaker ? breakerState(breaker, nowMs) : 'closed';
      if (state === 'half-open') isHalfOpen = true;
      if (state !== 'closed' && (state !== 'half-open' || breaker?.probeAtMs !== null)) mayBeCalled = false;
    }
    return { mayBeCalled, isHalfOpen };
  }

  admit(target: string, chain: readonly string[] | null, nowMs: number): Admission {
    const admission = this.admissionOf(target, chain, nowMs);
    if (admission.type === 'admitted' && admission.isProbe) {
      for (const key of keysOf(target)) this.#reduce(key, { type: 'probing', atMs: nowMs });
    }
    return admission;
  }

  admissionOf(target: string, chain: readonly string[] | null, nowMs: number): Admission {
    const keys = keysOf(target);
    if (keys.some((key) => circuitState(this.circuit(key), nowMs) === 'isolated')) {
      return { type: 'refused', retryAfterMs: null };
    }
    if (this.mayBeCalled(target, nowMs)) return { type: 'admitted', isProbe: this.isHalfOpen(target, nowMs) };
    if (chain?.every((name) => !this.mayBeCalled(name, nowMs))) return { type: 'admitted', isProbe: false };
    const untilMs = Math.max(...keys.map((key) => this.circuit(key).openUntilMs));
    return { type: 'refused', retryAfterMs: Math.max(0, untilMs - nowMs) };
  }

  ended(end: Ended, nowMs: number): void {
    const { kind, isProbe, isPing, outForMs } = end;
    const [own, account] = keysOf(end.target);
    const tells = tellsOf(end);
    const outUntilMs = outForMs === undefined ? 0 : nowMs + outForMs;
    const settled = { type: 'settled', atMs: nowMs, cause: kind ?? 'unknown', isProbe, isPing, outUntilMs } as const;
    if (tells === 'account') {
      this.#reduce(own, { ...settled, told: 'nothing', outUntilMs: 0 });
      this.#accountOut(account, settled);
      return;
    }
    this.#reduce(own, { ...settled, told: tells });
    // Whatever else it was, the account was accepted, unless the provider was not reached: that is the target's fault.
    const isAccepted = tells === 'well' || tells === 'alive' || tells === 'crowded';
    this.#reduce(account, { ...settled, told: isAccepted ? 'alive' : 'nothing', outUntilMs: 0 });
  }

  /** One at a time of those who wait for a half-open circuit may go and be its probe. */
  claimWake(target: string, nowMs: number): boolean {
    if (nowMs - (this.#wakeClaims.get(target) ?? 0) < this.settingsOf(target).breakMs) return false;
    this.#wakeClaims.set(target, nowMs);
    return true;
  }

  /** Since when it lets calls through again; 0 when it was never out. */
  backSinceMs([own, account]: TargetKeys): number {
    return Math.max(backSinceMs(this.circuit(own)), backSinceMs(this.circuit(account)));
  }

  /** News of some circuits. */
  hear(news: Readonly<Record<string, Circuit>>): void {
    for (const [key, circuit] of Object.entries(news)) {
      const own = this.circuit(key);
      const both = merged(own, circuit);
      if (isSameCircuit(own, both)) continue;
      this.#set(key, this.#reduced(key, { type: 'circuit', circuit: both }), false);
    }
  }

  /** All that is shared. */
  absorb(shared: Readonly<Record<string, Circuit>>): void {
    this.hear(shared);
    // A circuit that is out here and that nobody else knows of was lost on the way, or with the workflow's history.
    for (const [key, { circuit }] of this.#breakers) {
      const known = circuitIn(shared, key);
      if (isOut(circuit) && !isSameCircuit(merged(known, circuit), known)) this.#unreported.add(key);
    }
  }

  takeUnreported(): Record<string, Circuit> {
    const circuits = Object.fromEntries([...this.#unreported].map((key) => [key, this.circuit(key)]));
    this.#unreported.clear();
    return circuits;
  }

  giveBack(keys: readonly string[]): void {
    for (const key of keys) this.#unreported.add(key);
  }

  /** Too many faults among too few calls to open the circuit here: together with the others' they may suffice. */
  failing(nowMs: number): Record<string, FailingCounts> {
    const failing: Record<string, FailingCounts> = {};
    for (const [key, breaker] of this.#breakers) {
      if (breaker.slots.length === 0 || breaker.lastFault === null) continue;
      const settings = this.settingsOf(key);
      const counts = failureCounts(breaker, nowMs, settings);
      if (isOverLimit(counts, { ...settings, minimumCalls: 1 })) {
        failing[key] = { ...counts, cause: breaker.lastFault, settings };
      }
    }
    return failing;
  }

  /** Forgets a target of which nothing is out. */
  forget(target: string): void {
    if (!isOut(this.circuit(target))) this.#breakers.delete(target);
  }

  settingsOf(key: string): BreakerSettings {
    const { byKey, default: general } = this.#settings;
    const own = [key, keysOf(key)[1]].find((name) => Object.hasOwn(byKey, name));
    return (own !== undefined && byKey[own]) || general;
  }

  #accountOut(
    account: string,
    event: {
      readonly atMs: number;
      readonly cause: CircuitCause;
      readonly isProbe: boolean;
      readonly outUntilMs: number;
    },
  ): void {
    const { atMs, cause, isProbe } = event;
    const breaker = this.#breaker(account);
    const untilMs = Math.max(event.outUntilMs, atMs + this.settingsOf(account).breakMs);
    const circuit = opened(breaker.circuit, { atMs, untilMs, cause });
    this.#set(account, { ...NEW_BREAKER, circuit, probeAtMs: isProbe ? null : breaker.probeAtMs }, true);
  }

  #reduce(key: string, event: BreakerEvent): void {
    const reduced = this.#reduced(key, event);
    if (reduced !== this.#breaker(key)) this.#set(key, reduced, true);
  }

  #reduced(key: string, event: BreakerEvent): Breaker {
    return reduceBreaker(this.#breaker(key), event, this.settingsOf(key));
  }

  #set(key: string, breaker: Breaker, isOwn: boolean): void {
    const before = this.circuit(key);
    this.#breakers.set(key, breaker);
    const { circuit } = breaker;
    if (isSameCircuit(before, circuit)) return;
    if (isOwn) this.#unreported.add(key);
    if (isOut(before) === isOut(circuit)) return;
    this.#onChange({ key, change: isOut(circuit) ? 'opened' : 'closed', circuit, isOwn });
  }

  #breaker(key: string): Breaker {
    return this.#breakers.get(key) ?? NEW_BREAKER;
  }
}

/** The target's own circuit, and that of its provider's account. */
export type TargetKeys = readonly [own: string, account: string];

export function keysOf(target: string): TargetKeys {
  return [target, parseTargetName(target)?.provider ?? target];
}

/** Open, half-open or isolated: whatever the time. */
function isOut(circuit: Circuit): boolean {
  return circuitState(circuit, 0) !== 'closed';
}
