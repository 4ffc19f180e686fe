// xAI's errors, in OpenAI's form or as `{code, error}` with sentences in both. https://docs.x.ai/docs/key-information/debugging

import type { ErrorAnswer, Fault } from '../vendor.ts';
import { isAboutContext, isAboutSupport } from './any.ts';
import { errorWords, matches } from './error-words.ts';
import { classifyOpenaiCode } from './openai-codes.ts';
import { isRecord } from '../sse.ts';

export function classifyXai(answer: ErrorAnswer): Fault | null {
  const words = errorWords(answer.body);
  const code = codeBeside(answer.body);
  const said = `${code} ${words.message}`;
  switch (answer.status) {
    case 400:
      if (matches(said, /incorrect api key/i)) return { kind: 'auth' };
      if (isAboutContext(said) || /maximum prompt length/i.test(said)) return { kind: 'context-too-long' };
      if (matches(said, /model not found/i)) return { kind: 'model-not-found' };
      return isAboutSupport(said) ? { kind: 'unsupported' } : classifyOpenaiCode(words);
    case 403:
      // One status for a key without the right and for words that the filter does not let through.
      if (matches(said, /content violates/i, /usage guidelines/i, /safety/i)) return { kind: 'content-filtered' };
      return isSpent(said) ? { kind: 'quota-exhausted' } : { kind: 'auth' };
    case 429:
      return isSpent(said) ? { kind: 'quota-exhausted' } : { kind: 'rate-limited' };
    case 504:
      return { kind: 'timeout' };
    case null:
    default:
      if (matches(said, /currently unavailable/i, /at capacity/i)) return { kind: 'overloaded' };
      if (/resource has been exhausted/i.test(said))
        return { kind: isSpent(said) ? 'quota-exhausted' : 'rate-limited' };
      return classifyOpenaiCode(words);
  }
}

function isSpent(said: string): boolean {
  return matches(
    said,
    /insufficient_quota/i,
    /credits?\b.*(?:used|exhausted)/i,
    /used all .*credits/i,
    /spending limit/i,
    /purchase .*credits/i,
  );
}

/** `{"code": "The service is currently unavailable", "error": "…"}`, or the code inside the error. */
function codeBeside(body: unknown): string {
  const outer = isRecord(body) ? body['code'] : undefined;
  return typeof outer === 'string' ? outer : errorWords(body).code;
}
