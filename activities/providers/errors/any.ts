// What an error means when the vendor's own file has no row for it: by status, and by words that many servers share.

import type { ErrorAnswer, Fault } from '../vendor.ts';
import { errorWords, matches } from './error-words.ts';

export function classifyAny(answer: ErrorAnswer): Fault {
  const { message, param } = errorWords(answer.body);
  const named = param === null ? {} : { param };
  switch (answer.status) {
    case null:
      // In the middle of a stream and without a code: the provider's side broke.
      return { kind: 'server-error' };
    case 400:
    case 422:
      if (isAboutContext(message)) return { kind: 'context-too-long' };
      return isAboutSupport(message) ? { kind: 'unsupported', ...named } : { kind: 'invalid-request', ...named };
    case 401:
    case 403:
      return { kind: 'auth' };
    case 402:
      return { kind: 'quota-exhausted' };
    case 404:
      return { kind: 'model-not-found' };
    case 413:
      return { kind: 'context-too-long' };
    case 429:
      return { kind: 'rate-limited' };
    case 503:
    case 529:
      return { kind: 'overloaded' };
    case 408:
    case 409:
      return { kind: 'server-error' };
    default:
      return { kind: answer.status >= 500 && answer.status <= 599 ? 'server-error' : 'unknown' };
  }
}

/** The words of servers that have no code for a prompt that does not fit. */
export function isAboutContext(message: string): boolean {
  return matches(
    message,
    /maximum context length/i,
    /context (?:length|window|size|limit)/i,
    /prompt is too long/i,
    /too many (?:input )?tokens/i,
    /exceeds? the (?:available|maximum) (?:context|number of tokens)/i,
  );
}

/** The fault is this model's or server's own: another may well take the same request. */
export function isAboutSupport(message: string): boolean {
  return matches(message, /\bnot supported\b/i, /(?:does not|doesn't) support/i, /unsupported/i);
}

/** `Limit 30000, Requested 40000`: no waiting makes this request fit. */
export function isTooBigForTier(message: string): boolean {
  const numbers = /limit:? ([\d,]+),.*requested:? ([\d,]+)/i.exec(message);
  if (!numbers?.[1] || !numbers[2]) return /request too large/i.test(message);
  return Number(numbers[2].replaceAll(',', '')) > Number(numbers[1].replaceAll(',', ''));
}
