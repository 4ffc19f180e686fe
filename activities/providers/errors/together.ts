// Together AI's errors: https://docs.together.ai/docs/error-codes

import type { ErrorAnswer, Fault } from '../vendor.ts';
import { isAboutContext } from './any.ts';
import { errorWords } from './error-words.ts';
import { classifyOpenaiCode } from './openai-codes.ts';

export function classifyTogether(answer: ErrorAnswer): Fault | null {
  const words = errorWords(answer.body);
  // With status 403 too: input and wanted output together are more than the model takes. With 429 the limit is a rate.
  const isTooLong = isAboutContext(words.message) || /tokens.*must be <=|must not exceed/i.test(words.message);
  if (isTooLong && answer.status !== 429) return { kind: 'context-too-long' };
  if (/content_?policy|safety model/i.test(words.message)) return { kind: 'content-filtered' };
  // Also of a model that nobody has warmed up: it passes with time.
  if (/^(?:model_rate_limit|dynamic_\w+_limited)$/.test(words.type)) return { kind: 'rate-limited' };
  return words.type === 'service_unavailable' ? { kind: 'overloaded' } : classifyOpenaiCode(words);
}
