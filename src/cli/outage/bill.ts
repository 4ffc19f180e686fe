// What a way cost at the assumed prices, by what the providers sent: whole, cut and empty answers, and health pings.
// A call that was given up before its answer came counts as nothing, as its provider may see it otherwise. Pure.

import { countTokens } from '../../simulator/answer/tokens.ts';
import { PROVIDERS } from './providers.ts';
import type { Question } from './traffic.ts';
import type { WireCall } from './wire-calls.ts';

export interface Bill {
  readonly costUsd: number;
  /** The part of it that health pings cost. */
  readonly pingsUsd: number;
}

export function billOf(calls: readonly WireCall[], questions: ReadonlyMap<string, Question>): Bill {
  let [costUsd, pingsUsd] = [0, 0];
  for (const call of calls) {
    const usd = costOf(call, questions);
    costUsd += usd;
    if (call.questionId === null) pingsUsd += usd;
  }
  return { costUsd, pingsUsd };
}

function costOf({ place, said, questionId }: WireCall, questions: ReadonlyMap<string, Question>): number {
  if (said === null) return 0;
  const question = questions.get(questionId ?? '');
  const { price } = PROVIDERS[place];
  const input = question ? countTokens(question.prompt) : PING_TOKENS.input;
  const output = question ? countTokens(question.answer) : PING_TOKENS.output;
  return (input * price.input + output * SAID[said] * price.output) / 1_000_000;
}

/** About what one comes to: a word, and a token for an answer. */
const PING_TOKENS = { input: 8, output: 1 };
const SAID = { all: 1, half: 0.5, nothing: 0 };
