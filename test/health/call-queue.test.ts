// Two lines, one for the target and one for the provider: who holds up whom.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Told } from '../../src/domain/breaker.ts';
import { CallQueue } from '../../src/health/call-queue.ts';
import type { Entry, Turn, TurnEnd } from '../../src/health/provider-budget.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const enter = (queue: CallQueue, target: string, more: { waitLimitMs?: number; signals?: AbortSignal[] } = {}) =>
  queue.enter({ target, tokens: 100, waitLimitMs: 0, ...more });

async function entered(queue: CallQueue, target: string): Promise<Turn> {
  return turnOf(await enter(queue, target));
}

function turnOf(entry: Entry | undefined): Turn {
  if (entry?.type !== 'entered') throw new Error(`It is ${entry?.type ?? 'waiting'}.`);
  return entry.turn;
}

/** How it ended; undefined while it waits. */
function watched(entry: Promise<Entry>): { entry?: Entry } {
  const seen: { entry?: Entry } = {};
  void entry.then((value) => Object.assign(seen, { entry: value }));
  return seen;
}

const end = (told: Told = 'well', more: Partial<TurnEnd> = {}): TurnEnd => ({ told, usedTokens: 100, ...more });
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('what one model says', () => {
  test('holds up no other model of its provider', async () => {
    const queue = new CallQueue({});
    (await entered(queue, 'a/1')).leave(end('crowded', { retryAfterMs: 20_000 }));
    expect(await enter(queue, 'a/1')).toEqual({ type: 'full', retryAfterMs: 20_000 });
    expect((await enter(queue, 'a/2')).type).toBe('entered');
    expect([queue.waitMs('a/1'), queue.waitMs('a/2'), queue.waitMs('b/1')]).toEqual([20_000, 0, 0]);
  });

  test('shrinks its own allowance only, also where the provider has limits', async () => {
    const queue = new CallQueue({ a: { maxConcurrent: 10 } });
    const turns = await Promise.all([1, 2, 3, 4].map(() => entered(queue, 'a/1')));
    await pass(1_000);
    for (const turn of turns) turn.leave(end('crowded'));
    expect(queue.view('a/1')?.allowance).toBe(2);
    expect(queue.view('a/2')?.allowance).toBe(10);
    for (let count = 0; count < 8; count += 1) await entered(queue, 'a/2');
    expect(queue.providerViews()['a']).toEqual({ inFlight: 8, depth: 0, waitMs: 0, allowance: 10 });
  });
});

describe('the limits of a provider', () => {
  test('hold over all its models, and over no other provider', async () => {
    const queue = new CallQueue({ a: { maxConcurrent: 2 } });
    await entered(queue, 'a/1');
    await entered(queue, 'a/2');
    expect((await enter(queue, 'a/3')).type).toBe('full');
    expect((await enter(queue, 'b/1')).type).toBe('entered');
  });

  test('of tokens count what was used in place of the estimate', async () => {
    const queue = new CallQueue({ a: { tokensPerMinute: 250 } });
    (await entered(queue, 'a/1')).leave(end('well', { usedTokens: 20 }));
    await entered(queue, 'a/2');
    await entered(queue, 'a/3');
    expect((await enter(queue, 'a/1')).type).toBe('full');
    expect(queue.waitMs('a/2')).toBeGreaterThan(0);
  });

  test("are this worker's part of them, and nothing while it has none", async () => {
    const queue = new CallQueue({ a: { maxConcurrent: 4 } });
    queue.setShare({ index: 0, count: 4 });
    await entered(queue, 'a/1');
    expect((await enter(queue, 'a/2')).type).toBe('full');
    queue.setShare(null);
    expect(await enter(queue, 'a/2')).toEqual({ type: 'full', retryAfterMs: 1_000 });
    expect((await enter(queue, 'b/1')).type).toBe('entered');
  });
});

describe('a call that waits in the second line', () => {
  test('gives its first place back when it is refused there', async () => {
    const queue = new CallQueue({ a: { maxConcurrent: 1 } });
    queue.slowStart('a/1');
    const turn = await entered(queue, 'a/2');
    for (let count = 0; count < 20; count += 1) expect((await enter(queue, 'a/1')).type).toBe('full');
    turn.leave(end());
    expect((await enter(queue, 'a/1')).type).toBe('entered');
  });

  test('gives its first place back when it gives up', async () => {
    const queue = new CallQueue({ a: { maxConcurrent: 1 } });
    queue.slowStart('a/1');
    const turn = await entered(queue, 'a/2');
    const cancel = new AbortController();
    const waiting = Array.from({ length: 8 }, () =>
      watched(enter(queue, 'a/1', { waitLimitMs: 10_000, signals: [cancel.signal] })),
    );
    await pass(10);
    expect(queue.view('a/1')?.depth).toBe(8);
    cancel.abort();
    await pass(0);
    expect(waiting.map(({ entry }) => entry?.type)).toEqual(Array.from({ length: 8 }, () => 'aborted'));
    turn.leave(end());
    expect((await enter(queue, 'a/1')).type).toBe('entered');
  });

  test('waits in both together no longer than its limit', async () => {
    const queue = new CallQueue({ a: { maxConcurrent: 1 } });
    (await entered(queue, 'a/1')).leave(end('crowded', { retryAfterMs: 3_000 }));
    await entered(queue, 'a/2');
    const waiting = watched(enter(queue, 'a/1', { waitLimitMs: 10_000 }));
    await pass(9_999);
    expect(waiting.entry).toBeUndefined();
    await pass(1);
    expect(waiting.entry?.type).toBe('full');
  });

  test('has waited for as long as in both together', async () => {
    const queue = new CallQueue({ a: { maxConcurrent: 2 } });
    (await entered(queue, 'a/1')).leave(end('crowded', { retryAfterMs: 3_000 }));
    const turns = [await entered(queue, 'a/2'), await entered(queue, 'a/2')];
    const waiting = watched(enter(queue, 'a/1', { waitLimitMs: 10_000 }));
    await pass(5_000);
    expect(waiting.entry).toBeUndefined();
    turns[0]?.leave(end());
    await pass(0);
    expect(turnOf(waiting.entry).waitedMs).toBe(5_000);
  });
});

test('a target that came back begins with few calls, and an account with few of all its targets', async () => {
  const countEntering = async (queue: CallQueue, target: string) => {
    for (let count = 0; count < 50; count += 1) if ((await enter(queue, target)).type !== 'entered') return count;
    return 50;
  };
  const ofTarget = new CallQueue({});
  ofTarget.slowStart('a/1');
  expect([await countEntering(ofTarget, 'a/1'), await countEntering(ofTarget, 'a/2')]).toEqual([8, 50]);
  const ofAccount = new CallQueue({});
  ofAccount.slowStart('a');
  expect([await countEntering(ofAccount, 'a/1'), await countEntering(ofAccount, 'a/2')]).toEqual([8, 0]);
});

test('a target that nothing limits has nothing to show', async () => {
  const queue = new CallQueue({ b: { maxConcurrent: 1 } });
  (await entered(queue, 'a/1')).leave(end());
  expect(queue.view('a/1')).toBeNull();
  expect(Object.keys(queue.providerViews())).toEqual(['b']);
});
