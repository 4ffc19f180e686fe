// The two ways without Holdfast, against simulated providers over real HTTP: what a plain client makes of each fault.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startClock } from '../../src/cli/outage/clock.ts';
import { FULL_DAY } from '../../src/cli/outage/day.ts';
import { play } from '../../src/cli/outage/play.ts';
import type { Way } from '../../src/cli/outage/providers.ts';
import { accountOf } from '../../src/cli/outage/providers.ts';
import type { Question } from '../../src/cli/outage/traffic.ts';
import { questionsOf } from '../../src/cli/outage/traffic.ts';
import { waysOf } from '../../src/cli/outage/ways.ts';
import { wireCallsOf } from '../../src/cli/outage/wire-calls.ts';
import type { Fault } from '../../src/simulator/fault.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';

/** 60 s of the day are one: enough for the first request of a process, too. */
const FACTOR = 60;
const { signal } = new AbortController();
const [question] = questionsOf(FULL_DAY, 1) as [Question];
let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator();
});
afterEach(() => simulator.clear());
afterAll(() => simulator.close());

const OVERLOADED: Fault = { type: 'error', situation: 'overloaded' };
const SILENT: Fault = { type: 'delay', firstTokenMs: Number.POSITIVE_INFINITY };

test.each([
  ['is healthy', null, 'right', null, 'right', null],
  ['resets connections', { type: 'reset' } as const, 'failed', 'connection', 'right', null],
  ['answers 503', OVERLOADED, 'failed', 'status 503', 'right', null],
  ['says nothing for 60 s of the day', SILENT, 'failed', 'timeout', 'right', null],
  ['cuts the answer', { type: 'truncated' } as const, 'wrong', 'not the whole answer', 'wrong', 'not the whole answer'],
  ['gives an empty answer', { type: 'empty' } as const, 'wrong', 'empty', 'wrong', 'empty'],
])('when the first provider %s', async (_, fault, alone, aloneReason, caught, caughtReason) => {
  for (const way of ['single', 'try-catch'] as const) {
    if (fault) simulator.inject({ account: accountOf(way, 'primary-us'), fault });
  }

  const { single, 'try-catch': tryCatch } = await playOne();

  expect(single).toMatchObject([{ outcome: alone, reason: aloneReason }]);
  expect(tryCatch).toMatchObject([{ outcome: caught, reason: caughtReason }]);
});

test('with both providers down try/catch fails, too', async () => {
  simulator.inject({ fault: OVERLOADED });

  const { 'try-catch': tryCatch } = await playOne();

  expect(tryCatch).toMatchObject([{ outcome: 'failed', reason: 'status 503' }]);
});

test('an answer after 60 s of the day is none, also from Holdfast', async () => {
  simulator.inject({ fault: { type: 'delay', firstTokenMs: 1_300 } });

  const { single, synchronous } = await playOne({ serviceUrl: simulator.baseUrl('holdfast', 'openai').slice(0, -3) });

  expect(single).toMatchObject([{ outcome: 'failed', reason: 'timeout' }]);
  expect(synchronous).toMatchObject([{ outcome: 'failed', reason: 'late' }]);
});

test('the providers see whose call it is, which question it has, and how much of an answer it gets', async () => {
  const startedAtMs = Date.now();
  simulator.inject({ account: accountOf('single', 'primary-us'), fault: { type: 'truncated' } });
  simulator.inject({ account: accountOf('try-catch', 'primary-us'), fault: OVERLOADED });

  await playOne();

  const calls = wireCallsOf(simulator.requests, startClock(FACTOR, startedAtMs));
  expect(calls.toSorted((a, b) => a.way.localeCompare(b.way))).toMatchObject([
    { way: 'single', place: 'primary-us', questionId: question.id, said: 'half' },
    { way: 'try-catch', place: 'primary-us', questionId: question.id, said: null },
    { way: 'try-catch', place: 'secondary', questionId: question.id, said: 'all' },
  ]);
  expect(calls.every(({ dayMs }) => dayMs >= 0)).toBe(true);
  expect(wireCallsOf(simulator.requests, startClock(FACTOR, Date.now() + 1_000))).toEqual([]);
});

/** One question at once; of the ways through Holdfast only those whose service is given. */
async function playOne({ serviceUrl }: { serviceUrl?: string } = {}) {
  const clock = startClock(FACTOR, Date.now());
  const ways = waysOf({ simulator, serviceUrl: serviceUrl ?? '', clock, signal });
  const unasked = () => Promise.resolve({ type: 'failed', reason: 'not asked' } as const);
  const asked: Record<Way, (typeof ways)[Way]> = { ...ways, durable: unasked };
  if (serviceUrl === undefined) asked.synchronous = unasked;
  return play({ questions: [{ ...question, atMs: 0 }], ways: asked, clock, signal });
}
