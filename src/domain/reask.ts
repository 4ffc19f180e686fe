// Asking the same target once more, in another way: what the next attempt is told of the one before it. Pure.

import type { Message, Prompt } from './prompt.ts';

export type Reask =
  /** The answer was complete and not what was asked for. `fault` may quote it. */
  | { readonly type: 'answer'; readonly answer: string; readonly fault: string }
  /** The target does not take the response format: it is told in words. */
  | { readonly type: 'format' };

/** Short enough to travel with a heartbeat and to be read again for little. */
export function answerReask(answer: string, fault: string): Reask {
  return { type: 'answer', answer: shortened(answer, MAX_ANSWER), fault: shortened(fault, MAX_FAULT) };
}

const MAX_ANSWER = 16_000;
const MAX_FAULT = 2_000;

export function reasked(prompt: Prompt, reask: Reask | undefined): Prompt {
  if (!reask) return prompt;
  if (reask.type === 'format') return { ...prompt, tellsFormat: true };
  const further: readonly Message[] = [
    { role: 'assistant', text: reask.answer, toolCalls: [] },
    { role: 'user', parts: [{ type: 'text', text: instruction(reask.fault) }] },
  ];
  return { ...prompt, messages: [...prompt.messages, ...further] };
}

function instruction(fault: string): string {
  return (
    `Your answer was not accepted: ${fault}.\n` +
    'Answer again. Give the whole answer, corrected, in the form that was asked for, and nothing else: no apology, no ' +
    'remark on what has changed.'
  );
}

/** The beginning and the end of it. */
function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  const half = Math.floor((length - 3) / 2);
  // Not through a character of two halves.
  const head = text.slice(0, half).replace(/[\uD800-\uDBFF]$/, '');
  const tail = text.slice(-half).replace(/^[\uDC00-\uDFFF]/, '');
  return `${head} … ${tail}`;
}
