// Fireworks AI's errors: https://docs.fireworks.ai/guides/inference-error-codes

import type { ErrorAnswer, Fault } from '../vendor.ts';
import { isAboutContext } from './any.ts';
import { errorWords, matches } from './error-words.ts';
import { classifyOpenaiCode } from './openai-codes.ts';

export function classifyFireworks(answer: ErrorAnswer): Fault | null {
  const words = errorWords(answer.body);
  switch (answer.status) {
    case 400:
    case 413:
    case 422:
      return isAboutContext(words.message) || matches(words.message, /prompt.*too long|longer than.*context/i)
        ? { kind: 'context-too-long' }
        : classifyOpenaiCode(words);
    case 402:
      return { kind: 'quota-exhausted' };
    case 412:
      // The account is suspended: bills, or a limit of spend.
      return { kind: 'quota-exhausted' };
    case 429:
      return { kind: 'rate-limited' };
    case 503:
      return { kind: 'overloaded' };
    case null:
    default:
      if (words.code === 'RATE_LIMITED') return { kind: 'rate-limited' };
      return words.code === 'UNAVAILABLE' ? { kind: 'overloaded' } : classifyOpenaiCode(words);
  }
}
