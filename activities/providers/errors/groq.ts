// Groq's errors: https://console.groq.com/docs/errors

import type { ErrorAnswer, Fault } from '../vendor.ts';
import { isTooBigForTier } from './any.ts';
import { errorWords } from './error-words.ts';
import { classifyOpenaiCode } from './openai-codes.ts';

export function classifyGroq(answer: ErrorAnswer): Fault | null {
  const words = errorWords(answer.body);
  switch (words.code) {
    // What the model wrote, not what was asked: it may well do better the next time.
    case 'json_validate_failed':
    case 'tool_use_failed':
      return { kind: 'malformed' };
    // The flex tier has no room.
    case 'capacity_exceeded':
      return { kind: 'overloaded' };
    case 'model_decommissioned':
      return { kind: 'model-not-found' };
    case 'blocked_api_access':
      return { kind: 'quota-exhausted' };
    case null:
    default:
      break;
  }
  switch (answer.status) {
    case 400:
      return /reduce the length of the messages/i.test(words.message)
        ? { kind: 'context-too-long' }
        : classifyOpenaiCode(words);
    case 413:
    case 429:
      // A request above the tier's tokens a minute, which is no question of the context.
      return isTooBigForTier(words.message)
        ? { kind: 'rate-limited', isRetryable: false }
        : answer.status === 413
          ? { kind: 'context-too-long' }
          : { kind: 'rate-limited' };
    // Not correct in its meaning: the model's own hallucination.
    case 422:
    case 424:
      return { kind: 'malformed' };
    case 498:
      return { kind: 'overloaded' };
    // Also what others call overloaded.
    case 503:
      return { kind: 'server-error' };
    case null:
    default:
      return classifyOpenaiCode(words);
  }
}
