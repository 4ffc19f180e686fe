// The response format in words, for targets whose API takes none or less than was asked for. Pure.

import type { JsonForm } from '../../src/domain/capabilities.ts';
import type { Message, Prompt, ResponseFormat } from '../../src/domain/prompt.ts';

/** As the target is asked: with the format where it is taken, and an instruction for what is not. */
export function withToldFormat(prompt: Prompt, native: readonly JsonForm[]): Prompt {
  const { responseFormat: format, ...rest } = prompt;
  if (!format || format.type === 'text') return prompt;
  const taken = prompt.tellsFormat ? [] : native;
  if (taken.includes(format.type)) return prompt;
  return {
    ...rest,
    ...(taken.includes('json') && { responseFormat: { type: 'json' } }),
    messages: withInstruction(prompt.messages, instruction(format)),
  };
}

/** Behind what the client and the target have to say themselves, and before the conversation: some APIs want it there. */
function withInstruction(messages: readonly Message[], text: string): readonly Message[] {
  const first = messages.findIndex(({ role }) => role !== 'system');
  const place = first === -1 ? messages.length : first;
  return [...messages.slice(0, place), { role: 'system', text }, ...messages.slice(place)];
}

function instruction(format: Exclude<ResponseFormat, { readonly type: 'text' }>): string {
  if (format.type === 'json') return `Answer with one JSON object and nothing else: ${FORM}`;
  const { description, schema } = format;
  const purpose = description === undefined ? '' : ` It is: ${description}`;
  return `Answer with JSON and nothing else: ${FORM}${purpose} It has to be valid against this JSON Schema:\n${JSON.stringify(schema)}`;
}

const FORM = 'no Markdown fence, no comment, no word before or after it.';
