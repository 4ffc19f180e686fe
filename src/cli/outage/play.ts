// Plays the day: asks each question at its time, every way at once, and keeps what came of it.

import { setTimeout as sleep } from 'node:timers/promises';
import type { DayClock } from './clock.ts';
import { SECOND_MS } from './day.ts';
import type { Way } from './providers.ts';
import { WAYS } from './providers.ts';
import type { Question } from './traffic.ts';
import type { Ask, Ending } from './ways.ts';

export type Outcome =
  | 'right'
  /** Passed as an answer, and is none, or only a part of it. */
  | 'wrong'
  /** The client was told that there is no answer. */
  | 'failed'
  | 'lost';

export interface Asked {
  readonly atMs: number;
  readonly outcome: Outcome;
  /** Null of an answer that is right. */
  readonly reason: string | null;
  /** In milliseconds of the day. */
  readonly latencyMs: number;
}

export async function play(input: {
  readonly questions: readonly Question[];
  readonly ways: Readonly<Record<Way, Ask>>;
  readonly clock: DayClock;
  readonly signal: AbortSignal;
}): Promise<Readonly<Record<Way, readonly Asked[]>>> {
  const { questions, ways, clock, signal } = input;
  const asked = Object.fromEntries(WAYS.map((way) => [way, [] as Promise<Asked>[]])) as Record<Way, Promise<Asked>[]>;
  for (const question of questions) {
    const untilDueMs = clock.realMs(question.atMs - clock.dayMs(Date.now()));
    if (untilDueMs > 0) await sleep(untilDueMs, undefined, { signal });
    signal.throwIfAborted();
    for (const way of WAYS) {
      const answer = put({ question, ask: ways[way], clock, delayMs: clock.realMs(DELAYS_MS[way]), signal });
      // It is awaited below; until then a rejection must not pass for one that nobody handles.
      answer.catch(() => undefined);
      asked[way].push(answer);
    }
  }
  const [single, tryCatch, synchronous, durable] = await Promise.all(WAYS.map((way) => Promise.all(asked[way])));
  return { single: single ?? [], 'try-catch': tryCatch ?? [], synchronous: synchronous ?? [], durable: durable ?? [] };
}

/** Two of the ways lead through one service: they take turns, rather than ask for each answer at the same moment. */
const DELAYS_MS: Readonly<Record<Way, number>> = {
  single: 0,
  'try-catch': 0,
  synchronous: 0,
  durable: 10 * SECOND_MS,
};

async function put(input: {
  readonly question: Question;
  readonly ask: Ask;
  readonly clock: DayClock;
  readonly delayMs: number;
  readonly signal: AbortSignal;
}): Promise<Asked> {
  const { question, ask, clock, delayMs, signal } = input;
  if (delayMs > 0) await sleep(delayMs, undefined, { signal });
  const beganAtMs = performance.now();
  const ending = await ask(question);
  const latencyMs = (performance.now() - beganAtMs) * clock.factor;
  return { atMs: question.atMs, latencyMs, ...judge(ending, question) };
}

function judge(ending: Ending, { answer }: Question): Pick<Asked, 'outcome' | 'reason'> {
  if (ending.type !== 'answered') return { outcome: ending.type, reason: ending.reason };
  if (ending.text === answer) return { outcome: 'right', reason: null };
  return { outcome: 'wrong', reason: ending.text === '' ? 'empty' : 'not the whole answer' };
}
