// Azure OpenAI's errors: OpenAI's codes, the content filter's own form, and the gateway's statuses.
// https://learn.microsoft.com/azure/ai-foundry/openai/reference

import type { ErrorAnswer, Fault } from '../vendor.ts';
import { isTooBigForTier } from './any.ts';
import { errorWords } from './error-words.ts';
import { isRecord } from '../sse.ts';
import { classifyOpenaiCode } from './openai-codes.ts';

export function classifyAzure(answer: ErrorAnswer): Fault | null {
  const words = errorWords(answer.body);
  const inner = words.fields['innererror'];
  const innerCode = isRecord(inner) ? inner['code'] : undefined;
  if (words.code === 'content_filter' || innerCode === 'ResponsibleAIPolicyViolation') {
    return { kind: 'content-filtered' };
  }
  if (words.code === 'DeploymentNotFound' || words.code === 'ResourceNotFound') return { kind: 'model-not-found' };
  switch (answer.status) {
    case 408:
      return { kind: 'timeout' };
    case 429:
      if (classifyOpenaiCode(words)?.kind === 'quota-exhausted') return { kind: 'quota-exhausted' };
      if (isTooBigForTier(words.message)) return { kind: 'rate-limited', isRetryable: false };
      // Not our own quota: another region may have room.
      return { kind: /high demand|currently overloaded/i.test(words.message) ? 'overloaded' : 'rate-limited' };
    case null:
    default:
      return classifyOpenaiCode(words);
  }
}
