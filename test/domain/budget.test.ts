// The pure parts of a rate budget: shares of limits, the count of a minute, how a degraded provider is throttled, and
// how a prompt's tokens are guessed.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Allowance, type AllowanceEvent, NOT_DEGRADED, reduceAllowance } from '../../src/domain/allowance.ts';
import type { Told } from '../../src/domain/breaker.ts';
import { leftAfter, leftAtMs, leftWithout, shareOf } from '../../src/domain/budget.ts';
import { corrected, counted, type MinuteCount, roomAtMs } from '../../src/domain/minute-count.ts';
import type { Prompt } from '../../src/domain/prompt.ts';
import { estimateTokens } from '../../src/domain/token-estimate.ts';

describe('shareOf', () => {
  test('the shares of all workers add up to the limit, and the first ones get what cannot be divided', () => {
    const shares = [0, 1, 2].map((index) => shareOf({ maxConcurrent: 8, requestsPerMinute: 2 }, { index, count: 3 }));
    expect(shares).toEqual([
      { maxConcurrent: 3, requestsPerMinute: 1 },
      { maxConcurrent: 3, requestsPerMinute: 1 },
      { maxConcurrent: 2, requestsPerMinute: 0 },
    ]);
  });

  test('without a share nothing is left of a limit, and what has no limit stays so', () => {
    expect(shareOf({ maxConcurrent: 8 }, null)).toEqual({ maxConcurrent: 0 });
    expect(shareOf({}, null)).toEqual({});
  });
});

describe('the count of a minute', () => {
  const begun = (...times: readonly number[]) =>
    times.reduce<MinuteCount>((count, atMs) => counted(count, { atMs, amount: 1 }), []);

  test('has no room until the whole second of the oldest has been over for a minute, and two seconds that it may have been on its way', () => {
    const count = begun(500, 900, 30_000);
    expect(roomAtMs(count, { amount: 1, limit: 3, nowMs: 40_000 })).toBe(63_000);
    expect(roomAtMs(count, { amount: 1, limit: 3, nowMs: 62_999 })).toBe(63_000);
    expect(roomAtMs(count, { amount: 2, limit: 3, nowMs: 63_000 })).toBe(63_000);
    expect(roomAtMs(count, { amount: 3, limit: 3, nowMs: 63_000 })).toBe(93_000);
  });

  test('an amount of several minutes has room when its last part has', () => {
    expect(roomAtMs([], { amount: 25, limit: 10, nowMs: 7 })).toBe(120_007);
    expect(roomAtMs(begun(0, 0), { amount: 12, limit: 3, nowMs: 1_000 })).toBe(63_000 + 180_000);
  });

  test('a correction changes what was begun then, and nothing once that no longer counts', () => {
    const count = counted(counted([], { atMs: 0, amount: 100 }), { atMs: 70_000, amount: 100 });
    expect(roomAtMs(corrected(count, { atMs: 70_500, amount: -60 }), { amount: 60, limit: 100, nowMs: 71_000 })).toBe(
      71_000,
    );
    expect(corrected(count, { atMs: 0, amount: 1_000 })).toEqual(count);
  });

  test('no minute of the provider, wherever it begins, has more than the limit, though calls are on their way unequally long', () => {
    const amounts = fc.array(
      fc.record({
        afterMs: fc.nat(40_000),
        amount: fc.integer({ min: 1, max: 10 }),
        wayMs: fc.nat(2_000),
      }),
    );
    fc.assert(
      fc.property(amounts, fc.integer({ min: 10, max: 25 }), (arrivals, limit) => {
        let count: MinuteCount = [];
        let nowMs = 0;
        const all: { readonly atMs: number; readonly amount: number }[] = [];
        for (const { afterMs, amount, wayMs } of arrivals) {
          nowMs = roomAtMs(count, { amount, limit, nowMs: nowMs + afterMs });
          count = counted(count, { atMs: nowMs, amount });
          all.push({ atMs: nowMs + wayMs, amount });
        }
        for (const { atMs } of all) {
          const minute = all.filter((one) => one.atMs >= atMs && one.atMs < atMs + 60_000);
          expect(minute.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(limit);
        }
      }),
    );
  });
});

describe('what the provider says is left', () => {
  const told = (remaining: number | null, resetMs: number | null, saidAtMs = 0) => ({ remaining, resetMs, saidAtMs });

  test('holds until its reset, less what begins', () => {
    const left = leftWithout(leftAfter(null, told(2, 5_000)), 1);
    expect(leftAtMs(left, 1, 100)).toBe(100);
    expect(leftAtMs(left, 2, 100)).toBe(5_000);
    expect(leftAtMs(left, 2, 5_000)).toBe(5_000);
  });

  test('says nothing without a reset, or when something later was said', () => {
    expect(leftAfter(null, told(0, null))).toBeNull();
    expect(leftAfter(null, told(null, 1_000))).toBeNull();
    const later = leftAfter(null, told(0, 10_000, 500));
    expect(leftAfter(later, told(90, 10_000, 400))).toBe(later);
  });

  test('is believed for an hour at most', () => {
    expect(leftAtMs(leftAfter(null, told(0, 1e12)), 1, 0)).toBe(3_600_000);
  });
});

describe('the allowance of a degraded provider', () => {
  const call = (told: Told, more: Partial<Extract<AllowanceEvent, { type: 'ended' }>> = {}): AllowanceEvent => ({
    type: 'ended',
    told,
    beganAtMs: 10,
    atMs: 20,
    inFlight: 40,
    waiting: 0,
    ceiling: null,
    ...more,
  });
  const after = (allowance: Allowance, ...events: readonly AllowanceEvent[]) =>
    events.reduce(reduceAllowance, allowance);
  const times = (count: number, event: AllowanceEvent) => Array.from({ length: count }, () => event);
  const later = { beganAtMs: 30, atMs: 40 };

  test('is half of what was in flight when there was no room, and never less than one', () => {
    expect(after(NOT_DEGRADED, call('crowded')).calls).toBe(20);
    expect(after(NOT_DEGRADED, call('crowded', { inFlight: 1 })).calls).toBe(1);
  });

  test('is cut once by all that were in flight together, and again by one that began after the cut', () => {
    const once = after(NOT_DEGRADED, ...times(30, call('crowded')));
    expect(once.calls).toBe(20);
    expect(after(once, call('crowded', { ...later, inFlight: 20 })).calls).toBe(10);
  });

  test('one fault does nothing, and neither do rare ones', () => {
    const rare = Array.from({ length: 20 }, () => [call('fault'), ...times(10, call('well'))]).flat();
    expect(after(NOT_DEGRADED, call('fault')).calls).toBeNull();
    expect(after(NOT_DEGRADED, ...rare).calls).toBeNull();
  });

  test('the third fault in a row cuts', () => {
    expect(after(NOT_DEGRADED, ...times(2, call('fault'))).calls).toBeNull();
    expect(after(NOT_DEGRADED, ...times(3, call('fault'))).calls).toBe(20);
  });

  test.each(['alive', 'nothing'] as const)('a call that tells %s changes nothing', (told) => {
    const degraded = after(NOT_DEGRADED, call('crowded'));
    expect(after(degraded, ...times(50, call(told, later)))).toBe(degraded);
  });

  test('grows by one when as many have succeeded as it allows, so a small load is soon back', () => {
    const one = after(NOT_DEGRADED, call('crowded', { inFlight: 2 }));
    const well = call('well', later);
    expect([1, 2, 3, 5, 6].map((count) => after(one, ...times(count, well)).calls)).toEqual([2, 2, 3, 3, 4]);
  });

  test('successes of calls that began before the cut do not make it grow', () => {
    const cut = after(NOT_DEGRADED, call('crowded', { inFlight: 2 }));
    expect(after(cut, ...times(50, call('well')))).toBe(cut);
  });

  test('ends at the limit', () => {
    const well = call('well', { ...later, ceiling: 4 });
    const cut = after(NOT_DEGRADED, call('crowded', { inFlight: 4, ceiling: 4 }));
    expect(after(cut, ...times(4, well)).calls).toBe(3);
    expect(after(cut, ...times(5, well)).calls).toBeNull();
  });

  test('without a limit it ends at twice what was in flight before, unless calls still wait', () => {
    const cut = after(NOT_DEGRADED, call('crowded', { inFlight: 10 }));
    const growth = Array.from({ length: 15 }, (_, index) => 5 + index).reduce((sum, calls) => sum + calls, 0);
    expect(after(cut, ...times(growth - 1, call('well', later))).calls).toBe(19);
    expect(after(cut, ...times(growth, call('well', later))).calls).toBeNull();
    expect(after(cut, ...times(growth, call('well', { ...later, waiting: 3 }))).calls).toBe(20);
  });

  test('of a provider that came back is 8, and grows with every success', () => {
    const back = after(NOT_DEGRADED, { type: 'returned', atMs: 20, inFlight: 0 });
    expect(back.calls).toBe(8);
    expect(after(back, ...times(7, call('well', later))).calls).toBe(15);
    expect(after(back, ...times(8, call('well', later))).calls).toBeNull();
  });

  test('when one target came back, those that were not out go on as they were', () => {
    expect(after(NOT_DEGRADED, { type: 'returned', atMs: 20, inFlight: 30 }).calls).toBe(30);
  });

  test('a crowd ends the quick growth', () => {
    const back = after(NOT_DEGRADED, { type: 'returned', atMs: 20, inFlight: 0 });
    const cut = after(back, call('crowded', { ...later, inFlight: 8 }), call('well', { beganAtMs: 50 }));
    expect(cut.calls).toBe(4);
  });
});

describe('estimateTokens', () => {
  const prompt = (more: Partial<Prompt>): Prompt => ({ messages: [], params: { maxTokens: 0 }, ...more });
  const text = (length: number) => 'xyz '.repeat(length / 4);

  test('counts the text of all messages, tool calls and results', () => {
    const messages: Prompt['messages'] = [
      { role: 'system', text: text(40) },
      { role: 'user', parts: [{ type: 'text', text: text(100) }] },
      { role: 'assistant', text: null, toolCalls: [{ id: 'a', name: 'find', arguments: text(16) }] },
      { role: 'tool', toolCallId: 'a', text: text(40) },
    ];
    expect(estimateTokens(prompt({ messages }))).toBe(56);
  });

  test('counts what the client lets the model write, or a thousand', () => {
    expect(estimateTokens({ messages: [], params: { maxTokens: 300 } })).toBe(300);
    expect(estimateTokens({ messages: [], params: {} })).toBe(1_000);
  });

  test('counts the schemas of tools and of the answer', () => {
    const schema = { type: 'object', description: text(400) };
    const withTool = estimateTokens(prompt({ tools: [{ name: 'find', parameters: schema }] }));
    const withSchema = estimateTokens(prompt({ responseFormat: { type: 'json-schema', name: 'answer', schema } }));
    expect(Math.min(withTool, withSchema)).toBeGreaterThan(100);
    expect(Math.max(withTool, withSchema)).toBeLessThan(150);
  });

  test('counts an image the same whatever its size, and a file by its size', () => {
    const attached = (part: { readonly type: 'image' | 'file'; readonly url: string }) =>
      estimateTokens(prompt({ messages: [{ role: 'user', parts: [part] }] }));
    expect(attached({ type: 'image', url: 'https://example.com/a.png' })).toBe(1_000);
    expect(attached({ type: 'image', url: `data:image/png;base64,${text(9_000)}` })).toBe(1_000);
    const pdf = attached({ type: 'file', url: `data:application/pdf;base64,${text(128_000)}` });
    const plain = attached({ type: 'file', url: `data:text/plain;base64,${text(128_000)}` });
    expect(pdf).toBeCloseTo(3_000, -2);
    expect(plain).toBeCloseTo(24_000, -2);
  });
});
