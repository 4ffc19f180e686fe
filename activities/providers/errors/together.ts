// Together AI's errors: https://docs.together.ai/docs/error-codes

import type { ErrorAnswer, Fault } from '../vendor.ts';
import { isAboutContext } from './any.ts';
import { errorWords, matches } from './error-words.ts';
import { classifyOpenaiCode } from './openai-codes.ts';

export function classifyTogether(answer: ErrorAnswer): Fault | null {
  const words = errorWords(answer.body);
  switch (answer.status) {
    case 400:
    case 403:
    case 422:
      // 403 too: input and wanted output together are more than the model takes.
      if (isAboutContext(words.message) || matches(words.message, /tokens.*must be <=|must not exceed/i)) {
        return { kind: 'context-too-long' };
      }
      if (/content_?policy|safety model/i.test(words.message)) return { kind: 'content-filtered' };
      return classifyOpenaiCode(words);
    case 402:
      return { kind: 'quota-exhausted' };
    case 429:
      // Also of a model that nobody has warmed up: `model_rate_limit` and its like pass with time.
      return { kind: 'rate-limited' };
    case 503:
      return { kind: 'overloaded' };
    case null:
    default:
      if (/^(?:model_rate_limit|dynamic_\w+_limited)$/.test(words.type)) return { kind: 'rate-limited' };
      return words.type === 'service_unavailable' ? { kind: 'overloaded' } : classifyOpenaiCode(words);
  }
}
