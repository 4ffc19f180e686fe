// OpenAI's errors: https://platform.openai.com/docs/guides/error-codes

import type { ErrorAnswer, Fault } from '../vendor.ts';
import { isAboutContext, isTooBigForTier } from './any.ts';
import { type ErrorWords, errorWords } from './error-words.ts';
import { classifyOpenaiCode } from './openai-codes.ts';
import { goDurationMs } from './retry-hint.ts';

export function classifyOpenai(answer: ErrorAnswer): Fault | null {
  const words = errorWords(answer.body);
  if (answer.status === 400 && isAboutContext(words.message)) return { kind: 'context-too-long' };
  const fault = classifyOpenaiCode(words) ?? (answer.status === 429 ? { kind: 'rate-limited' } : null);
  return fault?.kind === 'rate-limited' ? rateLimited(answer, words) : fault;
}

/** The API asks for a slower ramp, not for a short pause. */
const SLOW_DOWN_MS = 15_000;

function rateLimited(answer: ErrorAnswer, words: ErrorWords): Fault {
  if (isTooBigForTier(words.message)) return { kind: 'rate-limited', isRetryable: false };
  const toldMs = answer.retryAfterMs ?? hintInBody(answer, words);
  if (words.code === 'slow_down') return { kind: 'rate-limited', retryAfterMs: Math.max(SLOW_DOWN_MS, toldMs ?? 0) };
  return toldMs === null ? { kind: 'rate-limited' } : { kind: 'rate-limited', retryAfterMs: toldMs };
}

/** `Please try again in 1.2s`, or the reset of the very limit (`requests`, `tokens`) that the error's type names. */
function hintInBody(answer: ErrorAnswer, { message, type }: ErrorWords): number | null {
  const sentence = /try again in ((?:\d+(?:\.\d+)?(?:ms|h|m|s))+)/i.exec(message)?.[1];
  const reset = sentence ?? answer.headers[`x-ratelimit-reset-${type}`];
  return reset === undefined ? null : goDurationMs(reset);
}
