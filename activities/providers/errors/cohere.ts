// Cohere's errors: a status and a sentence. https://docs.cohere.com/reference/errors

import type { ErrorAnswer, Fault } from '../vendor.ts';
import { isAboutContext, isAboutSupport } from './any.ts';
import { errorWords, matches } from './error-words.ts';

export function classifyCohere(answer: ErrorAnswer): Fault | null {
  const { message } = errorWords(answer.body);
  switch (answer.status) {
    case 400:
    case 422:
      if (isAboutContext(message) || /too many tokens/i.test(message)) return { kind: 'context-too-long' };
      return { kind: isAboutSupport(message) ? 'unsupported' : 'invalid-request' };
    case 401:
    case 403:
      return { kind: 'auth' };
    case 402:
      return { kind: 'quota-exhausted' };
    case 404:
      return { kind: 'model-not-found' };
    case 429:
      // Calls a month are a quota, those a minute a rate.
      return { kind: /calls? ?\/ ?month|per month|monthly/i.test(message) ? 'quota-exhausted' : 'rate-limited' };
    // The request was blocked: https://docs.cohere.com/docs/safety-modes
    case 498:
      return { kind: 'content-filtered' };
    // Cancelled on their side.
    case 499:
      return { kind: 'server-error' };
    case 503:
      return { kind: isBusy(message) ? 'overloaded' : 'server-error' };
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
