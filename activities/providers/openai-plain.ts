// A chat completion that is nothing but text, on the wire that several vendors speak.

import { countIn, type Fields, hasOnly, onlyRecord } from './plain-json.ts';
import { isRecord } from './sse.ts';
import { usageOfCounts } from './usage.ts';
import type { PlainAnswer } from './vendor.ts';

/** Reasoning tokens are among those of the answer. */
export function openaiPlainAnswer(body: unknown): PlainAnswer | null {
  return plainAnswer(body, ({ prompt_tokens_details: prompt, completion_tokens_details: completion }) => ({
    cached: countIn(prompt, 'cached_tokens'),
    reasoning: countIn(completion, 'reasoning_tokens'),
  }));
}

/** `details`: undefined of what the vendor does not count. */
export function plainAnswer(
  body: unknown,
  details: (usage: Fields) => { readonly cached: number | undefined; readonly reasoning: number | undefined },
): PlainAnswer | null {
  if (!isRecord(body)) return null;
  const { model, object, choices, usage } = body;
  const choice = onlyRecord(choices);
  const message = choice?.['message'];
  if (!choice || !isRecord(message) || !isRecord(usage)) return null;
  const { index, finish_reason: finishReason } = choice;
  const { role, content } = message;
  const isPlain =
    typeof model === 'string' &&
    object === 'chat.completion' &&
    typeof index === 'number' &&
    typeof finishReason === 'string' &&
    role === 'assistant' &&
    typeof content === 'string' &&
    content !== '' &&
    hasOnly(choice, OF_CHOICE) &&
    hasOnly(message, OF_MESSAGE);
  if (!isPlain) return null;
  const input = countIn(usage, 'prompt_tokens');
  const output = countIn(usage, 'completion_tokens');
  const { cached, reasoning } = details(usage);
  if (Number.isNaN(input + output + (cached ?? 0) + (reasoning ?? 0))) return null;
  return {
    text: content,
    finishReason,
    usage: usageOfCounts({ input, cached, output, reasoning, raw: usage }),
    servedModel: model,
  };
}

const OF_CHOICE: ReadonlySet<string> = new Set(['index', 'message', 'finish_reason']);
const OF_MESSAGE: ReadonlySet<string> = new Set(['role', 'content']);
