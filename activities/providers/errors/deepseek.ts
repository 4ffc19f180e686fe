// DeepSeek's errors: https://api-docs.deepseek.com/quick_start/error_codes

import type { ErrorAnswer, Fault } from '../vendor.ts';
import { errorWords } from './error-words.ts';
import { classifyOpenaiCode } from './openai-codes.ts';

export function classifyDeepseek(answer: ErrorAnswer): Fault | null {
  const words = errorWords(answer.body);
  switch (answer.status) {
    case 400:
      if (/model not exist/i.test(words.message)) return { kind: 'model-not-found' };
      return /content exists risk/i.test(words.message) ? { kind: 'content-filtered' } : null;
    case 402:
      return { kind: 'quota-exhausted' };
    case 500:
    case 503:
      return { kind: 'overloaded' };
    case null:
      return classifyOpenaiCode(words);
    default:
      return null;
  }
}
