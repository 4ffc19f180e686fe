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
  const { sofar } = passage;
  // Behind white space alone any text can begin, and no API takes that for a message.
  if (sofar.trim() === '') return new Continuation({ prompt, sofar, repeatsPrefix: false });
  if (!vendor.continues?.(target.model) || !isOpen(prompt, target)) {
    passage.interrupt();
    return null;
  }
  return new Continuation({ prompt: prefixed(prompt, sofar), sofar, repeatsPrefix: vendor.repeatsPrefix ?? false });
}

/** A model that thinks, has to call a tool or is held to a grammar cannot begin in the middle of its text. */
function isOpen({ params, responseFormat, toolChoice = 'auto' }: Prompt, target: Target): boolean {
  const { reasoningEffort = 'none' } = { ...params, ...target.params };
  const isFree = (responseFormat?.type ?? 'text') === 'text' && (toolChoice === 'auto' || toolChoice === 'none');
  return isFree && reasoningEffort === 'none';
}

/** With the text as the beginning of the answer; behind one that the client has begun, as APIs take no two in a row. */
function prefixed(prompt: Prompt, sofar: string): Prompt {
  const last = prompt.messages.at(-1);
  const begun = last?.role === 'assistant' && last.toolCalls.length === 0 ? (last.text ?? '') : null;
  const messages = begun === null ? prompt.messages : prompt.messages.slice(0, -1);
  const { maxTokens } = prompt.params;
  return {
    ...prompt,
    messages: [...messages, { role: 'assistant', text: (begun ?? '') + sofar.trimEnd(), toolCalls: [] }],
    ...(maxTokens !== undefined && { params: { ...prompt.params, maxTokens: tokensLeft(maxTokens, sofar) } }),
  };
}

export class Continuation {
  readonly prompt: Prompt;
  readonly #sofar: string;
  /** APIs drop the white space at the end of what they are to go on from, and models then begin with it. */
  readonly #dropsSpace: boolean;
  /** What may be said once more before anything new; empty: nothing. */
  readonly #prefix: string;
  /** What may turn out to be that; null once it is known. */
  #held: string | null = '';
  #hasBegun = false;

  constructor(continuation: { readonly prompt: Prompt; readonly sofar: string; readonly repeatsPrefix: boolean }) {
    const { prompt, sofar, repeatsPrefix } = continuation;
    const last = prompt.messages.at(-1);
    this.prompt = prompt;
    this.#sofar = sofar;
    this.#dropsSpace = sofar.trimEnd() !== sofar;
    this.#prefix = repeatsPrefix && last?.role === 'assistant' ? (last.text ?? '') : '';
  }

  /** A piece as it belongs behind what was there; pieces come in order. */
  take(piece: string): string {
    const fresh = this.#fresh(piece);
    const fit = this.#hasBegun || !this.#dropsSpace ? fresh : fresh.trimStart();
    this.#hasBegun ||= fit !== '';
    return fit;
  }

  /** The whole text. Nothing more is no answer: a text that was cut would pass for a whole one. */
  whole(text: string, hasToolCalls: boolean): string {
    const fresh = this.#withoutPrefix(text);
    if (fresh.trim() === '' && !hasToolCalls) return '';
    return this.#sofar + (this.#dropsSpace ? fresh.trimStart() : fresh);
  }

  /** Nothing while all that has come may still be the prefix. */
  #fresh(piece: string): string {
    if (this.#held === null) return piece;
    const text = this.#held + piece;
    const isUndecided = text.length < this.#prefix.length && this.#prefix.startsWith(text);
    this.#held = isUndecided ? text : null;
    return isUndecided ? '' : this.#withoutPrefix(text);
  }

  #withoutPrefix(text: string): string {
    return text.startsWith(this.#prefix) ? text.slice(this.#prefix.length) : text;
  }
}

function tokensLeft(maxTokens: number, sofar: string): number {
  return Math.max(1, maxTokens - Math.ceil(sofar.length / CHARACTERS_PER_TOKEN));
}

const CHARACTERS_PER_TOKEN = 4;
