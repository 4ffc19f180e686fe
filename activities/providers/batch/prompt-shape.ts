// What the prompts of a batch mostly have in common: everything but their texts. Pure.

import type { ContentPart, Message, Prompt } from '../../../src/domain/prompt.ts';

export interface PromptShape {
  /** The same for prompts that differ in nothing but their texts. */
  readonly key: string;
  /** In the order of the messages. */
  readonly texts: readonly string[];
}

/** Null of a prompt with more than texts in its messages. */
export function shapeOf({ messages, ...rest }: Prompt): PromptShape | null {
  const texts: string[] = [];
  const roles: string[] = [];
  for (const message of messages) {
    const said = textsOf(message);
    if (said === null) return null;
    texts.push(...said);
    roles.push(`${message.role} ${said.length}`);
  }
  return { key: JSON.stringify([roles, rest]), texts };
}

/** The prompt of the same shape with these texts. */
export function withTexts(prompt: Prompt, texts: readonly string[]): Prompt {
  let next = 0;
  const text = () => texts[next++] ?? '';
  const messages = prompt.messages.map((message): Message => {
    if (message.role !== 'user') return { ...message, text: text() };
    return { ...message, parts: message.parts.map((): ContentPart => ({ type: 'text', text: text() })) };
  });
  return { ...prompt, messages };
}

function textsOf(message: Message): readonly string[] | null {
  switch (message.role) {
    case 'system':
      return [message.text];
    case 'user':
      return message.parts.every((part) => part.type === 'text') ? message.parts.map(({ text }) => text) : null;
    case 'assistant':
      return message.text === null || message.toolCalls.length > 0 ? null : [message.text];
    case 'tool':
      return null;
  }
}
