// Anthropic's errors: https://docs.claude.com/en/api/errors

import { isRecord } from '../sse.ts';
import type { ErrorAnswer, Fault } from '../vendor.ts';
import { isAboutContext, isAboutSupport } from './any.ts';
import { type ErrorWords, errorWords, matches } from './error-words.ts';

export function classifyAnthropic(answer: ErrorAnswer): Fault | null {
  const words = errorWords(answer.body);
  const errorCode = codeInDetails(words);
  if (errorCode === 'organization_on_hold') return { kind: 'auth' };
  if (SPEND_CODES.has(errorCode)) return { kind: 'quota-exhausted' };
  switch (words.type) {
    case 'rate_limit_error':
      return { kind: 'rate-limited' };
    case 'overloaded_error':
      return { kind: 'overloaded' };
    case 'api_error':
      return { kind: 'server-error' };
    case 'timeout_error':
      return { kind: 'timeout' };
    case 'request_too_large':
      return { kind: 'context-too-long' };
    case 'authentication_error':
    case 'permission_error':
      return { kind: 'auth' };
    case 'billing_error':
      return { kind: 'quota-exhausted' };
    case 'not_found_error':
      return { kind: 'model-not-found' };
    case 'invalid_request_error':
      return invalidRequest(words.message);
    default:
      return null;
  }
}

const SPEND_CODES: ReadonlySet<string> = new Set([
  'enforced_spend_limit_reached',
  'contract_spend_limit_reached',
  'credit_balance_exhausted',
]);

function codeInDetails(words: ErrorWords): string {
  const details = words.fields['details'];
  const code = isRecord(details) ? details['error_code'] : undefined;
  return typeof code === 'string' ? code : '';
}

/** One type for everything that is wrong with a request; only the sentence tells whose fault it is. */
function invalidRequest(message: string): Fault {
  if (matches(message, /spend(?:ing)? limit/i, /usage limits?/i, /credit balance is too low/i)) {
    return { kind: 'quota-exhausted' };
  }
  if (/organization.*on hold/i.test(message)) return { kind: 'auth' };
  if (/content filtering policy/i.test(message)) return { kind: 'content-filtered' };
  if (isAboutContext(message)) return { kind: 'context-too-long' };
  // `messages.0.content: …`
  const param = /^([a-z_]+(?:\.\w+)*): /.exec(message)?.[1];
  const named = param === undefined ? {} : { param };
  const isThisModels = isAboutSupport(message) || /cannot .+ (?:for|with) this model/i.test(message);
  return isThisModels ? { kind: 'unsupported', ...named } : { kind: 'invalid-request', ...named };
}
