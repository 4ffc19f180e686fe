// DashScope's errors: https://www.alibabacloud.com/help/en/model-studio/error-code

import type { ErrorAnswer, Fault } from '../vendor.ts';
import { isAboutContext } from './any.ts';
import { errorWords, matches } from './error-words.ts';
import { classifyOpenaiCode } from './openai-codes.ts';

export function classifyAlibaba(answer: ErrorAnswer): Fault | null {
  const words = errorWords(answer.body);
  const name = `${words.code} ${words.type}`;
  if (matches(`${name} ${words.message}`, /arrearage/i, /FreeTierOnly/i, /free (?:tier|quota)/i)) {
    return { kind: 'quota-exhausted' };
  }
  // Here `insufficient_quota` is a limit of tokens a minute, which is back within one.
  if (matches(name, /throttling/i, /limit_requests/i, /limit_burst_rate/i, /insufficient_quota/i)) {
    return { kind: 'rate-limited' };
  }
  if (matches(name, /data_?inspection_?failed/i)) return { kind: 'content-filtered' };
  if (matches(name, /InvalidApiKey/i, /AccessDenied/i)) return { kind: 'auth' };
  if (matches(name, /model_?not_?found/i, /ModelNotExist/i)) return { kind: 'model-not-found' };
  if (matches(name, /ModelServingError/i, /ServiceUnavailable/i)) return { kind: 'overloaded' };
  if (isTooLong(words.message)) return { kind: 'context-too-long' };
  if (matches(name, /invalid_?parameter/i)) return ofParameter(words.message);
  return classifyOpenaiCode(words);
}

function isTooLong(message: string): boolean {
  return isAboutContext(message) || matches(message, /range of input length/i, /input.*(?:too long|length should be)/i);
}

/** Which models think, stream or take a parameter differs from one to the next. */
function ofParameter(message: string): Fault {
  const isThisModels = matches(message, /only support/i, /not support/i, /must be set to/i, /only be (?:used|set)/i);
  return { kind: isThisModels ? 'unsupported' : 'invalid-request' };
}
