// The time of a call: what one attempt may take, and what is left for further ones.

import { describe, expect, it } from 'vitest';
import { attemptLimitMs, retryBudgetMs } from '../../activities/call-budget.ts';
import { InFlightCalls } from '../../activities/in-flight.ts';

const START = Date.parse('2026-11-23T12:00:00Z');
const clock = { scheduledAtMs: START, scheduleToCloseMs: 100_000, startToCloseMs: 0 };
const call = { attemptTimeoutMs: 60_000, maxAttempts: 2 };

describe('an attempt', () => {
  it('takes its own timeout when there is time enough', () => {
    expect(attemptLimitMs({ call, clock, nowMs: START })).toBe(60_000);
  });

  it('ends before Temporal would end the call', () => {
    expect(attemptLimitMs({ call, clock, nowMs: START + 70_000 })).toBe(29_750);
    expect(attemptLimitMs({ call, clock, nowMs: START + 99_900 })).toBe(0);
  });

  it('ends before Temporal would end the attempt', () => {
    expect(attemptLimitMs({ call, clock: { ...clock, startToCloseMs: 10_000 }, nowMs: START })).toBe(9_750);
  });

  it('has its own timeout where Temporal sets none', () => {
    const unlimited = { scheduledAtMs: START, scheduleToCloseMs: 0, startToCloseMs: 0 };
    expect(attemptLimitMs({ call, clock: unlimited, nowMs: START + 1e9 })).toBe(60_000);
  });
});

describe('the budget for retries', () => {
  it('is what Temporal leaves', () => {
    expect(retryBudgetMs({ call, clock, nowMs: START + 30_000, spentMs: 30_000 })).toBe(70_000);
  });

  it('is never more than all attempts at their full length', () => {
    const wide = { ...clock, scheduleToCloseMs: 1e9 };
    expect(retryBudgetMs({ call, clock: wide, nowMs: START + 30_000, spentMs: 30_000 })).toBe(90_000);
    expect(retryBudgetMs({ call, clock: wide, nowMs: START + 130_000, spentMs: 130_000 })).toBe(-10_000);
  });
});

describe('calls in flight', () => {
  it('of one workflow end together, those of another go on', () => {
    const inFlight = new InFlightCalls();
    const [one, two, other] = [inFlight.signalFor('a'), inFlight.signalFor('a'), inFlight.signalFor('b')];
    inFlight.abort('a');
    expect([one.aborted, two.aborted, other.aborted]).toEqual([true, true, false]);
  });

  it('that have ended, and those that begin after an abort, are not touched', () => {
    const inFlight = new InFlightCalls();
    const ended = inFlight.signalFor('a');
    inFlight.leave('a', ended);
    inFlight.abort('a');
    expect(ended.aborted).toBe(false);
    const aborted = inFlight.signalFor('a');
    inFlight.abort('a');
    const next = inFlight.signalFor('a');
    inFlight.leave('a', aborted);
    expect(next.aborted).toBe(false);
    inFlight.abort('a');
    expect(next.aborted).toBe(true);
  });

  it('leave nothing behind that a later abort could hit', () => {
    const inFlight = new InFlightCalls();
    expect(() => inFlight.abort('nobody')).not.toThrow();
    const [one, two] = [inFlight.signalFor('a'), inFlight.signalFor('a')];
    inFlight.leave('a', one);
    inFlight.abort('a');
    expect(two.aborted).toBe(true);
  });
});
