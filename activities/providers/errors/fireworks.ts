// Fireworks AI's errors: https://docs.fireworks.ai/guides/inference-error-codes

import type { ErrorAnswer, Fault } from '../vendor.ts';
import { errorWords } from './error-words.ts';
import { classifyOpenaiCode } from './openai-codes.ts';

export function classifyFireworks(answer: ErrorAnswer): Fault | null {
  const words = errorWords(answer.body);
  // The account is suspended: bills, or a limit of spend.
  if (answer.status === 412) return { kind: 'quota-exhausted' };
  if (/prompt.*too long|longer than.*context/i.test(words.message)) return { kind: 'context-too-long' };
  if (words.code === 'RATE_LIMITED') return { kind: 'rate-limited' };
  return words.code === 'UNAVAILABLE' ? { kind: 'overloaded' } : classifyOpenaiCode(words);
}
