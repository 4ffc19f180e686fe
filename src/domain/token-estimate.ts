// How many tokens a prompt will cost, guessed before anybody has counted: enough to share a limit of tokens by, and
// corrected by the provider's own count after the call. It must not be shown as a usage.

import type { ContentPart, Message, Prompt } from './prompt.ts';

/** Input and output together. */
export function estimateTokens(prompt: Prompt): number {
  return estimateInputTokens(prompt) + (prompt.params.maxTokens ?? USUAL_OUTPUT);
}

export function estimateInputTokens(prompt: Prompt): number {
  const { messages, tools = [], responseFormat } = prompt;
  let characters = tools.length === 0 ? 0 : JSON.stringify(tools).length;
  if (responseFormat?.type === 'json-schema') characters += JSON.stringify(responseFormat.schema).length;
  let attached = 0;
  for (const message of messages) {
    characters += charactersOf(message);
    if (message.role === 'user') for (const part of message.parts) attached += attachedTokens(part);
  }
  return Math.ceil(characters / CHARACTERS_PER_TOKEN) + attached;
}

/** Of texts that are embedded: nothing comes out. */
export function estimateTokensOfTexts(texts: readonly string[]): number {
  return Math.ceil(sum(texts, (text) => text.length) / CHARACTERS_PER_TOKEN);
}

/** English prose and JSON; other scripts take more tokens, which the correction finds. */
const CHARACTERS_PER_TOKEN = 4;
/** When the client sets no limit. */
const USUAL_OUTPUT = 1_000;
/** Providers count by area, a fact that is not in the request; most photographs cost about this. */
const IMAGE_TOKENS = 1_000;
/** A page of a document is one to three thousand tokens, and some 64 KB. */
const BYTES_PER_TOKEN_OF_FILE = 32;

function charactersOf(message: Message): number {
  if (message.role === 'user') return sum(message.parts, (part) => (part.type === 'text' ? part.text.length : 0));
  const text = message.text?.length ?? 0;
  if (message.role !== 'assistant') return text;
  return text + sum(message.toolCalls, (call) => call.name.length + call.arguments.length);
}

function attachedTokens(part: ContentPart): number {
  if (part.type === 'text') return 0;
  if (part.type === 'image') return IMAGE_TOKENS;
  const bytes = (part.url.length * 3) / 4;
  return Math.ceil(bytes / (part.url.startsWith('data:text/') ? CHARACTERS_PER_TOKEN : BYTES_PER_TOKEN_OF_FILE));
}

function sum<Item>(items: readonly Item[], amount: (item: Item) => number): number {
  return items.reduce((total, item) => total + amount(item), 0);
}
