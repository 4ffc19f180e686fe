// Mistral's errors: https://docs.mistral.ai/resources/error-glossary

import { isRecord } from '../sse.ts';
import type { ErrorAnswer, Fault } from '../vendor.ts';
import { isAboutContext } from './any.ts';
import { errorWords } from './error-words.ts';

export function classifyMistral(answer: ErrorAnswer): Fault | null {
  const words = errorWords(answer.body);
  switch (answer.status) {
    case 400:
    case 422:
      if (words.type === 'invalid_model') return { kind: 'model-not-found' };
      if (isAboutContext(words.message) || /too large for model/i.test(words.message))
        return { kind: 'context-too-long' };
      return validationFault(words.fields);
    case 402:
      return { kind: 'auth' };
    case 403:
      return words.type === 'content_moderation' ? { kind: 'content-filtered' } : null;
    case 429:
      // The tier's capacity, not our own rate: coming back at once meets the same crowd.
      return { kind: /capacity exceeded/i.test(words.message) ? 'overloaded' : 'rate-limited' };
    case 503:
      return { kind: 'server-error' };
    case null:
    default:
      return null;
  }
}

/** `{detail: [{loc: ["body", "temperature"], msg}]}` */
function validationFault(fields: Readonly<Record<string, unknown>>): Fault | null {
  const first: unknown = Array.isArray(fields['detail']) ? fields['detail'][0] : undefined;
  if (!isRecord(first) || !Array.isArray(first['loc'])) return null;
  const path = first['loc'].filter((step) => step !== 'body').join('.');
  // A field that other providers take.
  const kind = first['type'] === 'extra_forbidden' ? 'unsupported' : 'invalid-request';
  return path === '' ? { kind } : { kind, param: path };
}
