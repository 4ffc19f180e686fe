// Our breaker against cockatiel's, an independent implementation: on the same calls both open and close at the same ones.

import { CircuitState, circuitBreaker, handleAll, SamplingBreaker } from 'cockatiel';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Breaker, BreakerSettings, Told } from '../../src/domain/breaker.ts';
import { breakerState, NEW_BREAKER, reduceBreaker } from '../../src/domain/breaker.ts';

// Where they differ on purpose, and what the traces do about it:
// - Cockatiel's window has a bucket a second and drops one bucket per call, however many seconds have passed: after a
//   silence it counts what is long over. Ours goes by the clock. So there is a call at the start of each second.
// - It has a bucket a second, however long the window is; we have 60 in any window. So the window is 60 s long.
// - Its buckets begin with their first call; ours with the whole second. So what would be the first call after a break
//   waits for the next whole second.
// - It counts a probe that succeeded as the first call of the new window; ours begins empty. So ours is told it again.
// - It speaks of calls per second, we of calls in the window. Half a call less keeps rounding out of it.

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const STARTED_MS = 1_000_000_000_000;

const settingsOf = fc.record({
  windowMs: fc.constant(60_000),
  failureRatio: fc.constantFrom(0.1, 0.2, 0.5, 0.75),
  minimumCalls: fc.integer({ min: 1, max: 20 }),
  breakMs: fc.constantFrom(1_500, 10_000, 30_000),
});
/** Of each second: whether its calls succeed, the first at its start. Spells of good and bad times, as in life. */
const second = (goodInTen: number) =>
  fc.array(
    fc.nat(9).map((dice) => dice < goodInTen),
    { minLength: 1, maxLength: 4 },
  );
const spell = fc
  .integer({ min: 0, max: 10 })
  .chain((goodInTen) => fc.array(second(goodInTen), { minLength: 1, maxLength: 70, size: 'max' }));
const trace = fc.array(spell, { minLength: 1, maxLength: 5, size: 'max' }).map((spells) => spells.flat());

test('ours opens and closes at the same calls as cockatiel', async () => {
  const seen = { opened: 0, closed: 0, reopened: 0 };
  await fc.assert(
    fc.asyncProperty(settingsOf, trace, async (settings, seconds) => {
      const theirs = new Theirs(settings);
      const ours = new Ours(settings);
      const seenOfTheirs: string[] = [];
      const seenOfOurs: string[] = [];
      for (const [index, calls] of seconds.entries()) {
        for (const [place, isGood] of calls.entries()) {
          const atMs = index * 1_000 + place * 200;
          const nowMs = STARTED_MS + atMs;
          vi.setSystemTime(nowMs);
          const before = ours.state(nowMs);
          const isLetThrough = await theirs.call(isGood);
          seenOfTheirs.push(line(atMs, isLetThrough, theirs.isClosed));
          seenOfOurs.push(line(atMs, ours.call(isGood, nowMs), ours.isClosed));
          if (before === 'closed' && !ours.isClosed) seen.opened += 1;
          if (before === 'half-open') seen[ours.isClosed ? 'closed' : 'reopened'] += 1;
          if (!isLetThrough) break;
        }
      }
      expect(seenOfOurs).toEqual(seenOfTheirs);
    }),
    { numRuns: 200 },
  );
  // The traces are worth something only if they lead through all states.
  expect(Math.min(seen.opened, seen.closed, seen.reopened)).toBeGreaterThan(50);
});

function line(atMs: number, isLetThrough: boolean, isClosed: boolean): string {
  return `${atMs} ms: ${isLetThrough ? 'let through' : 'refused'}, then ${isClosed ? 'closed' : 'open'}`;
}

class Theirs {
  readonly #policy;

  constructor({ windowMs, failureRatio, minimumCalls, breakMs }: BreakerSettings) {
    const minimumRps = (minimumCalls - 0.5) / (windowMs / 1_000);
    const breaker = new SamplingBreaker({ threshold: failureRatio, duration: windowMs, minimumRps });
    this.#policy = circuitBreaker(handleAll, { halfOpenAfter: breakMs, breaker });
  }

  get isClosed(): boolean {
    return this.#policy.state === CircuitState.Closed;
  }

  /** Whether it was let through. */
  async call(isGood: boolean): Promise<boolean> {
    let isLetThrough = false;
    const run = () => {
      isLetThrough = true;
      if (!isGood) throw new Error('The provider failed.');
    };
    await this.#policy.execute(run).catch((error: unknown) => error);
    return isLetThrough;
  }
}

class Ours {
  readonly #settings: BreakerSettings;
  #breaker: Breaker = NEW_BREAKER;

  constructor(settings: BreakerSettings) {
    this.#settings = settings;
  }

  get isClosed(): boolean {
    return this.state(0) === 'closed';
  }

  state(nowMs: number) {
    return breakerState(this.#breaker, nowMs);
  }

  call(isGood: boolean, nowMs: number): boolean {
    const state = this.state(nowMs);
    if (state === 'open') return false;
    const isProbe = state === 'half-open';
    if (isProbe) this.#breaker = reduceBreaker(this.#breaker, { type: 'probing', atMs: nowMs }, this.#settings);
    this.#settle(isGood ? 'well' : 'fault', isProbe, nowMs);
    if (isProbe && isGood) this.#settle('well', false, nowMs);
    return true;
  }

  #settle(told: Told, isProbe: boolean, atMs: number): void {
    const event = { type: 'settled', atMs, told, cause: 'unknown', isProbe, isPing: false, outUntilMs: 0 } as const;
    this.#breaker = reduceBreaker(this.#breaker, event, this.#settings);
  }
}
