// OpenRouter's errors, its own and those of the providers behind it: https://openrouter.ai/docs/api/errors

import { isRecord } from '../sse.ts';
import type { ErrorAnswer, Fault } from '../vendor.ts';
import { errorWords, matches } from './error-words.ts';
import { classifyOpenaiCode } from './openai-codes.ts';

export function classifyOpenrouter(answer: ErrorAnswer): Fault | null {
  const words = errorWords(answer.body);
  const metadata = isRecord(words.fields['metadata']) ? words.fields['metadata'] : {};
  switch (answer.status) {
    case 402:
      // A budget of requests in flight comes back by itself; an empty account does not say when.
      return answer.retryAfterMs !== null || metadata['limit_source'] === 'openrouter_in_flight_budget'
        ? { kind: 'rate-limited' }
        : { kind: 'quota-exhausted' };
    case 403: {
      const isModeration = (metadata['reasons'] ?? metadata['flagged_input']) !== undefined;
      const isGuarded = isModeration || matches(words.message, /moderation/i, /guardrail/i, /flagged/i);
      return { kind: isGuarded ? 'content-filtered' : 'auth' };
    }
    case 400:
      return /not a valid model/i.test(words.message) ? { kind: 'model-not-found' } : classifyOpenaiCode(words);
    case 404:
      // `No endpoints found that support tool use`: the model is there, but nobody serves it so.
      return { kind: /support|match|routing|data policy/i.test(words.message) ? 'unsupported' : 'model-not-found' };
    case null:
    default:
      return classifyOpenaiCode(words);
  }
}
