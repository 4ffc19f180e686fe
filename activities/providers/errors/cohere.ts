// Cohere's errors: a status and a sentence. https://docs.cohere.com/reference/errors

import type { ErrorAnswer, Fault } from '../vendor.ts';
import { errorWords, matches } from './error-words.ts';

export function classifyCohere(answer: ErrorAnswer): Fault | null {
  const { message } = errorWords(answer.body);
  switch (answer.status) {
    case 429:
      // Calls a month are a quota, those a minute a rate.
      return /calls? ?\/ ?month|per month|monthly/i.test(message) ? { kind: 'quota-exhausted' } : null;
    // The request was blocked: https://docs.cohere.com/docs/safety-modes
    case 498:
      return { kind: 'content-filtered' };
    // Cancelled on their side.
    case 499:
      return { kind: 'server-error' };
    case 503:
      return isBusy(message) ? null : { kind: 'server-error' };
    case null:
      // In a stream there is the sentence only.
      if (/rate limit|request limit|per minute/i.test(message)) return { kind: 'rate-limited' };
      return isBusy(message) ? { kind: 'overloaded' } : null;
    default:
      return null;
  }
}

function isBusy(message: string): boolean {
  return matches(message, /overloaded/i, /capacity/i, /unavailable/i);
}
