// Going on from a text that another target has begun and that the client has seen: the prompt for it, and how the two
// texts are joined.

import type { Passage } from '../../src/domain/line.ts';
import type { Prompt } from '../../src/domain/prompt.ts';
import type { Target } from '../../src/domain/target.ts';
import type { Vendor } from './vendor.ts';

/** Null, with the passage interrupted, when this target cannot go on from there: it answers from the beginning. */
export function continuationOf(call: {
  readonly vendor: Vendor;
  readonly target: Target;
  readonly prompt: Prompt;
  readonly passage: Passage;
}): Continuation | null {
  const { vendor, target, prompt, passage } = call;
  if (vendor.continues?.(target.model) && isOpen(prompt, target)) return new Continuation(prompt, passage.sofar);
  passage.interrupt();
  return null;
}

/** A model that thinks, or has to call a tool, cannot begin in the middle of its text. */
function isOpen({ params, toolChoice = 'auto' }: Prompt, target: Target): boolean {
  const { reasoningEffort = 'none' } = { ...params, ...target.params };
  return reasoningEffort === 'none' && (toolChoice === 'auto' || toolChoice === 'none');
}

export class Continuation {
  readonly prompt: Prompt;
  readonly #sofar: string;
  /** APIs drop the white space at the end of what they are to go on from, and models then begin with it. */
  readonly #dropsSpace: boolean;
  #hasBegun = false;

  constructor(prompt: Prompt, sofar: string) {
    const trimmed = sofar.trimEnd();
    const { maxTokens } = prompt.params;
    this.#sofar = sofar;
    this.#dropsSpace = trimmed !== sofar;
    this.prompt = {
      ...prompt,
      messages: [...prompt.messages, { role: 'assistant', text: trimmed, toolCalls: [] }],
      ...(maxTokens !== undefined && { params: { ...prompt.params, maxTokens: tokensLeft(maxTokens, sofar) } }),
    };
  }

  /** A piece as it belongs behind what was there; pieces come in order. */
  take(piece: string): string {
    const fit = this.#hasBegun || !this.#dropsSpace ? piece : piece.trimStart();
    this.#hasBegun ||= fit !== '';
    return fit;
  }

  /** The whole text. Nothing more is no answer: a text that was cut would pass for a whole one. */
  whole(text: string, hasToolCalls: boolean): string {
    if (text.trim() === '' && !hasToolCalls) return '';
    return this.#sofar + (this.#dropsSpace ? text.trimStart() : text);
  }
}

function tokensLeft(maxTokens: number, sofar: string): number {
  return Math.max(1, maxTokens - Math.ceil(sofar.length / CHARACTERS_PER_TOKEN));
}

const CHARACTERS_PER_TOKEN = 4;
