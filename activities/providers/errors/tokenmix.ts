// TokenMix's errors: OpenAI's codes, and statuses of its own account and router. https://tokenmix.ai

import type { ErrorAnswer, Fault } from '../vendor.ts';
import { isAboutContext } from './any.ts';
import { errorWords, matches } from './error-words.ts';
import { classifyOpenaiCode } from './openai-codes.ts';

export function classifyTokenmix(answer: ErrorAnswer): Fault | null {
  const words = errorWords(answer.body);
  if (matches(`${words.code} ${words.message}`, /insufficient.*(?:balance|credit|quota)/i)) {
    return { kind: 'quota-exhausted' };
  }
  if (answer.status === 400 && isAboutContext(words.message)) return { kind: 'context-too-long' };
  // No provider behind it serves the model now.
  if (matches(words.message, /no available channel/i)) return { kind: 'overloaded' };
  return classifyOpenaiCode(words);
}
