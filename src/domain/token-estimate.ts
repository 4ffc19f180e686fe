// How many tokens a prompt will cost, guessed before anybody has counted: enough to share a limit of tokens by, and
// corrected by the provider's own count after the call. It must not be shown as a usage.

import type { ContentPart, Message, Prompt } from './prompt.ts';
import type { Target } from './target.ts';
import { fewestTextTokens, textTokens } from './text-tokens.ts';

/** Input and output together. */
export function estimateTokens(prompt: Prompt): number {
  return estimateInputTokens(prompt) + (prompt.params.maxTokens ?? USUAL_OUTPUT);
}

export function estimateInputTokens(prompt: Prompt): number {
  return count(prompt, USUAL);
}

/** No tokeniser that is in use makes less of it. */
function fewestInputTokens(prompt: Prompt): number {
  return count(prompt, FEWEST);
}

/**
 * How many tokens of output the target can still give, so far as its facts tell, counted in its favour: 0 or less when
 * not even the prompt fits; infinite when nothing is known.
 */
export function roomForOutput(
  prompt: Prompt,
  { contextWindow, maxOutputTokens = Infinity }: Pick<Target, 'contextWindow' | 'maxOutputTokens'>,
): number {
  if (contextWindow === undefined) return maxOutputTokens;
  // Counting costs time; nobody makes more tokens of a text than it has bytes.
  const left = contextWindow - (mostInputTokens(prompt) < contextWindow / 2 ? 0 : fewestInputTokens(prompt));
  return Math.min(maxOutputTokens, left);
}

/** Whether that is so whatever the texts of the prompt say: they are far from filling the context. */
export function hasFixedRoom(
  prompt: Prompt,
  { contextWindow, system = '' }: Pick<Target, 'contextWindow' | 'system'>,
): boolean {
  if (contextWindow === undefined) return true;
  return mostInputTokens(prompt) + system.length * MOST_TOKENS_PER_CHARACTER < contextWindow / 2;
}

interface Counting {
  readonly text: (text: string) => number;
  /** A schema is told to a model in words of the provider's own, which may be fewer. */
  readonly schema: (text: string) => number;
  /** Providers count by area, a fact that is not in the request. */
  readonly image: number;
  readonly file: (bytes: number) => number;
  readonly textFile: (bytes: number) => number;
}

const USUAL: Counting = {
  text: textTokens,
  schema: textTokens,
  // Most photographs cost about this.
  image: 1_000,
  // A page of a document is one to three thousand tokens, and some 64 KB.
  file: (bytes) => bytes / 32,
  textFile: (bytes) => bytes / 4,
};

const FEWEST: Counting = {
  text: fewestTextTokens,
  schema: (text) => fewestTextTokens(text) / 4,
  image: 64,
  // One page, scanned at a high resolution.
  file: () => 64,
  textFile: (bytes) => bytes / 12,
};

/** Of texts that are embedded: nothing comes out. */
export function estimateTokensOfTexts(texts: readonly string[]): number {
  return Math.ceil(texts.reduce((tokens, text) => tokens + textTokens(text), 0));
}

/** When the client sets no limit. */
export const USUAL_OUTPUT = 1_000;

function count(prompt: Prompt, counting: Counting): number {
  const { messages, tools = [], responseFormat } = prompt;
  let tokens = tools.length === 0 ? 0 : counting.schema(JSON.stringify(tools));
  if (responseFormat?.type === 'json-schema') tokens += counting.schema(JSON.stringify(responseFormat.schema));
  for (const message of messages) {
    for (const text of textsOf(message)) tokens += counting.text(text);
    if (message.role === 'user') for (const part of message.parts) tokens += attachedTokens(part, counting);
  }
  return Math.ceil(tokens);
}

function textsOf(message: Message): readonly string[] {
  switch (message.role) {
    case 'user':
      return message.parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
    case 'assistant':
      return [message.text ?? '', ...message.toolCalls.flatMap((call) => [call.name, call.arguments])];
    case 'system':
    case 'tool':
      return [message.text];
  }
}

function attachedTokens(part: ContentPart, counting: Counting): number {
  if (part.type === 'text') return 0;
  if (part.type === 'image') return counting.image;
  const bytes = (part.url.length * 3) / 4;
  return part.url.startsWith('data:text/') ? counting.textFile(bytes) : counting.file(bytes);
}

/** By what is cheap to know: the length of everything. */
function mostInputTokens(prompt: Prompt): number {
  const attached = prompt.messages.some(({ role }) => role === 'user')
    ? prompt.messages.flatMap((message) => (message.role === 'user' ? message.parts : []))
    : [];
  const attachments = attached.reduce((sum, part) => sum + (part.type === 'text' ? 0 : part.url.length), 0);
  const characters = prompt.messages.flatMap(textsOf).reduce((sum, text) => sum + text.length, 0);
  return attachments + characters * MOST_TOKENS_PER_CHARACTER;
}

const MOST_TOKENS_PER_CHARACTER = 3;
