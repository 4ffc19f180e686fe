// The scenario: the same day for everybody and in every run of a seed.

import { describe, expect, test } from 'vitest';
import { chat } from '../../src/cli/outage/chat.ts';
import { startClock } from '../../src/cli/outage/clock.ts';
import type { Day, Place } from '../../src/cli/outage/day.ts';
import { FULL_DAY, HOUR_MS, PLACES, SHORT_DAY, timeOfDay } from '../../src/cli/outage/day.ts';
import { accountOf } from '../../src/cli/outage/providers.ts';
import { beginDay } from '../../src/cli/outage/stage.ts';
import type { Question } from '../../src/cli/outage/traffic.ts';
import { questionIdIn, questionsOf } from '../../src/cli/outage/traffic.ts';
import type { Fate } from '../../src/cli/outage/troubles.ts';
import { FATES, fateOf } from '../../src/cli/outage/troubles.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';

describe.each([
  ['full', FULL_DAY],
  ['short', SHORT_DAY],
])('the %s day', (_, day) => {
  test('has every kind of trouble, inside of the day, and the primary is dead all through its outage', () => {
    expect(new Set(day.incidents.map(({ trouble }) => trouble)).size).toBe(7);
    for (const { fromMs, toMs } of day.incidents) expect(0 < fromMs && fromMs < toMs && toMs < day.lengthMs).toBe(true);
    const { places, fromMs, toMs } = day.outage;
    for (let dayMs = fromMs; dayMs < toMs; dayMs += 10_000) {
      for (const place of places) expect(['reset', 'unavailable', 'silent']).toContain(fate({ place, dayMs }, day));
    }
    for (const place of places) expect(['reset', 'silent']).not.toContain(fate({ place, dayMs: toMs }, day));
  });

  test('asks the same for the same seed, and something else for another one', () => {
    const questions = questionsOf(day, 1);

    expect(questionsOf(day, 1)).toEqual(questions);
    expect(questionsOf(day, 2)).not.toEqual(questions);
    expect(questions.length).toBeGreaterThan((day.lengthMs / day.meanGapMs) * 0.7);
    expect(questions.length).toBeLessThan((day.lengthMs / day.meanGapMs) * 1.3);
    expect(questions.every(({ atMs }) => atMs >= 0 && atMs < day.lengthMs)).toBe(true);
    expect(new Set(questions.map(({ id }) => id)).size).toBe(questions.length);
  });
});

test('what befalls a call depends on the question and the place, not on when in an incident it arrives', () => {
  const fates = (atMs: number) =>
    Array.from({ length: 1_000 }, (_, index) => fate({ questionId: `T-${10_000 + index}`, dayMs: atMs }));
  const early = fates(1.6 * HOUR_MS);

  expect(fates(3.4 * HOUR_MS)).toEqual(early);
  const share = early.filter((one) => one === 'error').length / early.length;
  expect(share).toBeGreaterThan(0.35);
  expect(share).toBeLessThan(0.45);
  // The other region has its own luck, and hardly any of it bad.
  const other = early.map((_, index) =>
    fate({ place: 'primary-eu', questionId: `T-${10_000 + index}`, dayMs: 2 * HOUR_MS }),
  );
  expect(other.filter((one) => one === 'error').length).toBeLessThan(20);
});

test('the question is known by what a client sent, and a health ping has none', () => {
  expect(questionIdIn({ messages: [{ content: 'Ticket T-00042 is about a lamp.' }] })).toBe('T-00042');
  expect(questionIdIn({ messages: [{ role: 'user', content: 'ping' }], max_tokens: 1 })).toBeNull();
  expect(questionIdIn(undefined)).toBeNull();
});

test('a healthy provider of any wire gives the answer that counts as right, a cut or an empty one is another', async () => {
  const [question] = questionsOf(FULL_DAY, 1) as [Question];
  const said = new Map<Fate, string>();
  for (const trouble of ['none', 'slow', 'cut-or-empty'] as const) {
    for (const seed of Array.from({ length: 8 }, (_, index) => index)) {
      const { fate: own, text } = await ask(question, trouble, seed);
      said.set(own, text);
    }
  }
  expect([...said.keys()].toSorted()).toEqual(FATES.filter((one) => said.has(one)).toSorted());
  expect(said.get('quick')).toBe(question.answer);
  expect(said.get('slow-quick')).toBe(question.answer);
  expect(said.get('empty')).toBe('');
  expect(question.answer.startsWith(said.get('truncated') ?? 'none')).toBe(true);
  expect(said.get('truncated')?.length).toBeLessThan(question.answer.length);
}, 60_000);

test('times are those of a wall clock, or minutes and seconds of a short day', () => {
  expect(timeOfDay(7.25 * HOUR_MS, FULL_DAY)).toBe('07:15');
  expect(timeOfDay(435_000, SHORT_DAY)).toBe('07:15');
});

function fate(call: { place?: Place; questionId?: string; dayMs: number }, day: Day = FULL_DAY): Fate {
  const { place = 'primary-us', questionId = 'T-00001', dayMs } = call;
  return fateOf({ day, seed: 1, place, questionId, dayMs });
}

/** Under one kind of trouble all day, at a speed at which nothing takes long. */
async function ask(question: Question, trouble: 'none' | 'slow' | 'cut-or-empty', seed: number) {
  const factor = 10_000;
  const lengthMs = 1e12;
  const incidents =
    trouble === 'none' ? [] : [{ label: 'all day', places: PLACES, fromMs: 0, toMs: lengthMs, trouble, share: 1 }];
  const day: Day = { ...FULL_DAY, lengthMs, incidents };
  const simulator = await startSimulator();
  try {
    beginDay(simulator, { day, seed, clock: startClock(factor, Date.now()) });
    const text = await chat({
      baseUrl: simulator.baseUrl(accountOf('single', 'primary-us'), 'openai'),
      model: 'gpt-4o',
      prompt: question.prompt,
      timeoutMs: 10_000,
      signal: new AbortController().signal,
    });
    return { fate: fateOf({ day, seed, place: 'primary-us', questionId: question.id, dayMs: 1_000 }), text };
  } finally {
    await simulator.close();
  }
}
