// Errors of servers that speak OpenAI's wire: OpenAI's own codes, and those of vLLM, llama.cpp, Ollama and gateways.

import { isRecord } from '../sse.ts';
import type { ErrorAnswer, Fault } from '../vendor.ts';
import { isTooBigForTier } from './any.ts';
import { errorWords } from './error-words.ts';
import { classifyOpenaiCode } from './openai-codes.ts';

/** llama.cpp answers so while it reads a model from disk. */
const LOADING_MS = 2_000;

export function classifyOpenaiCompatible(answer: ErrorAnswer): Fault | null {
  const words = errorWords(answer.body);
  const { status } = answer;
  if (words.type === 'exceed_context_size_error') return { kind: 'context-too-long' };
  if (words.type === 'unavailable_error' || /loading model/i.test(words.message)) {
    return { kind: 'overloaded', retryAfterMs: answer.retryAfterMs ?? LOADING_MS };
  }
  // Some gateways say 413 for a request above the tier's tokens a minute, which is no question of the context.
  if ((status === 413 || status === 429) && isTooBigForTier(words.message)) {
    return { kind: 'rate-limited', isRetryable: false };
  }
  // A budget of requests in flight comes back by itself; an empty account does not say when.
  if (status === 402 && answer.retryAfterMs !== null) return { kind: 'rate-limited' };
  const metadata = words.fields['metadata'];
  if (status === 403 && isRecord(metadata) && (metadata['reasons'] ?? metadata['flagged_input']) !== undefined) {
    return { kind: 'content-filtered' };
  }
  return classifyOpenaiCode(words);
}
