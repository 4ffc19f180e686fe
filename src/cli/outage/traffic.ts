// What is asked in the course of the day: arrival times, prompts and the answers that are right. The same for every way.

import { summarize } from '../../simulator/answer/summary.ts';
import { chance } from './chance.ts';
import type { Day } from './day.ts';

export interface Question {
  /** Travels in the prompt, so that the simulator decides by it what befalls a call. */
  readonly id: string;
  /** When it is asked. */
  readonly atMs: number;
  readonly prompt: string;
  /** What a healthy provider answers: any other text, and any part of it, is wrong. */
  readonly answer: string;
}

/** Poisson arrivals around the mean gap, rarer at night. */
export function questionsOf(day: Day, seed: number): readonly Question[] {
  const questions: Question[] = [];
  let atMs = 0;
  for (let number = 1; ; number++) {
    atMs += (-Math.log(1 - chance(seed, 'gap', number)) * day.meanGapMs) / activity(day, atMs);
    if (atMs >= day.lengthMs) return questions;
    const id = `T-${String(number).padStart(5, '0')}`;
    const prompt = promptOf(id, seed);
    questions.push({ id, atMs, prompt, answer: summarize({ text: prompt, system: '' }) });
  }
}

/** The id in what a client sent, or null: a health ping has none. */
export function questionIdIn(body: unknown): string | null {
  return /\bT-\d{5,}\b/.exec(JSON.stringify(body) ?? '')?.[0] ?? null;
}

/** Least at three in the night, most at three in the afternoon; 1 on average. */
function activity({ swing, lengthMs }: Day, atMs: number): number {
  return 1 - swing * Math.cos(2 * Math.PI * (atMs / lengthMs - 3 / 24));
}

const THINGS = ['a reading lamp', 'a bread knife', 'two garden chairs', 'a pair of boots', 'a water filter'];
const CITIES = ['Lyon', 'Porto', 'Gdansk', 'Leeds', 'Turin', 'Ghent', 'Malmo'];
const WISHES = ['the money back', 'another one', 'to know where it is', 'it sent to the office instead'];

function promptOf(id: string, seed: number): string {
  const pick = (list: readonly string[], what: string) => list[Math.floor(chance(seed, id, what) * list.length)] ?? '';
  const days = 3 + Math.floor(chance(seed, id, 'days') * 20);
  return (
    'Summarize this ticket in two sentences.\n\n' +
    `Ticket ${id} is about ${pick(THINGS, 'thing')} that went to ${pick(CITIES, 'city')} ${days} days ago. ` +
    `The customer of ticket ${id} wants ${pick(WISHES, 'wish')}.`
  );
}
