// The rate budgets of one worker: who waits, who is sent away at once, and how a degraded provider is spared.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Told } from '../../src/domain/breaker.ts';
import type { ProviderLimits, RateHeaders } from '../../src/domain/budget.ts';
import { Budgets } from '../../src/health/budgets.ts';
import type { Entry, Turn, TurnEnd } from '../../src/health/provider-budget.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const budgetsOf = (limits: ProviderLimits) => new Budgets({ limits: { p: limits }, now: Date.now });

const enter = (budgets: Budgets, more: { tokens?: number; waitLimitMs?: number; signals?: AbortSignal[] } = {}) =>
  budgets.enter({ provider: 'p', tokens: 100, waitLimitMs: 10_000, ...more });

async function entered(budgets: Budgets, more: { tokens?: number } = {}): Promise<Turn> {
  return turnOf(await enter(budgets, { waitLimitMs: 0, ...more }));
}

function turnOf(entry: Entry): Turn {
  if (entry.type !== 'entered') throw new Error(`It is ${entry.type}.`);
  return entry.turn;
}

/** How it ended, and after how long; undefined while it waits. */
function watched(entry: Promise<Entry>): { entry?: Entry; afterMs?: number } {
  const beganAtMs = Date.now();
  const seen: { entry?: Entry; afterMs?: number } = {};
  void entry.then((value) => Object.assign(seen, { entry: value, afterMs: Date.now() - beganAtMs }));
  return seen;
}

const end = (told: Told = 'well', more: Partial<TurnEnd> = {}): TurnEnd => ({ told, usedTokens: null, ...more });
const rate = (more: Partial<RateHeaders>): RateHeaders => ({
  limitRequests: null,
  remainingRequests: null,
  resetRequestsMs: null,
  limitTokens: null,
  remainingTokens: null,
  resetTokensMs: null,
  ...more,
});
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** How many get in at once. */
async function countEntering(budgets: Budgets, most = 50): Promise<number> {
  for (let count = 0; count < most; count += 1) {
    if ((await enter(budgets, { waitLimitMs: 0 })).type !== 'entered') return count;
  }
  return most;
}

describe('a call is sent away', () => {
  test('at once when its wait would be longer than its limit', async () => {
    const budgets = budgetsOf({ requestsPerMinute: 1 });
    (await entered(budgets)).leave(end());
    await pass(20_000);
    expect(await enter(budgets, { waitLimitMs: 40_000 })).toEqual({ type: 'full', retryAfterMs: 43_000 });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('at once when those who wait before it take all that comes free within its limit', async () => {
    const budgets = budgetsOf({ requestsPerMinute: 1 });
    await entered(budgets);
    const first = watched(enter(budgets, { waitLimitMs: 70_000 }));
    expect(await enter(budgets, { waitLimitMs: 70_000 })).toEqual({ type: 'full', retryAfterMs: 123_000 });
    await pass(63_000);
    expect(first.entry?.type).toBe('entered');
  });

  test('at once when calls of the usual length leave it no place in time', async () => {
    const budgets = budgetsOf({ maxConcurrent: 1 });
    const turn = await entered(budgets);
    await pass(30_000);
    turn.leave(end());
    await entered(budgets);
    expect(await enter(budgets)).toEqual({ type: 'full', retryAfterMs: 30_000 });
    expect(budgets.waitMs('p')).toBe(30_000);
  });

  test('when it has waited as long as it may', async () => {
    const budgets = budgetsOf({ maxConcurrent: 1 });
    await entered(budgets);
    const waiting = watched(enter(budgets));
    await pass(9_999);
    expect(waiting.entry).toBeUndefined();
    await pass(1);
    expect(waiting.entry).toEqual({ type: 'full', retryAfterMs: 1_000 });
    expect(budgets.view('p')).toMatchObject({ inFlight: 1, depth: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('at once by a worker that has no share of a limit', async () => {
    const budgets = budgetsOf({ maxConcurrent: 100, requestsPerMinute: 2 });
    budgets.setShare({ index: 2, count: 3 });
    expect(await enter(budgets)).toEqual({ type: 'full', retryAfterMs: 1_000 });
    expect(budgets.view('p')).toMatchObject({ depth: 0, waitMs: 1_000 });
  });

  test('by a worker that is held back, also when it waits already', async () => {
    const budgets = budgetsOf({ maxConcurrent: 1 });
    const turn = await entered(budgets);
    const waiting = watched(enter(budgets));
    budgets.setShare(null);
    await pass(0);
    expect(waiting).toEqual({ entry: { type: 'full', retryAfterMs: 1_000 }, afterMs: 0 });
    turn.leave(end());
    expect((await enter(budgets)).type).toBe('full');
    budgets.setShare({ index: 0, count: 2 });
    expect((await enter(budgets)).type).toBe('entered');
  });

  test('at once when a pause begins that is longer than it may still wait', async () => {
    const budgets = budgetsOf({ maxConcurrent: 2 });
    const turn = await entered(budgets);
    await entered(budgets);
    const short = watched(enter(budgets, { waitLimitMs: 4_000 }));
    const long = watched(enter(budgets, { waitLimitMs: 9_000 }));
    await pass(1_000);
    turn.leave(end('crowded', { retryAfterMs: 5_000 }));
    await pass(0);
    expect(short).toEqual({ entry: { type: 'full', retryAfterMs: 5_000 }, afterMs: 1_000 });
    expect(long.entry).toBeUndefined();
  });

  test('as aborted when its signal is, before it waits or while it does', async () => {
    const budgets = budgetsOf({ maxConcurrent: 1 });
    const turn = await entered(budgets);
    expect(await enter(budgets, { signals: [AbortSignal.abort()] })).toEqual({ type: 'aborted' });
    const cancel = new AbortController();
    const cancelled = watched(enter(budgets, { signals: [cancel.signal] }));
    const behind = watched(enter(budgets));
    await pass(10);
    cancel.abort();
    await pass(0);
    expect(cancelled).toEqual({ entry: { type: 'aborted' }, afterMs: 10 });
    turn.leave(end());
    await pass(0);
    expect(behind.entry?.type).toBe('entered');
  });
});

describe('a call waits', () => {
  test('for a place, first come first served', async () => {
    const budgets = budgetsOf({ maxConcurrent: 1 });
    const turn = await entered(budgets);
    const order: string[] = [];
    const last = ['a', 'b', 'c'].map(async (name) => {
      const next = turnOf(await enter(budgets));
      order.push(`${name} after ${next.waitedMs}`);
      setTimeout(() => next.leave(end()), 500);
    });
    expect(budgets.view('p')).toEqual({ inFlight: 1, depth: 3, waitMs: 0, allowance: 1 });
    await pass(200);
    turn.leave(end());
    await pass(2_000);
    await Promise.all(last);
    expect(order).toEqual(['a after 200', 'b after 700', 'c after 1200']);
    expect(budgets.view('p')).toMatchObject({ inFlight: 0, depth: 0, waitMs: 0 });
  });

  test('until the minute has room for it', async () => {
    const budgets = budgetsOf({ requestsPerMinute: 2 });
    await entered(budgets);
    await pass(10_000);
    await entered(budgets);
    const waiting = watched(enter(budgets, { waitLimitMs: 60_000 }));
    await pass(60_000);
    expect(waiting).toMatchObject({ entry: { type: 'entered' }, afterMs: 53_000 });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('for tokens, and one that needs few does not overtake one that needs many', async () => {
    const budgets = budgetsOf({ tokensPerMinute: 1_000 });
    await entered(budgets, { tokens: 900 });
    const many = watched(enter(budgets, { tokens: 500, waitLimitMs: 70_000 }));
    const few = watched(enter(budgets, { tokens: 50, waitLimitMs: 70_000 }));
    await pass(62_999);
    expect([many.entry, few.entry]).toEqual([undefined, undefined]);
    await pass(1);
    expect([many.entry?.type, few.entry?.type]).toEqual(['entered', 'entered']);
  });

  test('no longer for tokens when one that needs many has given up before it', async () => {
    const budgets = budgetsOf({ tokensPerMinute: 1_000 });
    await entered(budgets, { tokens: 900 });
    const cancel = new AbortController();
    const many = watched(enter(budgets, { tokens: 500, waitLimitMs: 70_000, signals: [cancel.signal] }));
    const few = watched(enter(budgets, { tokens: 50, waitLimitMs: 70_000 }));
    await pass(5_000);
    cancel.abort();
    await pass(0);
    expect([many.entry?.type, few.entry?.type]).toEqual(['aborted', 'entered']);
  });

  test('until a pause is over that the provider asked for', async () => {
    const budgets = budgetsOf({});
    (await entered(budgets)).leave(end('crowded', { retryAfterMs: 3_000 }));
    expect(budgets.view('p')).toEqual({ inFlight: 0, depth: 0, waitMs: 3_000, allowance: 1 });
    const waiting = watched(enter(budgets));
    await pass(3_000);
    expect(waiting).toMatchObject({ entry: { type: 'entered' }, afterMs: 3_000 });
  });

  test('no longer than an hour for a provider that asks for more', async () => {
    const budgets = budgetsOf({});
    (await entered(budgets)).leave(end('crowded', { retryAfterMs: 1e12 }));
    expect(await enter(budgets)).toEqual({ type: 'full', retryAfterMs: 3_600_000 });
  });
});

describe('tokens', () => {
  test('that were not used are free at once, and what is not known stays as estimated', async () => {
    const budgets = budgetsOf({ tokensPerMinute: 1_000 });
    const turn = await entered(budgets, { tokens: 1_000 });
    const waiting = watched(enter(budgets, { tokens: 700, waitLimitMs: 70_000 }));
    turn.leave(end('well', { usedTokens: 300 }));
    await pass(0);
    turnOf(waiting.entry ?? { type: 'aborted' }).leave(end('nothing'));
    expect((await enter(budgets, { tokens: 100 })).type).toBe('full');
  });

  test('used beyond the estimate make later calls wait', async () => {
    const budgets = budgetsOf({ tokensPerMinute: 1_000 });
    (await entered(budgets, { tokens: 100 })).leave(end('well', { usedTokens: 1_500 }));
    expect(await enter(budgets, { tokens: 100 })).toEqual({ type: 'full', retryAfterMs: 63_000 });
  });

  test('of one call beyond the whole limit are let through when nothing else counts', async () => {
    const budgets = budgetsOf({ tokensPerMinute: 1_000 });
    await entered(budgets, { tokens: 10 });
    const big = watched(enter(budgets, { tokens: 5_000, waitLimitMs: 70_000 }));
    await pass(63_000);
    expect(big).toMatchObject({ entry: { type: 'entered' }, afterMs: 63_000 });
    expect((await enter(budgets, { tokens: 10 })).type).toBe('full');
  });
});

test('a place is freed once, however often it is left', async () => {
  const budgets = budgetsOf({ maxConcurrent: 2 });
  const turn = await entered(budgets);
  await entered(budgets);
  turn.leave(end());
  turn.leave(end());
  expect(budgets.view('p')).toMatchObject({ inFlight: 1 });
});

describe('what the provider says is left', () => {
  test('none: nobody begins before its reset', async () => {
    const budgets = budgetsOf({});
    (await entered(budgets)).leave(end('well', { rate: rate({ remainingRequests: 0, resetRequestsMs: 4_000 }) }));
    expect((await enter(budgets, { waitLimitMs: 3_999 })).type).toBe('full');
    const waiting = watched(enter(budgets));
    await pass(4_000);
    expect(waiting).toMatchObject({ entry: { type: 'entered' }, afterMs: 4_000 });
  });

  test('less than wait: no more begin before its reset', async () => {
    const budgets = budgetsOf({ maxConcurrent: 10 });
    const turns = await Promise.all(Array.from({ length: 10 }, () => entered(budgets)));
    const waiting = Array.from({ length: 5 }, () => watched(enter(budgets)));
    for (const turn of turns.slice(1)) turn.leave(end());
    await pass(0);
    for (const { entry } of waiting) turnOf(entry ?? { type: 'aborted' }).leave(end());
    turns[0]?.leave(end('well', { rate: rate({ remainingRequests: 2, resetRequestsMs: 4_000 }) }));
    const next = Array.from({ length: 5 }, () => watched(enter(budgets)));
    await pass(3_999);
    expect(next.filter(({ entry }) => entry?.type === 'entered')).toHaveLength(2);
    await pass(1);
    expect(next.filter(({ entry }) => entry?.type === 'entered')).toHaveLength(5);
  });

  test('too few tokens: the next call waits for their reset, a smaller one would not', async () => {
    const budgets = budgetsOf({});
    const said = rate({ remainingTokens: 150, resetTokensMs: 4_000 });
    (await entered(budgets)).leave(end('well', { rate: said }));
    expect((await enter(budgets, { tokens: 200, waitLimitMs: 0 })).type).toBe('full');
    expect((await enter(budgets, { tokens: 150, waitLimitMs: 0 })).type).toBe('entered');
  });

  test('is as old as the answer is long: a reset that has passed holds nobody back', async () => {
    const budgets = budgetsOf({});
    const turn = await entered(budgets);
    await pass(30_000);
    const said = rate({ remainingRequests: 0, resetRequestsMs: 4_000 });
    turn.leave(end('well', { rate: said, rateAgeMs: 29_000 }));
    expect(budgets.waitMs('p')).toBe(0);
  });

  test('much: loosens no limit', async () => {
    const budgets = budgetsOf({ maxConcurrent: 1 });
    const said = rate({ remainingRequests: 1_000, resetRequestsMs: 1_000, limitRequests: 1_000 });
    (await entered(budgets)).leave(end('well', { rate: said }));
    expect(await countEntering(budgets)).toBe(1);
  });
});

describe('a degraded provider', () => {
  test('gets half of the calls that it had no room for, and more again while it answers', async () => {
    const budgets = budgetsOf({ maxConcurrent: 8 });
    const turns = await Promise.all(Array.from({ length: 8 }, () => entered(budgets)));
    await pass(1_000);
    for (const turn of turns) turn.leave(end('crowded'));
    expect(budgets.view('p')).toMatchObject({ inFlight: 0, allowance: 4 });
    const allowances: unknown[] = [];
    for (let round = 0; round < 4; round += 1) {
      await pass(1_000);
      const allowed = budgets.view('p')?.allowance ?? 0;
      const next = await Promise.all(Array.from({ length: allowed }, () => entered(budgets)));
      await pass(1_000);
      for (const turn of next) turn.leave(end());
      allowances.push(budgets.view('p')?.allowance);
    }
    expect(allowances).toEqual([5, 6, 7, 8]);
    expect(await countEntering(budgets)).toBe(8);
  });

  test('is not made of one fault, also without limits', async () => {
    const budgets = budgetsOf({});
    const turns = await Promise.all(Array.from({ length: 10 }, () => entered(budgets)));
    await pass(1_000);
    turns[0]?.leave(end('fault'));
    expect(await countEntering(budgets)).toBe(50);
  });

  test('that came back begins with 8 calls, and with twice as many a round later', async () => {
    const budgets = budgetsOf({ maxConcurrent: 100 });
    budgets.slowStart('p');
    await pass(1);
    const waiting = Array.from({ length: 40 }, () => enter(budgets));
    const inFlight: unknown[] = [];
    for (const entry of waiting) void entry.then((it) => setTimeout(() => turnOf(it).leave(end()), 1_000));
    for (let round = 0; round < 3; round += 1) {
      await pass(500);
      inFlight.push(budgets.view('p')?.inFlight);
      await pass(500);
    }
    expect(inFlight).toEqual([8, 16, 16]);
    expect(budgets.view('p')).toMatchObject({ inFlight: 0, depth: 0, allowance: 48 });
  });
});

describe('of a provider without limits', () => {
  test('nothing is shown, nobody waits, and there are no timers', async () => {
    const budgets = new Budgets({ limits: {} });
    expect(await countEntering(budgets)).toBe(50);
    expect(budgets.view('p')).toBeNull();
    expect(budgets.views()).toEqual({});
    expect(budgets.waitMs('p')).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('calls go also while the worker has no share', async () => {
    const budgets = new Budgets({ limits: { other: { maxConcurrent: 1 } } });
    budgets.setShare(null);
    expect((await enter(budgets)).type).toBe('entered');
    expect(budgets.views()).toEqual({ other: { inFlight: 0, depth: 0, waitMs: 1_000, allowance: 0 } });
  });
});
